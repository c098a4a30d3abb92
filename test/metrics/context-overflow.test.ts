import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { contextOverflowOf } from '../../src/metrics/context-overflow.js';

/** What servers answer, as their documentation and public reports show it. */
test.each([
  [
    'vLLM',
    400,
    `{"error":{"message":"This model's maximum context length is 4096 tokens. However, your prompt contains at least 4097 input tokens, which exceeds this limit even without any output tokens. Please reduce the length of the input prompt. (parameter=input_tokens, value=4097)","type":"BadRequestError","param":"input_tokens","code":400}}`,
    4096,
  ],
  [
    'vLLM, engine',
    400,
    'The decoder prompt (length 88049) is longer than the maximum model length of 32768. Make sure that `max_model_len` is no smaller than the number of text tokens.',
    32_768,
  ],
  [
    'vLLM, output',
    400,
    "'max_tokens' or 'max_completion_tokens' is too large: 5000. This model's maximum context length is 4096 tokens and your request has 100 input tokens (5000 > 4096 - 100).",
    4096,
  ],
  ['SGLang', 400, "The input (5000 tokens) is longer than the model's context length (4096 tokens).", 4096],
  [
    'SGLang, input and output',
    400,
    "Requested token count exceeds the model's maximum context length of 131072 tokens. You requested a total of 140000 tokens: 131000 tokens from the input messages and 9000 tokens for the completion.",
    131_072,
  ],
  [
    'SGLang, input',
    400,
    'Input length (5000 tokens) exceeds the maximum allowed length (4096 tokens).',
    4096,
  ],
  ['Moonshot', 400, 'Invalid request: Your request exceeded model token limit: 8192', 8192],
  ['Qwen', 400, 'Range of input length should be [1, 30720]', 30_720],
  [
    'Cerebras',
    400,
    'Please reduce the length of the messages or completion. Current length is 9000 while limit is 8192',
    8192,
  ],
  ['DeepInfra', 400, 'Requested input length 39818 exceeds maximum input length 32767', 32_767],
  [
    'TGI',
    422,
    '{"error":"Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000 `inputs` tokens and 100 `max_new_tokens`","error_type":"validation"}',
    4096,
  ],
  ['TGI, input', 422, 'Input validation error: `inputs` must have less than 4095 tokens. Given: 5000', 4095],
  [
    'TensorRT-LLM',
    400,
    'The sum of prompt length (4000.0), query length (0) and max_tokens (2048) should not exceed max_seq_len (4096)',
    4096,
  ],
  ['TensorRT-LLM, input', 400, 'Prompt length (5000) exceeds maximum input length (4096).', 4096],
  [
    'llama.cpp',
    400,
    '{"error":{"code":400,"message":"request (6009 tokens) exceeds the available context size (2048 tokens), try increasing it","type":"exceed_context_size_error","n_prompt_tokens":6009,"n_ctx":2048}}',
    2048,
  ],
  [
    'llama.cpp, before',
    400,
    'the request exceeds the available context size. try increasing the context size or enable context shift',
    undefined,
  ],
  [
    'OpenAI',
    400,
    "This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens. Please reduce the length of the messages.",
    8192,
  ],
  [
    'OpenAI, later',
    400,
    'Input tokens exceed the configured limit of 272000 tokens. Your messages resulted in 509178 tokens.',
    272_000,
  ],
  ['OpenAI, responses', 400, 'Your input exceeds the context window of this model.', undefined],
  [
    'OpenAI, code alone',
    400,
    '{"error":{"message":"Too long.","code":"context_length_exceeded"}}',
    undefined,
  ],
  ['Anthropic', 400, 'prompt is too long: 208310 tokens > 200000 maximum', 200_000],
  [
    'Anthropic, input and output',
    400,
    'input length and `max_tokens` exceed context limit: 188240 + 21333 > 200000, decrease input length',
    200_000,
  ],
  [
    'Mistral',
    400,
    'Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length',
    32_768,
  ],
  [
    'LM Studio',
    400,
    'The number of tokens to keep from the initial prompt is greater than the context length (n_keep: 5000 >= n_ctx: 4096).',
    4096,
  ],
  [
    'Gemini',
    400,
    'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).',
    1_048_576,
  ],
])('%s: %d', (_, code, message, limit) => {
  expect(contextOverflowOf({ code, type: 'Bad Request', message })).toEqual({ limit });
});

test.each([
  ['another refusal', 400, 'max_tokens must be at least 1'],
  ['a length in characters', 400, 'Input exceeds maximum input length of 1048576 characters.'],
  ['a deadline', 504, 'context deadline exceeded'],
  ['a cancellation', 499, 'maximum context length is 4096 tokens'],
  ['the wire', undefined, 'maximum context length is 4096 tokens'],
])('%s is none', (_, code, message) => {
  const status = code === undefined ? {} : { code };
  expect(contextOverflowOf({ ...status, type: 'x', message })).toBeUndefined();
});

const servers = fileURLToPath(new URL('../../../shared/reference/golden/servers/', import.meta.url));
test.skipIf(!existsSync(servers)).each([
  ['vllm', 4096],
  ['llamacpp', 2048],
])('what %s really answered', (server, limit) => {
  const message = readFileSync(`${servers}${server}-context-error.txt`, 'utf8');
  expect(contextOverflowOf({ code: 400, type: 'Bad Request', message })).toEqual({ limit });
});
