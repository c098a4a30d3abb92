import { UserError } from '../util/errors.js';
import type { JsonObject } from '../util/json.js';
import { capOf, completionApi, completionWarnings, withUsageOption } from './completion-api.js';
import { cannedBody, cannedStream } from './completion-canned.js';
import type { BodyOptions, BodyRequest, Endpoint } from './endpoint.js';
import { withExtras } from './payload.js';

/** OpenAI's text completions: one turn a request. */
export const completions: Endpoint = {
  ...completionApi,
  path: '/v1/completions',
  media: [],
  hasSystemSlot: false,
  streamTextKeys: ['text', 'content'],
  checkTurn,
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

function checkTurn({ turn, past }: BodyRequest): void {
  if (past.length > 0) {
    throw new UserError(
      'the completions endpoint takes one turn a request, and this conversation has more',
      'use --endpoint-type chat for conversations, or a dataset of single turns',
    );
  }
  if (turn.messages) {
    throw new UserError('the completions endpoint cannot send a message array', 'use --endpoint-type chat');
  }
}

function completionsBody(request: BodyRequest, options: BodyOptions): JsonObject {
  const { turn } = request;
  const texts = turn.texts.flatMap((named) => named.contents).filter((text) => text !== '');
  const only = texts[0];
  const body: JsonObject = {
    prompt: texts.length === 1 && only !== undefined ? only : texts,
    model: turn.model,
    stream: options.streaming,
  };
  const cap = capOf(turn);
  if (cap !== undefined) body.max_tokens = cap;
  return withUsageOption(withExtras(body, request, options));
}
