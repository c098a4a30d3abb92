import { isObject, type Json, type JsonObject } from '../util/json.js';

/** Token counts that a server reported, under one set of names; undefined if it did not. */
export interface Usage {
  readonly prompt: number | undefined;
  readonly completion: number | undefined;
  readonly total: number | undefined;
  readonly reasoning: number | undefined;
  readonly cacheRead: number | undefined;
  readonly cacheWrite: number | undefined;
  readonly cacheMiss: number | undefined;
  readonly promptAudio: number | undefined;
  readonly completionAudio: number | undefined;
  readonly acceptedPrediction: number | undefined;
  readonly rejectedPrediction: number | undefined;
  readonly toolUsePrompt: number | undefined;
  readonly promptAudioSeconds: number | undefined;
  /** Speculative decoding: steps in which drafts were verified, tokens that were drafted, and those accepted. */
  readonly specSteps: number | undefined;
  readonly specDrafted: number | undefined;
  readonly specAccepted: number | undefined;
  /** Output tokens for each decoding step, of servers that report the quotient alone. */
  readonly tokensPerStep: number | undefined;
  /** Of a generated video, as the server measured it. */
  readonly videoSeconds: number | undefined;
  readonly videoMegabytes: number | undefined;
}

/**
 * Reads a usage object of any known dialect (OpenAI, Anthropic, Gemini, Bedrock, Cohere, DeepSeek). The first key that
 * is present decides, even if its value is null.
 */
export function readUsage(usage: JsonObject): Usage {
  const all = flattened(usage);
  const promptDetails = objectAt(all, 'prompt_tokens_details', 'input_tokens_details');
  const completionDetails = objectAt(all, 'completion_tokens_details', 'output_tokens_details');
  return {
    prompt: promptTokens(all),
    completion: first(
      all,
      'completion_tokens',
      'output_tokens',
      'candidatesTokenCount',
      'outputTokens',
      'generated_token_count',
      'outputTokenCount',
      'generated_tokens',
    ),
    total: first(all, 'total_tokens', 'totalTokenCount', 'totalTokens'),
    reasoning:
      'reasoning_tokens' in completionDetails
        ? first(completionDetails, 'reasoning_tokens')
        : // SGLang and Perplexity: at the top level.
          first(all, 'reasoning_tokens', 'thoughtsTokenCount'),
    cacheRead:
      'cached_tokens' in promptDetails
        ? first(promptDetails, 'cached_tokens')
        : first(
            all,
            'cache_read_input_tokens',
            'prompt_cache_hit_tokens',
            'cachedContentTokenCount',
            'cacheReadInputTokens',
            'cached_tokens',
          ),
    cacheWrite: first(all, 'cache_creation_input_tokens', 'cacheWriteInputTokens'),
    cacheMiss: first(all, 'prompt_cache_miss_tokens'),
    promptAudio: first(promptDetails, 'audio_tokens'),
    completionAudio: first(completionDetails, 'audio_tokens'),
    acceptedPrediction: first(completionDetails, 'accepted_prediction_tokens'),
    rejectedPrediction: first(completionDetails, 'rejected_prediction_tokens'),
    toolUsePrompt: first(all, 'toolUsePromptTokenCount'),
    promptAudioSeconds: first(all, 'prompt_audio_seconds'),
    // SGLang.
    specSteps: first(all, 'spec_verify_ct'),
    specDrafted: first(all, 'spec_draft_token_num'),
    specAccepted: first(all, 'spec_accept_token_num'),
    // TensorRT-LLM.
    tokensPerStep: first(all, 'avg_decoded_tokens_per_iter'),
    videoSeconds: first(all, 'inference_time_s'),
    videoMegabytes: first(all, 'peak_memory_mb'),
  };
}

/**
 * All generated tokens, reasoning included. xAI and Gemini exclude the reasoning from the completion: their total is the
 * sum of all three.
 */
export function generatedTokens({
  prompt,
  completion,
  reasoning,
  total,
}: Pick<Usage, 'prompt' | 'completion' | 'reasoning' | 'total'>): number | undefined {
  if (completion === undefined || prompt === undefined || !reasoning) return completion;
  return total === prompt + completion + reasoning ? completion + reasoning : completion;
}

/** Anthropic's and Bedrock's input counts exclude cached tokens: the prompt is the sum. */
function promptTokens(usage: JsonObject): number | undefined {
  for (const key of [
    'prompt_tokens',
    'input_tokens',
    'promptTokenCount',
    'inputTokens',
    'input_token_count',
    'inputTokenCount',
  ]) {
    if (!(key in usage)) continue;
    const tokens = first(usage, key);
    const cacheKeys = [
      'cache_read_input_tokens',
      'cache_creation_input_tokens',
      'cacheReadInputTokens',
      'cacheWriteInputTokens',
    ];
    if (tokens === undefined || (key !== 'input_tokens' && key !== 'inputTokens')) return tokens;
    return cacheKeys.reduce((sum, cacheKey) => sum + (first(usage, cacheKey) ?? 0), tokens);
  }
  return undefined;
}

/** The usage with members of wrappers moved to the top level; keys of the top level win. */
function flattened(usage: JsonObject): JsonObject {
  const meta = objectAt(usage, 'meta');
  const cached: JsonObject = 'cached_tokens' in meta ? { cached_tokens: meta.cached_tokens ?? null } : {};
  // Spread, not assigned: a key `__proto__` would lend its own keys to the usage.
  return {
    ...cached,
    ...objectAt(meta, 'tokens'),
    ...objectAt(usage, 'billed_units'),
    ...objectAt(usage, 'tokens'),
    ...objectAt(usage, 'usageMetadata'),
    ...usage,
  };
}

function objectAt(object: JsonObject, ...keys: string[]): JsonObject {
  for (const key of keys) {
    const value: Json | undefined = object[key];
    if (isObject(value)) return value;
  }
  return {};
}

function first(object: JsonObject, ...keys: string[]): number | undefined {
  for (const key of keys) {
    if (!(key in object)) continue;
    const value = object[key];
    return typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER ? value : undefined;
  }
  return undefined;
}
