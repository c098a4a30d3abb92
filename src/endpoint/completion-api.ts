import type { Turn } from '../dataset/conversation.js';
import { isObject, type JsonObject } from '../util/json.js';
import { readCompletion } from './choices.js';
import type { Endpoint, EndpointOptions, OptionName } from './endpoint.js';

const capKeys = ['max_completion_tokens', 'max_tokens'];

/** What chat and text completions have in common. */
export const completionApi = {
  canStream: true,
  producesTokens: true,
  title: 'LLM Metrics',
  contentName: 'text, reasoning or tool calls',
  // A recorded body may be one of another API, sent with --endpoint.
  inputKeys: ['system', 'instructions', 'messages', 'prompt', 'input', 'inputs', 'tools'],
  capKeys,
  read: readCompletion,
  cannedTexts: [{ name: 'text', contents: ['Some text to start with.'] }],
} satisfies Partial<Endpoint>;

/** The output cap to send with a turn; undefined if the entry's extras hold one. */
export function capOf({ maxTokens, extra }: Turn): number | undefined {
  return capKeys.some((key) => extra?.[key] !== undefined) ? undefined : maxTokens;
}

/**
 * Asks for usage in every streamed answer, unless the body says otherwise.
 * @param inEveryChunk of it, the usage so far.
 */
export function withUsageOption(body: JsonObject, inEveryChunk = false): JsonObject {
  const { stream, stream_options: given } = body;
  if (stream !== true) return body;
  if (given !== undefined && given !== null && !isObject(given)) return body;
  return {
    ...body,
    stream_options: {
      include_usage: true,
      ...(inEveryChunk ? { continuous_usage_stats: true } : {}),
      ...given,
    },
  };
}

/** What misleads about the options of a completion run. */
export function completionWarnings(options: EndpointOptions, name: OptionName): string[] {
  const warnings: string[] = [];
  const { extraInputs, useServerTokenCount } = options;
  const { n } = extraInputs;
  if (useServerTokenCount && Number(n) > 1) {
    warnings.push(
      `${name('useServerTokenCount')} counts the tokens of all ${n} choices (--extra-inputs n:${n}), but times are those of choice 0: output lengths and token rates are up to ${n} times as high, and inter-token latencies as low. Leave it out to count choice 0 alone.`,
    );
  }
  return [...warnings, ...lengthWarnings(options, name)];
}

/** What misleads about the options of a run of another API that generates text. */
export function outputWarnings(options: EndpointOptions, name: OptionName): string[] {
  const legacy = options.useLegacyMaxTokens
    ? [`${name('useLegacyMaxTokens')} has no effect: only chat has two names for the output cap.`]
    : [];
  return [...legacy, ...lengthWarnings(options, name)];
}

function lengthWarnings({ extraInputs, osl = 0 }: EndpointOptions, name: OptionName): string[] {
  if (osl === 0 || 'ignore_eos' in extraInputs || 'min_tokens' in extraInputs) return [];
  return [
    `${name('osl')} is a maximum: outputs may be shorter. To force full length, add --extra-inputs ignore_eos:true or min_tokens:${osl} (if the server supports it).`,
  ];
}
