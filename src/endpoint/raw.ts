import { UserError } from '../util/errors.js';
import { readAny, textChunk } from './any-answer.js';
import type { Endpoint } from './endpoint.js';
import { cannedEvents } from './text-canned.js';

/** Recorded bodies, sent as they are to whichever path is given. */
export const raw: Endpoint = {
  path: '',
  canStream: true,
  producesTokens: true,
  title: 'LLM Metrics',
  contentName: 'text, vectors or scores',
  media: [],
  hasSystemSlot: false,
  inputKeys: ['system', 'instructions', 'messages', 'prompt', 'input', 'inputs', 'query', 'text', 'tools'],
  capKeys: ['max_completion_tokens', 'max_tokens', 'max_output_tokens'],
  streamTextKeys: ['text', 'content'],
  endsUnmarked: true,
  body() {
    throw new UserError(
      'the raw endpoint sends recorded bodies, and a turn has none',
      'give an --input-file of bodies with --custom-dataset-type raw_payload',
    );
  },
  read: readAny,
  readText: textChunk,
  cannedTexts: [],
  cannedPayload: { prompt: 'Some text to start with.' },
  cannedAnswer: (streaming, tokens) =>
    cannedEvents(streaming, tokens, { whole: (text) => ({ text }), piece: (text) => ({ text }), ends: [] }),
  warnings: ({ osl = 0, extraInputs, useLegacyMaxTokens }, name) => [
    ...(osl > 0 ? [`${name('osl')} has no effect: recorded bodies are sent as they are.`] : []),
    ...(Object.keys(extraInputs).length > 0
      ? [`${name('extraInputs')} has no effect: recorded bodies are sent as they are.`]
      : []),
    ...(useLegacyMaxTokens
      ? [`${name('useLegacyMaxTokens')} has no effect: recorded bodies are sent as they are.`]
      : []),
  ],
};
