/** A response other than 200, with the body that vLLM sends. */
export interface Refusal {
  readonly status: number;
  readonly body: string;
}

export function badRequest(message: string, param: string | null = null): Refusal {
  return refusal(400, message, 'BadRequestError', param);
}

export function unknownModel(asked: string, served: string): Refusal {
  const message = `The model \`${asked}\` does not exist. Valid aliases: ${served}.`;
  return refusal(404, message, 'NotFoundError', 'model');
}

/**
 * The refusal of a request whose prompt and output exceed `limit` tokens together, if they do. vLLM reads a prompt only
 * up to the first token beyond the limit, and therefore says "at least".
 */
export function beyondContext(
  limit: number | undefined,
  promptTokens: number,
  outputTokens: number,
): Refusal | undefined {
  if (limit === undefined) return undefined;
  if (promptTokens > limit) {
    return badRequest(
      `This model's maximum context length is ${limit} tokens. However, your prompt contains at least ` +
        `${limit + 1} input tokens, which exceeds this limit even without any output tokens. Please reduce ` +
        `the length of the input prompt. (parameter=input_tokens, value=${limit + 1})`,
      'input_tokens',
    );
  }
  if (promptTokens + outputTokens > limit) {
    const least = Math.max(limit - outputTokens + 1, 0);
    return badRequest(
      `This model's maximum context length is ${limit} tokens. However, you requested ${outputTokens} output ` +
        `tokens and your prompt contains at least ${least} input tokens, for a total of at least ` +
        `${least + outputTokens} tokens. Please reduce the length of the input prompt or the number of ` +
        `requested output tokens. (parameter=input_tokens, value=${least})`,
      'input_tokens',
    );
  }
  return undefined;
}

/** A failure simulated by `fail` or `failRate`. */
export function simulatedFailure(status: number): Refusal {
  return refusal(
    status,
    'Simulated failure.',
    status < 500 ? 'BadRequestError' : 'InternalServerError',
    null,
  );
}

/** While the model loads. */
export const stillLoading = refusal(503, 'The model is loading.', 'ServiceUnavailableError', null);

export const notFound: Refusal = { status: 404, body: '{"detail":"Not Found"}' };
export const methodNotAllowed: Refusal = { status: 405, body: '{"detail":"Method Not Allowed"}' };

function refusal(status: number, message: string, type: string, param: string | null): Refusal {
  return { status, body: JSON.stringify({ error: { message, type, param, code: status } }) };
}
