import type { JsonObject } from '../util/json.js';
import { capOf, completionApi, completionWarnings, withUsageOption } from './completion-api.js';
import { cannedBody, cannedStream } from './completion-canned.js';
import type { BodyOptions, BodyRequest, Endpoint } from './endpoint.js';
import { onlyOrAll, textsOf, withExtras } from './payload.js';
import { singleTurn } from './single-turn.js';

/** OpenAI's text completions: one turn a request. */
export const completions: Endpoint = {
  ...completionApi,
  path: '/v1/completions',
  media: [],
  takesTokenIds: true,
  hasSystemSlot: false,
  streamTextKeys: ['text', 'content'],
  checkTurn: singleTurn('completions'),
  body: completionsBody,
  probeBody: (model) => ({ prompt: 'Lo', max_tokens: 1, model }),
  cannedAnswer: (streaming, tokens) =>
    (streaming ? cannedStream : cannedBody)('text_completion', tokens, (text) => ({ text })),
  warnings: (options, name) => [
    ...(options.useLegacyMaxTokens
      ? [`${name('useLegacyMaxTokens')} has no effect on completions, which always gets max_tokens.`]
      : []),
    ...completionWarnings(options, name),
  ],
};

function completionsBody(request: BodyRequest, options: BodyOptions): JsonObject {
  const { turn } = request;
  const prompts = turn.tokenIds ?? textsOf(turn);
  const body: JsonObject = {
    prompt: onlyOrAll(prompts),
    model: turn.model,
    stream: options.streaming,
  };
  const cap = capOf(turn);
  if (cap !== undefined) body.max_tokens = cap;
  return withUsageOption(withExtras(body, request, options));
}
