import { epochMs } from '../util/clock.js';
import { type RandomStreams, randomStreams } from '../util/random.js';
import type { CompletionRequest } from './completion-request.js';
import type { FinishReason } from './dialect.js';
import { beyondContext, type Refusal, simulatedFailure, unknownModel } from './refusal.js';
import type { MockServerSettings } from './settings.js';

/** What is decided about an answer when its request comes in. */
export interface AnswerPlan {
  readonly id: string;
  readonly model: string;
  /** Seconds since 1970. */
  readonly created: number;
  /** Where in the script its text begins. */
  readonly key: number;
  readonly tokens: number;
  readonly reasoningTokens: number;
  readonly reason: FinishReason;
  /** So many tokens are sent, then the connection breaks. Undefined: it does not. */
  readonly breakAfter: number | undefined;
}

/** The request that a plan is for. */
export interface Asked {
  readonly question: CompletionRequest;
  readonly body: Buffer;
  /** Its place in the order of arrival, from 1. */
  readonly number: number;
}

/** Decides what requests get, from the settings, the seed, each request's body and its place in the order. */
export function planner(settings: MockServerSettings): (asked: Asked) => AnswerPlan | Refusal {
  const failures = randomStreams(settings.seed, 'mock-server-failures');
  const lengths = randomStreams(settings.seed, 'mock-server-lengths');
  return ({ question, body, number }) => {
    const { model = settings.model, promptTokens, maxTokens = 1, stream, api } = question;
    if (settings.strictModel && model !== settings.model) return unknownModel(model, settings.model);
    const refusal = beyondContext(settings.contextLimit, promptTokens, maxTokens);
    if (refusal !== undefined) return refusal;
    const fails = isNth(number, settings.fail) || failures(number).uniform() < settings.failRate;
    if (fails) return simulatedFailure(settings.failStatus);

    const key = digest(body);
    const [tokens, reason] = answerLength(settings, question, () => lengths(key));
    return {
      id: `${api === 'chat' ? 'chatcmpl' : 'cmpl'}-${number.toString(16).padStart(16, '0')}`,
      model,
      created: Math.floor(epochMs() / 1000),
      key,
      tokens,
      reasoningTokens: api === 'chat' ? Math.min(settings.reasoningTokens, tokens) : 0,
      reason,
      breakAfter: stream && isNth(number, settings.midfail) ? Math.floor(tokens / 2) : undefined,
    };
  };
}

const defaultOutputTokens = 128;

/** How many tokens the answer has, and why it ends there. */
function answerLength(
  { outputTokens, outputStddev, contextLimit = Number.POSITIVE_INFINITY }: MockServerSettings,
  { promptTokens, maxTokens, minTokens, ignoreEos }: CompletionRequest,
  random: () => ReturnType<RandomStreams>,
): [tokens: number, reason: FinishReason] {
  const roomTokens = contextLimit - promptTokens;
  const capTokens = maxTokens ?? (ignoreEos ? Math.min(roomTokens, defaultOutputTokens) : roomTokens);
  if (ignoreEos || (outputTokens === undefined && maxTokens !== undefined)) return [capTokens, 'length'];

  const mean = outputTokens ?? defaultOutputTokens;
  const drawn = outputStddev > 0 ? Math.round(random().normal(mean, outputStddev)) : mean;
  const stopTokens = Math.max(drawn, minTokens, 1);
  return stopTokens < capTokens ? [stopTokens, 'stop'] : [capTokens, 'length'];
}

function isNth(number: number, n: number | undefined): boolean {
  return n !== undefined && number % n === 0;
}

/** FNV-1a of the body's length and end: equal bodies get equal answers, whatever order they come in. */
function digest(body: Buffer): number {
  let hash = 0x811c9dc5 ^ body.length;
  for (let place = Math.max(0, body.length - 512); place < body.length; place++) {
    hash = Math.imul(hash ^ (body[place] ?? 0), 0x01000193);
  }
  return hash >>> 0;
}
