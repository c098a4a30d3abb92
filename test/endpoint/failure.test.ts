import { describe, expect, it } from 'vitest';
import { Answer } from '../../src/endpoint/answer.js';
import { endpoints } from '../../src/endpoint/endpoints.js';

function errorOf(body: string) {
  const answer = new Answer({ endpoint: endpoints.chat, streamEnd: 'marked', keepUnits: false });
  answer.onWholeBody(body, 'application/json', 70, 'no JSON');
  return answer.error;
}

const failures: readonly (readonly [dialect: string, body: string, code: number, message: string])[] = [
  [
    'vLLM',
    '{"error":{"message":"no room","type":"BadRequestError","param":null,"code":400}}',
    400,
    'no room',
  ],
  [
    'vLLM until 2025',
    '{"object":"error","message":"no room","type":"BadRequestError","param":null,"code":400}',
    400,
    'no room',
  ],
  ['OpenAI', '{"error":{"message":"bad","code":"rate_limited"}}', 502, 'bad'],
  ['GLM', '{"error":{"code":"1302","message":"too fast"}}', 502, 'too fast'],
  ['Gemini', '{"error":{"code":429,"message":"quota","status":"RESOURCE_EXHAUSTED"}}', 429, 'quota'],
  ['Ollama', '{"error":"model not found"}', 502, 'model not found'],
  ['TGI', '{"error":"Request failed","error_type":"generation"}', 502, 'Request failed'],
  ['Google behind its gateway', '[{"error":{"code":429,"message":"quota"}}]', 429, 'quota'],
  ['Anthropic', '{"type":"error","error":{"type":"overloaded_error","message":"busy"}}', 502, 'busy'],
  [
    'Spring',
    '{"timestamp":"t","status":500,"error":"Internal Server Error","message":"boom","path":"/v1"}',
    500,
    'Internal Server Error: boom',
  ],
  ['FastChat', '{"text":"**NETWORK ERROR**","error_code":50004}', 502, '**NETWORK ERROR** (code 50004)'],
  [
    'MiniMax',
    '{"id":"x","choices":null,"base_resp":{"status_code":1008,"status_msg":"insufficient balance"}}',
    502,
    'insufficient balance (code 1008)',
  ],
  [
    'Groq',
    '{"choices":[{"index":0,"delta":{}}],"x_groq":{"id":"r","error":"over capacity"}}',
    502,
    'over capacity',
  ],
  [
    'an error in the delta',
    '{"choices":[{"index":0,"delta":{"content":"half","error":{"code":503,"message":"provider down"}},"finish_reason":null}]}',
    503,
    'provider down',
  ],
  [
    'an error in the message',
    '{"choices":[{"index":0,"message":{"content":"half","error":"provider down"},"finish_reason":"stop"}]}',
    502,
    'provider down',
  ],
  [
    'a gateway that keeps the empty fields of an answer',
    '{"id":"","choices":null,"usage":{},"model":null,"success":false,"code":500,"message":"no channel"}',
    500,
    'no channel',
  ],
  [
    'OpenRouter',
    '{"choices":[{"index":0,"message":{"content":"half"},"finish_reason":"error","error":{"code":503,"message":"provider down"}}]}',
    503,
    'provider down',
  ],
  ['SiliconFlow', '{"code":50013,"msg":"quota exceeded","data":null}', 502, 'quota exceeded (code 50013)'],
  [
    'DashScope',
    '{"code":"InvalidParameter","message":"wrong","request_id":"x"}',
    502,
    'wrong (code InvalidParameter)',
  ],
  [
    'Baidu',
    '{"error_code":18,"error_msg":"Open api qps request limit reached"}',
    502,
    'Open api qps request limit reached (code 18)',
  ],
  [
    'Tencent',
    '{"Response":{"Error":{"Code":"LimitExceeded","Message":"slow"},"RequestId":"x"}}',
    502,
    'slow',
  ],
  ['FastAPI', '{"detail":"Not authenticated"}', 502, 'Not authenticated'],
  ['Pydantic', '{"detail":[{"loc":["body","n"],"msg":"must be 1","type":"value_error"}]}', 502, 'must be 1'],
  ['Kong, API Gateway', '{"message":"no Route matched","request_id":"x"}', 502, 'no Route matched'],
  ['RFC 9457', '{"type":"about:blank","title":"Busy","status":503,"detail":"try later"}', 503, 'try later'],
  ['Apigee', '{"fault":{"faultstring":"quota violated","detail":{}}}', 502, 'quota violated'],
  [
    'Cloudflare',
    '{"success":false,"errors":[{"code":7000,"message":"no route"}],"result":null}',
    502,
    'no route',
  ],
  ['a flag', '{"error":true,"code":503,"message":"boom"}', 503, 'boom'],
  ['a flag and a description', '{"ok":false,"description":"boom"}', 502, 'boom'],
  ['iFlytek', '{"code":10013,"message":"audit failed","sid":"x"}', 502, 'audit failed (code 10013)'],
  ['a status in words', '{"status":"error","message":"boom"}', 502, 'boom'],
  [
    'no message',
    '{"error":{"flags":[1]}}',
    502,
    'The server reports an error without a message; received: {"error":{"flags":[1]}}',
  ],
];

describe('bodies of status 200 that say that the request failed', () => {
  it.each(failures)('%s', (_, body, code, message) => {
    expect(errorOf(body)).toEqual({ code, type: 'ResponseBodyError', message });
  });

  it('quotes an error nested too deep to be written', () => {
    const nested = `{"error":{"x":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`;
    expect(errorOf(nested)?.message).toBe(
      `The server reports an error without a message; received: {"error":{"x":${'['.repeat(186)}…`,
    );
  });
});

describe('what is no failure', () => {
  const answer = '"choices":[{"index":0,"message":{"content":"a"},"finish_reason":"stop"}]';
  it.each([
    ['an empty error', `{${answer},"error":null,"status":"completed"}`],
    ['error: {}', `{${answer},"error":{}}`],
    ['FastChat: error_code 0', `{${answer},"error_code":0}`],
    ['MiniMax: status_code 0', `{${answer},"base_resp":{"status_code":0,"status_msg":"success"}}`],
    [
      'an empty error in a choice',
      '{"choices":[{"index":0,"error":"","message":{"content":"a","error":{}}}]}',
    ],
    ['a message beside the answer', `{${answer},"message":"ok"}`],
  ])('%s', (_, body) => {
    expect(errorOf(body)).toBeUndefined();
  });

  it.each([
    ['success', '{"code":0,"msg":"success","data":null}'],
    ['success in words', '{"success":true,"message":"queued"}'],
    ['news', '{"status":"queued","message":"position 3"}'],
    ['an answer of another kind', '{"message":"hello","tokens":3}'],
    ['data', '{"code":1,"msg":"x","data":{"choices":[]}}'],
  ])('%s is an unknown shape, quoted', (_, body) => {
    expect(errorOf(body)).toEqual({
      type: 'InvalidInferenceResultError',
      message: expect.stringContaining(`; received: ${body}')`),
    });
  });
});
