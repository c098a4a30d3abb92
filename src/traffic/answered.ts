import { Answer } from '../endpoint/answer.js';
import { endpoints } from '../endpoint/endpoints.js';
import { generatedTokens, readUsage } from '../records/usage.js';
import { EventStreamParser } from '../transport/event-stream.js';
import type { Json } from '../util/json.js';
import type { GeneratingApi } from './asked.js';
import type { Answered } from './traffic-log.js';

/** Streams are marked by their first field. */
const streamStart = /^\s*(?:data|event|id|retry|:)/;

/**
 * Reads the body of a successful response: JSON, or an event stream, which may be cut off.
 * @returns undefined for an answer that failed, or holds neither content nor usage.
 */
export function answeredBody(api: GeneratingApi, body: Buffer): Answered | undefined {
  const answer = new Answer({ endpoint: endpoints[api], streamEnd: 'any', keepUnits: false });
  const start = body.toString('utf8', 0, 64).replace(/^\uFEFF/, '');
  if (streamStart.test(start)) {
    const parser = new EventStreamParser(answer);
    parser.feed(body, 0, body.length, 0);
    parser.end();
  } else {
    answer.onWholeBody(body.toString().replace(/^\uFEFF/, ''), '', 0, '');
  }
  const { error, output, reasoning, usage } = answer;
  const tokens = usage && generatedTokens(readUsage(usage));
  const hasContent = output !== undefined || reasoning !== undefined;
  // Without content, the usage tells a model that said nothing from an answer that is none.
  const isEmpty = error?.type === 'InvalidInferenceResultError' && tokens !== undefined;
  const isCut = hasContent && error?.type === 'SSEResponseError' && /not valid JSON/.test(error.message);
  if (error !== undefined && !isEmpty && !isCut) return undefined;
  return { tokens, text: hasContent ? `${reasoning ?? ''}${output ?? ''}` : '' };
}

/** Reads a response as a log holds it: an object, the chunks of a stream, or the text of either. */
export function answeredJson(api: GeneratingApi, response: Json): Answered | undefined {
  return answeredBody(api, Buffer.from(bodyText(response)));
}

function bodyText(response: Json): string {
  if (typeof response === 'string') return response;
  if (!Array.isArray(response)) return JSON.stringify(response);
  return response
    .map((chunk) => `data: ${typeof chunk === 'string' ? chunk : JSON.stringify(chunk)}\n\n`)
    .join('');
}
