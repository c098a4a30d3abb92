import { UserError } from '../util/errors.js';
import type { JsonObject } from '../util/json.js';
import { readCompletion } from './choices.js';
import type { BodyOptions, BodyRequest, Endpoint } from './endpoint.js';

/** OpenAI's text completions: one turn a request. */
export const completions: Endpoint = {
  path: '/v1/completions',
  canStream: true,
  producesTokens: true,
  title: 'LLM Metrics',
  textKeys: ['text', 'content'],
  body: completionsBody,
  read: readCompletion,
};

function completionsBody({ turn, past }: BodyRequest, options: BodyOptions): JsonObject {
  if (past.length > 0) {
    throw new UserError(
      'the completions endpoint takes one turn a request, and this conversation has more',
      'use --endpoint-type chat for conversations, or a dataset of single turns',
    );
  }
  if (turn.messages) {
    throw new UserError('the completions endpoint cannot send a message array', 'use --endpoint-type chat');
  }
  const texts = turn.texts.flatMap((named) => named.contents).filter((text) => text !== '');
  const only = texts[0];
  const body: JsonObject = {
    prompt: texts.length === 1 && only !== undefined ? only : texts,
    model: turn.model,
    stream: options.streaming,
  };
  if (turn.maxTokens !== undefined) body.max_tokens = turn.maxTokens;
  return body;
}
