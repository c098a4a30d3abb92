import type { RecordError } from '../records/record.js';

/** How servers say that a request does not fit into the context, each with the limit in tokens as its only group. */
const limits: readonly RegExp[] = [
  // vLLM, OpenAI, DeepSeek, SGLang; Mistral; xAI.
  /maximum (?:context|prompt) length (?:is|of) (\d+)/i,
  /too large for model with (\d+) maximum context length/i,
  // vLLM; SGLang; TensorRT-LLM.
  /longer than the maximum model length of (\d+)/i,
  /longer than the model's context length \((\d+) tokens\)/i,
  /exceeds (?:the )?maximum (?:allowed |input )+length (?:of )?\(?(\d+)(?! characters)\b/i,
  /should not exceed max_(?:seq_len|num_tokens) \((\d+)\)/i,
  /default_max_tokens .*max_seq_len \((\d+)\)/i,
  // llama.cpp; LM Studio.
  /exceeds the available context size \((\d+) tokens\)/i,
  /n_keep: \d+ >= n_ctx: (\d+)/i,
  // TGI.
  /`?inputs`? tokens \+ `?max_new_tokens`? must be <= (\d+)/i,
  /`?inputs`? must have less than (\d+) tokens/i,
  // OpenAI; Anthropic; Gemini.
  /input tokens exceed the configured limit of (\d+)/i,
  /prompt is too long: \d+ tokens > (\d+) maximum/i,
  /exceed context limit: \d+ \+ \d+ > (\d+)/i,
  /exceeds the maximum number of tokens allowed \((\d+)\)/i,
  // Moonshot; Qwen; Cerebras.
  /exceeded model token limit: (\d+)/i,
  /range of input length should be \[\d+, (\d+)\]/i,
  /reduce the length of the messages or completion\. current length is \d+ while limit is (\d+)/i,
];

/** The same where the message does not state the limit. */
const unstated = /context[ _](?:length|size|window|limit)|exceed_context_size|prompt is too long/i;

/** A failure because a request and its answer do not fit into the model's context. */
export interface ContextOverflow {
  /** Tokens; undefined where the server does not state it. */
  readonly limit: number | undefined;
}

/** The context overflow that a failure reports; undefined for a failure of another cause. */
export function contextOverflowOf({ code, message }: RecordError): ContextOverflow | undefined {
  // Without a status it is a failure of the wire, 499 a cancellation; servers refuse with 400, 413, 422 or 500.
  if (code === undefined || code < 400 || code === 499) return undefined;
  for (const pattern of limits) {
    const [, limit] = pattern.exec(message) ?? [];
    if (limit !== undefined) return { limit: Number(limit) };
  }
  return unstated.test(message) ? { limit: undefined } : undefined;
}
