import { epochMs } from '../util/clock.js';
import { type RandomStreams, randomStreams } from '../util/random.js';
import type { AnswerName, FinishReason } from './apis/api.js';
import type { Question } from './question.js';
import { beyondContext, type Refusal, simulatedFailure, unknownModel } from './refusal.js';
import type { MockServerSettings } from './settings.js';

/** What is decided about a response when its request arrives. */
export interface AnswerPlan extends AnswerName {
  /** Where its text starts in the script. */
  readonly key: number;
  readonly tokens: number;
  readonly reasoningTokens: number;
  readonly reason: FinishReason;
  /** Break the connection after this many tokens. Undefined: never. */
  readonly breakAfter: number | undefined;
}

/** The request that a plan is made for. */
export interface PlanInput {
  readonly question: Question;
  readonly body: Buffer;
  /** Its number in order of arrival, from 1. */
  readonly number: number;
}

/** Decides responses from the settings, the seed, each request's body and its number. */
export function planner(settings: MockServerSettings): (asked: PlanInput) => AnswerPlan | Refusal {
  const failures = randomStreams(settings.seed, 'mock-server-failures');
  const lengths = randomStreams(settings.seed, 'mock-server-lengths');
  return ({ question, body, number }) => {
    const { model = settings.model, promptTokens, maxTokens = 1, stream, form } = question;
    if (settings.strictModel && model !== settings.model) return unknownModel(model, settings.model);
    const refusal = beyondContext(settings.contextLimit, promptTokens, maxTokens);
    if (refusal !== undefined) return refusal;
    const fails = isNth(number, settings.fail) || failures(number).uniform() < settings.failRate;
    if (fails) return simulatedFailure(settings.failStatus);

    const key = digest(body);
    const [tokens, reason] = answerLength(settings, question, () => lengths(key));
    return {
      id: `${form.idPrefix}-${number.toString(16).padStart(16, '0')}`,
      model,
      created: Math.floor(epochMs() / 1000),
      key,
      tokens,
      reasoningTokens: form.reasons ? Math.min(settings.reasoningTokens, tokens) : 0,
      reason,
      breakAfter: stream && isNth(number, settings.midfail) ? Math.floor(tokens / 2) : undefined,
    };
  };
}

const defaultOutputTokens = 128;

/** The number of tokens of the response, and its finish reason. */
function answerLength(
  { outputTokens, outputStddev, contextLimit = Number.POSITIVE_INFINITY }: MockServerSettings,
  { form, promptTokens, maxTokens, minTokens, ignoreEos }: Question,
  random: () => ReturnType<RandomStreams>,
): [tokens: number, reason: FinishReason] {
  if (!form.generates) return [1, 'stop'];
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

/** FNV-1a of the body's length and end: equal bodies get equal responses in any order. */
function digest(body: Buffer): number {
  let hash = 0x811c9dc5 ^ body.length;
  for (let place = Math.max(0, body.length - 512); place < body.length; place++) {
    hash = Math.imul(hash ^ (body[place] ?? 0), 0x01000193);
  }
  return hash >>> 0;
}
