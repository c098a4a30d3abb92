import type { Call } from './call.js';
import type { Span } from './span.js';

/** A time in which a call, or the agent of that name, ran. */
export function plainSpan(startMs: number, endMs: number, agent?: string): Span {
  const attributes = agent === undefined ? {} : { 'gen_ai.agent.id': agent };
  return {
    ...{ traceId: '', spanId: '', parentId: undefined, startMs, endMs },
    ...{ attributes, resource: {}, events: [] },
  };
}

/** A call of which times and lengths were recorded, but no messages. */
export function plainCall(
  span: Span,
  lengths: Pick<Call, 'inputTokens' | 'outputTokens'> & Partial<Pick<Call, 'cachedTokens'>>,
  model: string | undefined,
): Call {
  const { inputTokens, cachedTokens, outputTokens } = lengths;
  return {
    ...{ span, inputTokens, cachedTokens, outputTokens, model },
    ...{ messages: undefined, tools: undefined, output: undefined, maxTokens: undefined },
  };
}

/**
 * Which of the models of a run stands for a recorded one: the first for the first that was recorded, and so on.
 * @param recorded of all requests of a session, those of its main agent first. @param models of `--model`.
 */
export function openModels(
  recorded: readonly (string | undefined)[],
  models: readonly string[],
): (model: string | undefined) => string | undefined {
  // One model is that of all requests without being named.
  if (models.length === 1) return () => undefined;
  const names = [...new Set(recorded.filter((name) => name !== undefined))];
  return (model) => (model === undefined ? undefined : models[names.indexOf(model) % models.length]);
}
