import { isObject } from '../util/json.js';
import { outputWarnings } from './completion-api.js';
import type { Endpoint } from './endpoint.js';
import { textsOf, withExtras } from './payload.js';
import { singleTurn } from './single-turn.js';
import { cannedEvents } from './text-canned.js';

/** SOLIDO's retrieval-augmented generation. Only the header `Accept` asks for a stream. */
export const solidoRag: Endpoint = {
  path: '/rag/api/prompt',
  canStream: true,
  producesTokens: true,
  title: 'SOLIDO RAG Metrics',
  contentName: 'content',
  media: [],
  hasSystemSlot: false,
  inputKeys: [],
  capKeys: [],
  streamTextKeys: ['content'],
  endsUnmarked: true,
  checkTurn: singleTurn('solido_rag'),
  body: (request, options) =>
    withExtras(
      {
        query: textsOf(request.turn),
        filters: { family: 'Solido', tool: 'SDE' },
        inference_model: request.turn.model,
      },
      request,
      options,
    ),
  read(unit) {
    if (!isObject(unit)) return undefined;
    const { content } = unit;
    return typeof content === 'string' && content !== '' ? { text: content } : {};
  },
  cannedTexts: [{ name: 'text', contents: ['Some text to start with.'] }],
  cannedAnswer: (streaming, tokens) =>
    cannedEvents(streaming, tokens, {
      whole: (content) => ({ content, sources: [] }),
      piece: (content) => ({ content }),
      ends: [{ sources: [] }],
    }),
  warnings: ({ osl, ...options }, name) => [
    ...((osl ?? 0) > 0 ? [`${name('osl')} is not sent: this endpoint takes no output length.`] : []),
    ...outputWarnings({ ...options, osl: undefined }, name),
  ],
};
