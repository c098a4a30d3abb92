import type { EndpointType } from '../../src/endpoint/endpoints.js';

/** A stream as a server writes it, cut into reads, and what it must be read as. */
export interface StreamFixture {
  readonly name: string;
  readonly endpoint: EndpointType;
  /** Time of each read, ns, and its bytes. */
  readonly reads: readonly (readonly [atNs: number, text: string])[];
  readonly contentNs: readonly number[];
  readonly firstOutputNs?: number;
  readonly lastUnitNs: number;
  readonly output?: string;
  readonly reasoning?: string;
  /** Tokens of output and reasoning by Qwen3's tokenizer. */
  readonly osl?: number;
  readonly usage?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly code?: number; readonly type: string; readonly message: string | RegExp };
}

const vllm = (delta: string, finish = 'null', rest = '') =>
  `data: {"id":"chatcmpl-b1","object":"chat.completion.chunk","created":1795514769,"model":"m","choices":[{"index":0,"delta":${delta},"logprobs":null,"finish_reason":${finish},"token_ids":null}]${rest}}\n\n`;
const llamacpp = (delta: string, finish = 'null', rest = '') =>
  `data: {"choices":[{"finish_reason":${finish},"index":0,"delta":${delta}}],"created":1795514856,"id":"chatcmpl-sG","model":"tiny.gguf","system_fingerprint":"b0","object":"chat.completion.chunk"${rest}}\n\n`;
const sglang = (delta: string, finish = 'null') =>
  `data: {"id":"8c1f","object":"chat.completion.chunk","created":1795514770,"model":"m","choices":[{"index":0,"delta":${delta},"logprobs":null,"finish_reason":${finish},"matched_stop":null}],"usage":null}\n\n`;
const tensorrt = (delta: string, finish = 'null') =>
  `data: {"id":"chatcmpl-t","object":"chat.completion.chunk","created":1795514771,"model":"m","choices":[{"index":0,"delta":${delta},"logprobs":null,"finish_reason":${finish},"stop_reason":null,"disaggregated_params":null}]}\n\n`;
const chunk = (delta: string, finish = 'null', rest = '', index = 0) =>
  `data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":${index},"delta":${delta},"finish_reason":${finish}}]${rest}}\n\n`;
const done = 'data: [DONE]\n\n';

export const streams: readonly StreamFixture[] = [
  {
    name: 'vLLM chat: role chunk first, comments between, usage chunk with empty choices',
    endpoint: 'chat',
    reads: [
      [100, vllm('{"role":"assistant","content":""}')],
      [150, ': ping\n\n'],
      [200, vllm('{"content":"The"}')],
      [300, vllm('{"content":" quick"}')],
      [400, vllm('{"content":" brown"}')],
      [500, vllm('{"content":" fox"}', '"length"', ',"stop_reason":null')],
      [
        510,
        'data: {"id":"chatcmpl-b1","object":"chat.completion.chunk","created":1795514769,"model":"m","choices":[],"usage":{"prompt_tokens":10,"total_tokens":14,"completion_tokens":4}}\n\n',
      ],
      [520, done],
    ],
    contentNs: [200, 300, 400, 500],
    firstOutputNs: 200,
    lastUnitNs: 520,
    output: 'The quick brown fox',
    osl: 4,
    usage: { prompt_tokens: 10, total_tokens: 14, completion_tokens: 4 },
  },
  {
    name: 'vLLM completions',
    endpoint: 'completions',
    reads: [
      [
        10,
        'data: {"id":"cmpl-9","object":"text_completion","created":1,"model":"m","choices":[{"index":0,"text":"Hello","logprobs":null,"finish_reason":null,"stop_reason":null}]}\n\n',
      ],
      [
        20,
        'data: {"id":"cmpl-9","object":"text_completion","created":1,"model":"m","choices":[{"index":0,"text":" world","logprobs":null,"finish_reason":null,"stop_reason":null}]}\n\n',
      ],
      [
        30,
        'data: {"id":"cmpl-9","object":"text_completion","created":1,"model":"m","choices":[{"index":0,"text":" again","logprobs":null,"finish_reason":"length","stop_reason":null}]}\n\n',
      ],
      [40, done],
    ],
    contentNs: [10, 20, 30],
    firstOutputNs: 10,
    lastUnitNs: 40,
    output: 'Hello world again',
    osl: 3,
  },
  {
    name: 'llama.cpp chat: content null in the role chunk, timings in the last',
    endpoint: 'chat',
    reads: [
      [10, llamacpp('{"role":"assistant","content":null}')],
      [20, llamacpp('{"content":"Two"}')],
      [30, llamacpp('{"content":" words"}')],
      [40, llamacpp('{}', '"length"')],
      [
        45,
        'data: {"choices":[],"created":1795514856,"id":"chatcmpl-sG","model":"tiny.gguf","object":"chat.completion.chunk","usage":{"completion_tokens":2,"prompt_tokens":10,"total_tokens":12,"prompt_tokens_details":{"cached_tokens":0}},"timings":{"cache_n":0,"prompt_n":10,"prompt_ms":6.762}}\n\n',
      ],
      [50, done],
    ],
    contentNs: [20, 30],
    firstOutputNs: 20,
    lastUnitNs: 50,
    output: 'Two words',
    osl: 2,
    usage: {
      completion_tokens: 2,
      prompt_tokens: 10,
      total_tokens: 12,
      prompt_tokens_details: { cached_tokens: 0 },
    },
  },
  {
    name: 'SGLang: reasoning_content, then content, usage null in each chunk',
    endpoint: 'chat',
    reads: [
      [10, sglang('{"role":"assistant","content":"","reasoning_content":null,"tool_calls":null}')],
      [20, sglang('{"role":null,"content":null,"reasoning_content":"Let","tool_calls":null}')],
      [30, sglang('{"role":null,"content":null,"reasoning_content":" me","tool_calls":null}')],
      [40, sglang('{"role":null,"content":null,"reasoning_content":" think","tool_calls":null}')],
      [50, sglang('{"role":null,"content":"Yes","reasoning_content":null,"tool_calls":null}')],
      [60, sglang('{"role":null,"content":" sir","reasoning_content":null,"tool_calls":null}', '"stop"')],
      [70, done],
    ],
    contentNs: [20, 30, 40, 50, 60],
    firstOutputNs: 50,
    lastUnitNs: 70,
    output: 'Yes sir',
    reasoning: 'Let me think',
    osl: 5,
  },
  {
    name: 'a server that calls it reasoning, and never answers',
    endpoint: 'chat',
    reads: [
      [10, vllm('{"reasoning":"One"}')],
      [20, vllm('{"reasoning":" two"}')],
      [30, vllm('{"reasoning":" three"}', '"length"')],
      [40, done],
    ],
    contentNs: [10, 20, 30],
    lastUnitNs: 40,
    reasoning: 'One two three',
    osl: 3,
  },
  {
    name: 'TensorRT-LLM: several tokens in one chunk, several chunks in one read',
    endpoint: 'chat',
    reads: [
      [100, tensorrt('{"role":"assistant"}') + tensorrt('{"content":"The whale is"}')],
      [200, tensorrt('{"content":" white and"}') + tensorrt('{"content":" very large"}', '"stop"') + done],
    ],
    contentNs: [100, 200, 200],
    firstOutputNs: 100,
    lastUnitNs: 200,
    output: 'The whale is white and very large',
    osl: 7,
  },
  {
    name: 'tool calls in pieces',
    endpoint: 'chat',
    reads: [
      [
        10,
        vllm(
          '{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","index":0,"function":{"name":"get_weather","arguments":""}}]}',
        ),
      ],
      [20, vllm('{"tool_calls":[{"index":0,"function":{"arguments":"{\\"city\\":"}}]}')],
      [30, vllm('{"tool_calls":[{"index":0,"function":{"arguments":" \\"Oslo\\"}"}}]}', '"tool_calls"')],
      [40, done],
    ],
    contentNs: [10, 20, 30],
    firstOutputNs: 10,
    lastUnitNs: 40,
    output: 'get_weather{"city": "Oslo"}',
  },
  {
    name: 'CRLF, LF and CR mixed in one stream',
    endpoint: 'chat',
    reads: [
      [10, vllm('{"content":"A"}').replace('\n\n', '\r\n\r\n')],
      [20, vllm('{"content":" b"}')],
      [30, vllm('{"content":" c"}').replace('\n\n', '\r\r')],
      [40, vllm('{"content":" d"}', '"stop"').replace('\n\n', '\n\r\n') + done],
    ],
    contentNs: [10, 20, 30, 40],
    firstOutputNs: 10,
    lastUnitNs: 40,
    output: 'A b c d',
    osl: 4,
  },
  {
    name: 'an event cut over three reads has the time of its first byte',
    endpoint: 'chat',
    reads: [
      [10, vllm('{"content":"First"}') + vllm('{"content":" second"}').slice(0, 40)],
      [20, vllm('{"content":" second"}').slice(40, 100)],
      [30, vllm('{"content":" second"}').slice(100)],
      [40, vllm('{"content":" third"}', '"stop"') + done],
    ],
    contentNs: [10, 10, 40],
    firstOutputNs: 10,
    lastUnitNs: 40,
    output: 'First second third',
    osl: 3,
  },
  {
    name: 'an error object in mid-stream',
    endpoint: 'chat',
    reads: [
      [10, vllm('{"content":"Half"}')],
      [
        20,
        'data: {"error":{"message":"out of memory","type":"InternalServerError","param":null,"code":500}}\n\n',
      ],
      [30, done],
    ],
    contentNs: [10],
    firstOutputNs: 10,
    lastUnitNs: 30,
    error: { code: 500, type: 'SSEResponseError', message: 'out of memory' },
  },
  {
    name: 'an error object whose code is no HTTP status',
    endpoint: 'chat',
    reads: [
      [10, 'data: {"error":{"message":"bad","code":"rate_limited"}}\n\n'],
      [20, done],
    ],
    contentNs: [],
    lastUnitNs: 20,
    error: { code: 502, type: 'SSEResponseError', message: 'bad' },
  },
  {
    name: 'an error event',
    endpoint: 'chat',
    reads: [[10, `${vllm('{"content":"Half"}')}event: error\ndata: {"error":{"message":"worker died"}}\n\n`]],
    contentNs: [10],
    firstOutputNs: 10,
    lastUnitNs: 10,
    error: { code: 502, type: 'SSEResponseError', message: 'worker died' },
  },
  {
    name: 'no object field',
    endpoint: 'chat',
    reads: [
      [10, 'data: {"choices":[{"index":0,"delta":{"content":"Un"}}]}\n\n'],
      [20, 'data: {"choices":[{"index":0,"delta":{"content":"typed"}}]}\n\n'],
      [30, done],
    ],
    contentNs: [10, 20],
    firstOutputNs: 10,
    lastUnitNs: 30,
    output: 'Untyped',
  },
  {
    name: 'no [DONE] but a finish_reason',
    endpoint: 'chat',
    reads: [
      [10, vllm('{"content":"Fine"}')],
      [20, vllm('{"content":" here"}', '"stop"')],
    ],
    contentNs: [10, 20],
    firstOutputNs: 10,
    lastUnitNs: 20,
    output: 'Fine here',
    osl: 2,
  },
  {
    name: 'neither [DONE] nor a finish_reason',
    endpoint: 'chat',
    reads: [
      [10, vllm('{"content":"Cut"}')],
      [20, vllm('{"content":" off"}')],
    ],
    contentNs: [10, 20],
    firstOutputNs: 10,
    lastUnitNs: 20,
    error: { code: 502, type: 'IncompleteStreamError', message: /--stream-end any/ },
  },
  {
    name: 'llama.cpp: the field error: after text',
    endpoint: 'chat',
    reads: [
      [10, chunk('{"role":"assistant","content":"one"}')],
      [20, chunk('{"content":" two"}')],
      [30, 'error: {"code":500,"message":"slot unavailable","type":"server_error"}\n\n'],
      [40, done],
    ],
    contentNs: [10, 20],
    firstOutputNs: 10,
    lastUnitNs: 40,
    error: { code: 500, type: 'SSEResponseError', message: 'slot unavailable' },
  },
  {
    name: 'llama.cpp: the field error: first',
    endpoint: 'chat',
    reads: [
      [10, 'error: {"code":500,"message":"slot unavailable","type":"server_error"}\n\n'],
      [20, done],
    ],
    contentNs: [],
    lastUnitNs: 20,
    error: { code: 500, type: 'SSEResponseError', message: 'slot unavailable' },
  },
  {
    name: 'the field error: with text, beside data',
    endpoint: 'chat',
    reads: [[10, `${chunk('{"content":"one"}').trimEnd()}\nerror: no slot\n\n${done}`]],
    contentNs: [],
    lastUnitNs: 10,
    error: { code: 502, type: 'SSEResponseError', message: 'no slot' },
  },
  {
    name: 'an error event with a code of its own',
    endpoint: 'chat',
    reads: [[10, 'event: Error\ndata: {"code":429,"msg":"slow down"}\n\n']],
    contentNs: [],
    lastUnitNs: 10,
    error: { code: 429, type: 'SSEResponseError', message: 'slow down' },
  },
  ...[
    'abort',
    'error',
    'cancelled',
    'timeout',
    'insufficient_system_resource',
    'network_error',
    'time_limit',
    'user_cancelled',
    'OUT_OF_MEMORY',
  ].map(
    (reason): StreamFixture => ({
      name: `finish_reason ${reason}`,
      endpoint: 'chat',
      reads: [
        [10, chunk('{"role":"assistant","content":"one"}')],
        [20, chunk('{"content":" two"}')],
        [30, chunk('{}', JSON.stringify(reason))],
        [40, done],
      ],
      contentNs: [10, 20],
      firstOutputNs: 10,
      lastUnitNs: 40,
      error: {
        code: 502,
        type: 'ServerAbortedError',
        message: `The server ended the generation (finish_reason: ${reason})`,
      },
    }),
  ),
  {
    name: 'two of eight frames are cut JSON',
    endpoint: 'chat',
    reads: [
      ...[' w0', ' w1', ' w2', undefined, ' w4', undefined, ' w6', ' w7'].map((word, i): [number, string] => [
        10 * (i + 1),
        word === undefined
          ? 'data: {"id":"c1","choices":[{"del\n\n'
          : chunk(JSON.stringify({ content: word })),
      ]),
      [90, chunk('{}', '"stop"') + done],
    ],
    contentNs: [10, 20, 30, 50, 70, 80],
    firstOutputNs: 10,
    lastUnitNs: 90,
    error: {
      code: 502,
      type: 'SSEResponseError',
      message: '2 frames were not valid JSON; received: {"id":"c1","choices":[{"del',
    },
  },
  {
    name: 'empty data between frames',
    endpoint: 'chat',
    reads: [
      [10, `data:\n\n${chunk('{"content":"a"}')}`],
      [20, 'data: \n\ndata:\n\ndata: \t\n\n'],
      [30, chunk('{"content":"b"}')],
      [40, `data:\nid: 1\n\n${chunk('{}', '"stop"')}data: \n\n${done}`],
    ],
    contentNs: [10, 30],
    firstOutputNs: 10,
    lastUnitNs: 40,
    output: 'ab',
  },
  {
    name: 'an error event without a word',
    endpoint: 'chat',
    reads: [
      [10, chunk('{"content":"a"}')],
      [20, 'event: error\ndata:\n\n'],
    ],
    contentNs: [10],
    firstOutputNs: 10,
    lastUnitNs: 20,
    output: 'a',
    error: {
      code: 502,
      type: 'SSEResponseError',
      message: 'The server reports an error without a message',
    },
  },
  {
    name: 'a stream of plain text',
    endpoint: 'chat',
    reads: [[10, `data: ${'x'.repeat(201)}\n\n${done}`]],
    contentNs: [],
    lastUnitNs: 10,
    error: {
      code: 502,
      type: 'SSEResponseError',
      message: `1 frame was not valid JSON; received: ${'x'.repeat(200)}…`,
    },
  },
  {
    name: 'text that is no event stream',
    endpoint: 'chat',
    reads: [[10, 'upstream connect error\nreset reason: overflow\n']],
    contentNs: [],
    lastUnitNs: 10,
    error: {
      type: 'InvalidInferenceResultError',
      message:
        "InvalidInferenceResultError('Invalid inference result: No response held any content (text, reasoning or tool calls); received: upstream connect error\nreset reason: overflow')",
    },
  },
  {
    name: 'Mistral: thinking parts, then text',
    endpoint: 'chat',
    reads: [
      ...[0, 1, 2, 3, 4, 5].map((i): [number, string] => [
        100 * (i + 1),
        chunk(`{"content":[{"type":"thinking","thinking":[{"type":"text","text":" t${i}"}]}]}`),
      ]),
      ...[0, 1, 2, 3].map((i): [number, string] => [700 + 100 * i, chunk(`{"content":" a${i}"}`)]),
      [1100, chunk('{}', '"stop"', ',"usage":{"prompt_tokens":8,"completion_tokens":22,"total_tokens":30}')],
      [1110, done],
    ],
    contentNs: [100, 200, 300, 400, 500, 600, 700, 800, 900, 1000],
    firstOutputNs: 700,
    lastUnitNs: 1110,
    output: ' a0 a1 a2 a3',
    reasoning: ' t0 t1 t2 t3 t4 t5',
    osl: 20,
    usage: { prompt_tokens: 8, completion_tokens: 22, total_tokens: 30 },
  },
  {
    name: 'the old function_call',
    endpoint: 'chat',
    reads: [
      [10, chunk('{"role":"assistant","function_call":{"name":"get_weather","arguments":""}}')],
      [20, chunk('{"function_call":{"arguments":"{\\"city\\":"}}')],
      [30, chunk('{"function_call":{"arguments":"\\"Oslo\\"}"}}')],
      [40, chunk('{}', '"function_call"') + done],
    ],
    contentNs: [10, 20, 30],
    firstOutputNs: 10,
    lastUnitNs: 40,
    output: 'get_weather{"city":"Oslo"}',
  },
  {
    name: 'two choices in turns',
    endpoint: 'chat',
    reads: [' a', ' b', ' c']
      .flatMap((text) => [0, 1].map((index) => chunk(JSON.stringify({ content: text }), 'null', '', index)))
      .map((text, i): [number, string] => [10 * (i + 1), text])
      .concat([[70, chunk('{}', '"stop"') + chunk('{}', '"stop"', '', 1) + done]]),
    contentNs: [10, 30, 50],
    firstOutputNs: 10,
    lastUnitNs: 70,
    output: ' a b c',
    osl: 3,
  },
  {
    name: 'two choices together',
    endpoint: 'chat',
    reads: [' a', ' b', ' c']
      .map((text) => [0, 1].map((index) => ({ index, delta: { content: text }, finish_reason: null })))
      .map((choices, i): [number, string] => [10 * (i + 1), `data: ${JSON.stringify({ choices })}\n\n`])
      .concat([[70, chunk('{}', '"stop"') + chunk('{}', '"stop"', '', 1) + done]]),
    contentNs: [10, 20, 30],
    firstOutputNs: 10,
    lastUnitNs: 70,
    output: ' a b c',
    osl: 3,
  },
  {
    name: 'two choices of which only the first finished',
    endpoint: 'chat',
    reads: [
      [10, chunk('{"content":" a"}') + chunk('{"content":" a"}', 'null', '', 1)],
      [20, chunk('{}', '"stop"') + done],
    ],
    contentNs: [10],
    firstOutputNs: 10,
    lastUnitNs: 20,
    error: {
      code: 502,
      type: 'IncompleteStreamError',
      message: 'The stream ended before every choice had finished: no finish_reason for choice 1',
    },
  },
  {
    name: 'two choices of which the second was aborted',
    endpoint: 'chat',
    reads: [
      [10, chunk('{"content":" a"}') + chunk('{"content":" a"}', 'null', '', 1)],
      [20, chunk('{}', '"stop"') + chunk('{}', '"abort"', '', 1) + done],
    ],
    contentNs: [10],
    firstOutputNs: 10,
    lastUnitNs: 20,
    error: { code: 502, type: 'ServerAbortedError', message: /finish_reason: abort/ },
  },
  {
    name: 'two choices without any finish reason, ended by [DONE]',
    endpoint: 'chat',
    reads: [[10, chunk('{"content":" a"}') + chunk('{"content":" b"}', 'null', '', 1) + done]],
    contentNs: [10],
    firstOutputNs: 10,
    lastUnitNs: 10,
    output: ' a',
  },
  {
    name: 'SGLang: reasoning_tokens at the top of the usage',
    endpoint: 'chat',
    reads: [
      [
        10,
        chunk('{"role":"assistant","content":" a"}') + chunk('{"content":" b"}') + chunk('{"content":" c"}'),
      ],
      [
        20,
        `${chunk('{}', '"stop"')}data: {"object":"chat.completion.chunk","choices":[],"usage":{"prompt_tokens":8,"completion_tokens":15,"reasoning_tokens":12,"total_tokens":23}}\n\n${done}`,
      ],
    ],
    contentNs: [10, 10, 10],
    firstOutputNs: 10,
    lastUnitNs: 20,
    output: ' a b c',
    usage: { prompt_tokens: 8, completion_tokens: 15, reasoning_tokens: 12, total_tokens: 23 },
  },
  {
    name: 'Moonshot: usage within the choice',
    endpoint: 'chat',
    reads: [
      [10, chunk('{"content":" a"}')],
      [
        20,
        'data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{},"finish_reason":"stop","usage":{"prompt_tokens":8,"completion_tokens":1,"total_tokens":9}}]}\n\ndata: [DONE]\n\n',
      ],
    ],
    contentNs: [10],
    firstOutputNs: 10,
    lastUnitNs: 20,
    output: ' a',
    usage: { prompt_tokens: 8, completion_tokens: 1, total_tokens: 9 },
  },
  {
    name: 'Groq: usage within x_groq',
    endpoint: 'chat',
    reads: [
      [
        10,
        chunk('{"content":" a"}', '"stop"', ',"x_groq":{"id":"r","usage":{"completion_tokens":1}}') + done,
      ],
    ],
    contentNs: [10],
    firstOutputNs: 10,
    lastUnitNs: 10,
    output: ' a',
    usage: { completion_tokens: 1 },
  },
  {
    name: 'MiniMax: the last frame repeats the whole message',
    endpoint: 'chat',
    reads: [
      [10, chunk('{"content":" a"}')],
      [20, chunk('{"content":" b"}', '"stop"')],
      [
        30,
        'data: {"object":"chat.completion","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":" a b"}}],"usage":{"total_tokens":9},"base_resp":{"status_code":0,"status_msg":""}}\n\n',
      ],
    ],
    contentNs: [10, 20],
    firstOutputNs: 10,
    lastUnitNs: 30,
    output: ' a b',
    usage: { total_tokens: 9 },
  },
  {
    name: 'usage alone is no answer',
    endpoint: 'chat',
    reads: [
      [10, vllm('{"role":"assistant","content":""}', '"stop"')],
      [20, done],
    ],
    contentNs: [],
    lastUnitNs: 20,
    error: { type: 'InvalidInferenceResultError', message: /No response held any content/ },
  },
];
