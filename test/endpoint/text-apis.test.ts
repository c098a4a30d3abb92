import { describe, expect, it } from 'vitest';
import type { Conversation, Turn } from '../../src/dataset/conversation.js';
import type { BodyOptions, PastTurn } from '../../src/endpoint/endpoint.js';
import { endpoints } from '../../src/endpoint/endpoints.js';
import { headerMaker } from '../../src/endpoint/headers.js';
import { bodyOf, inputTextOf, makePayload, outputCapOf } from '../../src/endpoint/payload.js';
import { readStream, readWhole, summaryOf } from './read-answer.js';

const { responses, messages, huggingface_generate: tgi } = endpoints;

const turnOf = (text: string, more: Partial<Turn> = {}): Turn => ({
  role: 'user',
  model: 'm',
  texts: [{ name: 'text', contents: text === '' ? [] : text.split('|') }],
  ...more,
});

/** The body of one turn as text. */
function sent(
  endpoint: (typeof endpoints)[keyof typeof endpoints],
  turn: Turn,
  options: Partial<BodyOptions> = {},
  past: readonly PastTurn[] = [],
  systemMessage?: string,
): string {
  const conversation: Conversation = {
    sessionId: 's',
    turns: [turn],
    history: 'live-answers',
    ...(systemMessage === undefined ? {} : { systemMessage }),
  };
  const all = { streaming: false, extraInputs: {}, legacyMaxTokens: false, ...options };
  return JSON.stringify(bodyOf(endpoint, { conversation, turn, past }, all));
}

const call = { id: 'c1', type: 'function', function: { name: 'f', arguments: '{"a":1}' } };

describe('responses', () => {
  it('sends the keys in the order of AIPerf, extras behind', () => {
    expect(
      sent(responses, turnOf('hi', { maxTokens: 9 }), { streaming: true, extraInputs: { temperature: 0.5 } }),
    ).toBe(
      '{"input":[{"role":"user","content":"hi","type":"message"}],"model":"m","stream":true,"max_output_tokens":9,"temperature":0.5}',
    );
  });

  it('asks for usage only where the server counts and the run streams', () => {
    const counts = { serverTokenCount: true, streaming: true };
    expect(sent(responses, turnOf('hi'), counts)).toContain('"stream_options":{"include_usage":true}');
    expect(sent(responses, turnOf('hi'), { ...counts, streaming: false })).not.toContain('stream_options');
    expect(sent(responses, turnOf('hi'), { ...counts, extraInputs: { stream_options: 1 } })).toContain(
      '"stream_options":{"include_usage":true}',
    );
  });

  it('sends system text as instructions, several texts as parts, and the history as items', () => {
    const past = [{ turn: turnOf('one'), answer: { content: 'two', toolCalls: [call] } }];
    expect(sent(responses, turnOf('a|b'), {}, past, 'be brief')).toBe(
      '{"input":[{"role":"user","content":"one","type":"message"},{"role":"assistant","content":"two","type":"message"},{"type":"function_call","call_id":"c1","name":"f","arguments":"{\\"a\\":1}"},{"role":"user","content":[{"type":"input_text","text":"a"},{"type":"input_text","text":"b"}],"type":"message"}],"model":"m","stream":false,"instructions":"be brief"}',
    );
  });

  it('refers to the last answer where the server stores them, and sends only what is new', () => {
    const past = [{ turn: turnOf('one'), answer: { content: 'two', id: 'resp_1' } }];
    const stored = { streaming: true, serverTokenCount: true, extraInputs: { store: true } };
    expect(sent(responses, turnOf('new', { maxTokens: 9 }), stored, past)).toBe(
      '{"input":[{"role":"user","content":"new","type":"message"}],"model":"m","stream":true,"previous_response_id":"resp_1","max_output_tokens":9,"store":true,"stream_options":{"include_usage":true}}',
    );
    // Without storing, the whole history goes along.
    expect(sent(responses, turnOf('new'), {}, past)).not.toContain('previous_response_id');
  });

  it('counts instructions, items and tools as input', () => {
    const body = JSON.parse(sent(responses, turnOf('a|b'), {}, [], 'sys'));
    expect(inputTextOf(responses, body)).toBe('sys a b');
    expect(outputCapOf(responses, { max_output_tokens: 7 })).toBe(7);
  });

  const delta = (text: string) => ({
    event: 'response.output_text.delta',
    data: { type: 'response.output_text.delta', output_index: 0, content_index: 0, delta: text },
  });
  const ended = (type: string, response: object) => ({ data: { type: `response.${type}`, response } });
  const usage = { input_tokens: 5, output_tokens: 2 };

  it.each<[string, Parameters<typeof readStream>[1], object]>([
    [
      'text, usage and the id of the answer',
      [delta('a'), delta(' b'), ended('completed', { id: 'r1', status: 'completed', usage })],
      { output: 'a b', usage, finishReason: 'completed' },
    ],
    [
      'a capped answer like a complete one',
      [
        delta('a'),
        ended('incomplete', {
          status: 'incomplete',
          incomplete_details: { reason: 'max_output_tokens' },
          usage,
        }),
      ],
      { output: 'a', usage, finishReason: 'max_output_tokens' },
    ],
    [
      'a failure after text',
      [delta('a'), ended('failed', { error: { message: 'bad' } })],
      { output: 'a', error: '502: bad' },
    ],
    [
      'reasoning, then text',
      [{ data: { type: 'response.reasoning_text.delta', delta: 'hm' } }, delta('a'), ended('completed', {})],
      { reasoning: 'hm', output: 'a', finishReason: 'completed' },
    ],
    [
      'the whole text at the end only where no piece came',
      [{ data: { type: 'response.output_text.done', text: 'only done' } }, ended('completed', {})],
      { output: 'only done', finishReason: 'completed' },
    ],
    [
      'not the whole text after its pieces',
      [delta('a'), { data: { type: 'response.output_text.done', text: 'a' } }, ended('completed', {})],
      { output: 'a', finishReason: 'completed' },
    ],
    ['an error event', [{ event: 'error', data: { type: 'error', message: 'bad' } }], { error: '502: bad' }],
    [
      'an error without its event line, also after text',
      [delta('a'), { data: { type: 'error', message: 'bad' } }],
      { output: 'a', error: '502: bad' },
    ],
  ])('reads %s', (_, events, expected) => {
    expect(summaryOf(readStream(responses, events))).toEqual(expected);
  });

  it('fails a stream without its last event, and one of refusals alone', () => {
    expect(readStream(responses, [delta('a')]).error?.type).toBe('IncompleteStreamError');
    const refused = readStream(responses, [
      { data: { type: 'response.refusal.delta', delta: 'no' } },
      ended('completed', {}),
    ]);
    expect(refused.error?.type).toBe('InvalidInferenceResultError');
    expect(refused.error?.message).toContain('response.refusal.delta');
  });

  it('keeps a streamed call for the history and counts its arguments', () => {
    const item = { type: 'function_call', call_id: 'c1', name: 'f', arguments: '' };
    const answer = readStream(responses, [
      { data: { type: 'response.output_item.added', output_index: 1, item } },
      { data: { type: 'response.function_call_arguments.delta', output_index: 1, delta: '{"a"' } },
      { data: { type: 'response.function_call_arguments.delta', output_index: 1, delta: ':1}' } },
      ended('completed', { id: 'r2' }),
    ]);
    expect(answer.output).toBe('{"a":1}');
    expect([...answer.contentNs]).toEqual([2, 3]);
    expect(answer.message).toEqual({ content: '', toolCalls: [call], id: 'r2' });
  });

  it.each<[string, unknown, object]>([
    [
      'reasoning and message',
      {
        object: 'response',
        status: 'completed',
        output: [
          { type: 'reasoning', summary: [{ type: 'summary_text', text: 'think' }] },
          { type: 'message', content: [{ type: 'output_text', text: 'a b' }] },
        ],
        usage,
      },
      { reasoning: 'think', output: 'a b', usage, finishReason: 'completed' },
    ],
    [
      'a call',
      { object: 'response', output: [{ type: 'function_call', name: 'f', arguments: '{"a":1}' }] },
      { output: 'f{"a":1}', finishReason: 'completed' },
    ],
    [
      'the text at the top',
      { object: 'response', output_text: 'top', output: [] },
      { output: 'top', finishReason: 'completed' },
    ],
    [
      'a body without object',
      { output: [{ type: 'message', content: [{ type: 'output_text', text: 'x' }] }] },
      { output: 'x', finishReason: 'completed' },
    ],
    [
      'a failure',
      { object: 'response', status: 'failed', error: { message: 'bad' }, output: [] },
      { error: '502: bad' },
    ],
  ])('reads a whole answer: %s', (_, body, expected) => {
    expect(summaryOf(readWhole(responses, body))).toEqual(expected);
  });
});

describe('messages', () => {
  it('always sends a cap, and stream only when it is on', () => {
    expect(sent(messages, turnOf('hi', { maxTokens: 9 }), { streaming: true })).toBe(
      '{"model":"m","messages":[{"role":"user","content":"hi"}],"max_tokens":9,"stream":true}',
    );
    expect(sent(messages, turnOf('a|b'), { extraInputs: { top_k: 1 } }, [], 'sys')).toBe(
      '{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}],"max_tokens":1024,"system":"sys","top_k":1}',
    );
  });

  it.each([
    ['the turn has one', { maxTokens: 9 }, {}, 9],
    ['an extra input sets it', {}, { max_tokens: 7 }, 7],
    ['nobody asks for one', {}, {}, undefined],
  ])('counts the cap as a requested length where %s', (_, more, extraInputs, expected) => {
    const turn = turnOf('hi', more);
    const conversation: Conversation = { sessionId: 's', turns: [turn], history: 'live-answers' };
    const options = { streaming: false, extraInputs, legacyMaxTokens: false };
    expect(makePayload(messages, { conversation, turn, past: [] }, options).outputCap).toBe(expected);
  });

  it('sends calls of the history as blocks, and system messages of an array on top', () => {
    const past = [{ turn: turnOf('one'), answer: { content: 'two', toolCalls: [call] } }];
    expect(JSON.parse(sent(messages, turnOf('three'), {}, past)).messages).toEqual([
      { role: 'user', content: 'one' },
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'two' },
          { type: 'tool_use', id: 'c1', name: 'f', input: { a: 1 } },
        ],
      },
      { role: 'user', content: 'three' },
    ]);
    const array = [
      { role: 'system', content: 'inner' },
      { role: 'user', content: 'hi' },
    ];
    const body = JSON.parse(sent(messages, turnOf('', { messages: array }), {}, [], 'outer'));
    expect([body.system, body.messages]).toEqual(['outer\n\ninner', [{ role: 'user', content: 'hi' }]]);
  });

  it('has headers of its own, in the order of AIPerf', () => {
    const options = {
      userAgent: 'aiperf/1',
      streaming: true,
      extra: { 'X-A': 'b' },
      apiKey: 'sk-abc',
      endpoint: messages.headers,
      sessionHeader: 'X-Correlation-ID',

      routingHeaders: ['X-Session-Affinity'],
    };
    const made = headerMaker(options)('request', 'session', 'application/json');
    expect(made).toEqual([
      ...['User-Agent', 'aiperf/1', 'X-Request-ID', 'request', 'X-Correlation-ID', 'session'],
      ...['Content-Type', 'application/json', 'X-A', 'b', 'x-api-key', 'sk-abc'],
      ...['anthropic-version', '2023-06-01', 'Accept', 'text/event-stream', 'X-Session-Affinity', 'session'],
    ]);
    const dated = headerMaker({ ...options, extra: { 'Anthropic-Version': '2024-01-01' } })('r', 's', 't');
    expect(dated.filter((text) => /^anthropic-version$/i.test(text))).toEqual(['Anthropic-Version']);
    expect(dated).toContain('2024-01-01');
  });

  const block = (delta: object, index = 0) => ({
    event: 'content_block_delta',
    data: { type: 'content_block_delta', index, delta },
  });
  const stop = {
    data: { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 9 } },
  };

  it('joins the usage of the first event and of the last', () => {
    const answer = readStream(messages, [
      {
        event: 'message_start',
        data: {
          type: 'message_start',
          message: { usage: { input_tokens: 5, cache_read_input_tokens: 4, output_tokens: 1 } },
        },
      },
      block({ type: 'thinking_delta', thinking: 'hm' }),
      { event: 'ping', data: { type: 'ping' } },
      block({ type: 'text_delta', text: 'a' }, 1),
      block({ type: 'text_delta', text: ' b' }, 1),
      stop,
      { event: 'message_stop', data: { type: 'message_stop' } },
    ]);
    expect(summaryOf(answer)).toEqual({
      reasoning: 'hm',
      output: 'a b',
      usage: { input_tokens: 5, cache_read_input_tokens: 4, output_tokens: 9 },
      finishReason: 'end_turn',
    });
    expect([...answer.contentNs, answer.firstOutputNs]).toEqual([2, 4, 5, 4]);
  });

  it('counts the arguments of a streamed call and keeps its name for the history', () => {
    const answer = readStream(messages, [
      {
        data: {
          type: 'content_block_start',
          index: 0,
          content_block: { type: 'tool_use', id: 'c1', name: 'f', input: {} },
        },
      },
      block({ type: 'input_json_delta', partial_json: '{"a"' }),
      block({ type: 'input_json_delta', partial_json: ':1}' }),
      stop,
    ]);
    expect(answer.output).toBe('{"a":1}');
    expect(answer.message).toEqual({ content: '', toolCalls: [call] });
  });

  it.each<[string, Parameters<typeof readStream>[1], string]>([
    [
      'an error event after text',
      [
        block({ type: 'text_delta', text: 'a' }),
        { event: 'error', data: { type: 'error', error: { type: 'overloaded_error', message: 'busy' } } },
      ],
      '502: busy',
    ],
    [
      'an error without its event line',
      [block({ type: 'text_delta', text: 'a' }), { data: { type: 'error', error: { message: 'busy' } } }],
      '502: busy',
    ],
  ])('fails with %s', (_, events, error) => {
    expect(summaryOf(readStream(messages, events)).error).toBe(error);
  });

  it.each<[string, unknown, object]>([
    [
      'thinking and text',
      {
        type: 'message',
        content: [
          { type: 'thinking', thinking: 'hm hm' },
          { type: 'text', text: 'yes' },
        ],
        stop_reason: 'end_turn',
        usage: { input_tokens: 5, output_tokens: 4 },
      },
      {
        reasoning: 'hm hm',
        output: 'yes',
        usage: { input_tokens: 5, output_tokens: 4 },
        finishReason: 'end_turn',
      },
    ],
    [
      'a call',
      { type: 'message', content: [{ type: 'tool_use', name: 'f', input: { a: 1 } }] },
      { output: 'f{"a":1}' },
    ],
    ['a body without type', { content: [{ type: 'text', text: 'x' }] }, { output: 'x' }],
    [
      'an error',
      { type: 'error', error: { type: 'overloaded_error', message: 'busy' } },
      { error: '502: busy' },
    ],
  ])('reads a whole answer: %s', (_, body, expected) => {
    expect(summaryOf(readWhole(messages, body))).toEqual(expected);
  });

  it('fails an answer without content', () => {
    expect(readWhole(messages, { type: 'message', content: [] }).error?.type).toBe(
      'InvalidInferenceResultError',
    );
  });
});

describe('huggingface_generate', () => {
  it('puts the cap and extra inputs among the parameters, the extras of an entry on top', () => {
    const turn = turnOf('a|b', { maxTokens: 9, extra: { top: 1 } });
    const body = sent(tgi, turn, { streaming: true, extraInputs: { temperature: 0.5 } });
    expect(body).toBe('{"inputs":"a b","parameters":{"max_new_tokens":9,"temperature":0.5},"top":1}');
    expect(outputCapOf(tgi, JSON.parse(body))).toBe(9);
    expect(inputTextOf(tgi, JSON.parse(body))).toBe('a b');
  });

  it('has another path for streams', () => {
    expect([tgi.path, tgi.streamPath]).toEqual(['/generate', '/generate_stream']);
  });

  it('reads the tokens of a stream, not the text that repeats them', () => {
    const answer = readStream(tgi, [
      {
        data: { index: 1, token: { id: 1, text: 'a', special: false }, generated_text: null, details: null },
      },
      {
        data: {
          index: 2,
          token: { id: 2, text: ' b', special: false },
          generated_text: 'a b',
          details: { finish_reason: 'length', generated_tokens: 2 },
        },
      },
    ]);
    expect(summaryOf(answer)).toEqual({ output: 'a b', finishReason: 'length' });
    expect([...answer.contentNs]).toEqual([1, 2]);
  });

  it.each<[string, unknown, object]>([
    ['an object', { generated_text: 'a b' }, { output: 'a b', finishReason: 'generated_text' }],
    ['a list of one', [{ generated_text: 'a b' }], { output: 'a b', finishReason: 'generated_text' }],
    [
      'an error',
      { error: 'Model is overloaded', error_type: 'overloaded' },
      { error: '502: Model is overloaded' },
    ],
  ])('reads a whole answer: %s', (_, body, expected) => {
    expect(summaryOf(readWhole(tgi, body))).toEqual(expected);
  });

  it.each([[[]], [{ generated_text: '' }], [{ x: 1 }]])('fails %j', (body) => {
    expect(readWhole(tgi, body).error?.type).toBe('InvalidInferenceResultError');
  });
});
