import { describe, expect, it } from 'vitest';
import { openTokenizer } from '../../src/dataset/tokenizer/open.js';
import { Answer } from '../../src/endpoint/answer.js';
import { endpoints } from '../../src/endpoint/endpoints.js';
import { EventStreamParser } from '../../src/transport/event-stream.js';
import type { JsonObject } from '../../src/util/json.js';
import { type StreamFixture, streams } from './streams.js';

const qwen3 = openTokenizer({ kind: 'shipped', name: 'qwen3' });

function read(stream: StreamFixture, streamEnd: 'marked' | 'any' = 'marked', keepUnits = false): Answer {
  const answer = new Answer({ endpoint: endpoints[stream.endpoint], streamEnd, keepUnits });
  const parser = new EventStreamParser(answer);
  for (const [atNs, text] of stream.reads) {
    const bytes = Buffer.from(text);
    parser.feed(bytes, 0, bytes.length, atNs);
  }
  parser.end();
  return answer;
}

describe('streams as real servers write them', () => {
  it.each(streams)('$name', (stream) => {
    const answer = read(stream);
    expect([...answer.contentNs]).toEqual(stream.contentNs);
    expect(answer.firstOutputNs).toBe(stream.firstOutputNs ?? Number.NaN);
    expect(answer.lastUnitNs).toBe(stream.lastUnitNs);
    if (stream.error !== undefined) {
      expect(answer.error?.type).toBe(stream.error.type);
      expect(answer.error?.code).toBe(stream.error.code);
      expect(answer.error?.message).toEqual(
        typeof stream.error.message === 'string'
          ? stream.error.message
          : expect.stringMatching(stream.error.message),
      );
      return;
    }
    expect(answer.error).toBeUndefined();
    expect(answer.output).toBe(stream.output);
    expect(answer.reasoning).toBe(stream.reasoning);
    expect(answer.usage).toEqual(stream.usage);
    if (stream.osl !== undefined) {
      expect(qwen3.count(answer.output ?? '') + qwen3.count(answer.reasoning ?? '')).toBe(stream.osl);
    }
  });

  it('counts an unmarked end as complete with --stream-end any', () => {
    const unmarked = streams.find((stream) => stream.error?.type === 'IncompleteStreamError');
    if (unmarked === undefined) throw new Error('the fixture is gone');
    const answer = read(unmarked, 'any');
    expect(answer.error).toBeUndefined();
    expect(answer.output).toBe('Cut off');
  });
});

describe('usage of the first content', () => {
  const firstUsage = (...units: JsonObject[]) => {
    const answer = new Answer({ endpoint: endpoints.chat, streamEnd: 'any', keepUnits: false });
    for (const unit of units.map((value) => Buffer.from(JSON.stringify(value))))
      answer.onData(unit, 0, unit.length, 1);
    return answer.firstUsage;
  };
  const chunk = (content: string, tokens?: number) => ({
    choices: [{ delta: { content } }],
    ...(tokens === undefined ? {} : { usage: { completion_tokens: tokens } }),
  });

  it('is that of the first unit with content', () => {
    expect(firstUsage(chunk('', 0), chunk('a', 3), chunk('b', 5))).toEqual({ completion_tokens: 3 });
    expect(firstUsage(chunk('a'), chunk('b', 5))).toBeUndefined();
  });
});

it('the tokens of a decoding step that a choice reports stay with the usage that comes later', () => {
  const answer = new Answer({ endpoint: endpoints.chat, streamEnd: 'any', keepUnits: false });
  const units = [
    { choices: [{ delta: { content: 'a' }, avg_decoded_tokens_per_iter: 2.5 }] },
    { choices: [], usage: { completion_tokens: 5 } },
  ];
  for (const unit of units.map((value) => Buffer.from(JSON.stringify(value))))
    answer.onData(unit, 0, unit.length, 1);
  expect(answer.usage).toEqual({ completion_tokens: 5, avg_decoded_tokens_per_iter: 2.5 });
});

describe('times of content', () => {
  const timesOf = (timesNs: readonly number[]) => {
    const answer = new Answer({ endpoint: endpoints.chat, streamEnd: 'any', keepUnits: false });
    for (const atNs of timesNs) {
      const unit = Buffer.from(JSON.stringify({ choices: [{ delta: { content: ' a' } }] }));
      answer.onData(unit, 0, unit.length, atNs);
    }
    return [...answer.contentNs];
  };
  const even = (count: number, fromNs: number) => Array.from({ length: count }, (_, i) => fromNs + i * 10e6);

  it('keeps them to the nanosecond', () => {
    const timesNs = even(100, 3_600_000_000_001).map((atNs, i) => atNs + (i % 7));
    expect(timesOf(timesNs)).toEqual(timesNs);
  });

  it.each([
    ['the longest interval of four bytes', 2 ** 32 - 1],
    ['one that is longer', 2 ** 32],
    ['a minute', 60e9],
    ['a part of a nanosecond', 0.5],
  ])('keeps them across %s', (_, intervalNs) => {
    const before = even(40, 5);
    const timesNs = [...before, ...even(60, (before.at(-1) ?? 0) + intervalNs)];
    expect(timesOf(timesNs)).toEqual(timesNs);
  });

  it('keeps a long interval behind the first', () => {
    expect(timesOf([7, 10e9, 10e9 + 3])).toEqual([7, 10e9, 10e9 + 3]);
  });
});

describe('Answer', () => {
  const body = (text: string, endpoint: 'chat' | 'completions' = 'chat') => {
    const answer = new Answer({ endpoint: endpoints[endpoint], streamEnd: 'marked', keepUnits: true });
    answer.onWholeBody(text, 'application/json', 70, 'The response is no JSON');
    return answer;
  };

  it('reads a whole chat body as one unit', () => {
    const answer = body(
      '{"object":"chat.completion","choices":[{"message":{"role":"assistant","content":" hi","reasoning":null},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}',
    );
    expect(answer.error).toBeUndefined();
    expect([...answer.contentNs]).toEqual([70]);
    expect(answer.output).toBe(' hi');
    expect(answer.usage).toEqual({ prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 });
    expect(answer.units).toEqual([
      { atNs: 70, text: expect.stringContaining('chat.completion'), contentType: 'application/json' },
    ]);
  });

  it('reads a whole completions body', () => {
    expect(body('{"object":"text_completion","choices":[{"text":"x y"}]}', 'completions').output).toBe('x y');
  });

  it.each([
    ['another object', '{"object":"list","choices":[{"message":{"content":"x"}}]}', ''],
    ['empty text', '{"object":"chat.completion","choices":[{"message":{"content":""}}]}', ''],
    ['an unknown shape', '{"id":1,"outputs":["x"]}', '; fields not read: outputs'],
    ['an unknown field', '{"choices":[{"message":{"clip":{"uri":"x"}}}]}', '; fields not read: clip'],
  ])('takes a body without content for a failure and quotes it: %s', (_, text, fields) => {
    expect(body(text).error).toEqual({
      type: 'InvalidInferenceResultError',
      message: `InvalidInferenceResultError('Invalid inference result: No response held any content (text, reasoning or tool calls)${fields}; received: ${text}')`,
    });
  });

  it('counts what it does not read', () => {
    const answer = new Answer({ endpoint: endpoints.chat, streamEnd: 'any', keepUnits: false });
    const units = [
      { choices: [{ delta: { content: 'a', clip: 'x' } }] },
      { choices: [{ delta: { clip: 'x', ünit: { a: 'b' } } }] },
      { object: 'other', choices: [{ delta: { content: 'b' } }] },
      'a text',
      { choices: [{ delta: { content: 'c' } }] },
    ];
    for (const unit of units) {
      const bytes = Buffer.from(JSON.stringify(unit));
      answer.onData(bytes, 0, bytes.length, 1);
    }
    expect(answer.error).toBeUndefined();
    expect(answer.output).toBe('ac');
    expect([...(answer.unread ?? [])]).toEqual([
      ['clip', 2],
      ['ünit', 1],
      ['(whole unit)', 2],
    ]);
  });

  it('counts the fields of a server that names them anew in every unit up to twenty', () => {
    const answer = new Answer({ endpoint: endpoints.chat, streamEnd: 'any', keepUnits: false });
    for (let i = 0; i < 100; i++) {
      const bytes = Buffer.from(JSON.stringify({ choices: [{ delta: { [`clip${i}`]: 'x' } }] }));
      answer.onData(bytes, 0, bytes.length, 1);
    }
    expect(answer.unread?.size).toBe(20);
  });

  it('says what a body is that is no JSON, and how it begins', () => {
    const answer = new Answer({ endpoint: endpoints.chat, streamEnd: 'marked', keepUnits: false });
    answer.onWholeBody(`<html>${'x'.repeat(300)}`, 'text/html', 70, 'The response (text/html) is no JSON');
    expect(answer.error).toEqual({
      type: 'InvalidInferenceResultError',
      message: `InvalidInferenceResultError('Invalid inference result: The response (text/html) is no JSON; received: <html>${'x'.repeat(194)}…')`,
    });
  });

  it('takes a 200 without anything for a failure of its own kind', () => {
    const answer = new Answer({ endpoint: endpoints.chat, streamEnd: 'marked', keepUnits: false });
    expect(answer.error?.message).toBe(
      "InvalidInferenceResultError('Invalid inference result: No responses were received')",
    );
  });

  it('leaves reasoning out of the history when there is content, and keeps it when there is none', () => {
    const find = (name: string) => {
      const stream = streams.find((candidate) => candidate.name.startsWith(name));
      if (stream === undefined) throw new Error(`no fixture ${name}`);
      return read(stream).message;
    };
    expect(find('SGLang')).toEqual({ content: 'Yes sir' });
    expect(find('a server that calls it reasoning')).toEqual({ content: 'One two three' });
    expect(find('tool calls')).toEqual({
      content: '',
      toolCalls: [
        { id: 'c1', type: 'function', function: { name: 'get_weather', arguments: '{"city": "Oslo"}' } },
      ],
    });
  });

  it('takes whatever index a server gives a tool call', () => {
    const call = (index: number, name: string) => ({
      index,
      id: name,
      type: 'function',
      function: { name, arguments: '{}' },
    });
    const unit = {
      choices: [{ delta: { tool_calls: [call(3e8, 'far'), call(-1, 'below'), call(1.5, 'between')] } }],
    };
    const answer = new Answer({ endpoint: endpoints.chat, streamEnd: 'any', keepUnits: false });
    const bytes = Buffer.from(JSON.stringify(unit));
    answer.onData(bytes, 0, bytes.length, 1);
    expect(answer.message?.toolCalls?.map((made) => made.id)).toEqual(['far', 'below', 'between']);
  });

  it('keeps every unit with its fields for the raw export', () => {
    const stream = streams[0];
    if (stream === undefined) throw new Error('no fixture');
    const units = read(stream, 'marked', true).units ?? [];
    expect(units.map((unit) => unit.atNs)).toEqual([100, 150, 200, 300, 400, 500, 510, 520]);
    expect(units[1]?.packets).toEqual([{ name: 'comment', value: 'ping' }]);
    expect(units[7]?.packets).toEqual([{ name: 'data', value: '[DONE]' }]);
  });
});

describe('units of which there are far too many', () => {
  const listed = (count: number, item: (i: number) => string) =>
    Array.from({ length: count }, (_, i) => item(i)).join();

  it.each([
    ['choices', (count: number) => `{"choices":[${listed(count, (i) => `{"index":${i + 1}}`)}]}`],
    [
      'tool calls',
      (count: number) => `{"choices":[{"delta":{"tool_calls":[${listed(count, () => '{}')}]}}]}`,
    ],
  ])('refuses more than 10,000 %s', (what, unit) => {
    const answer = new Answer({ endpoint: endpoints.chat, streamEnd: 'marked', keepUnits: false });
    answer.onWholeBody(unit(10_000), 'application/json', 1, '');
    expect(() => answer.onWholeBody(unit(10_001), 'application/json', 2, '')).toThrow(
      `it has more than 10000 ${what}`,
    );
  });

  it('refuses more than 10,000 frames that are no JSON', () => {
    const answer = new Answer({ endpoint: endpoints.chat, streamEnd: 'marked', keepUnits: false });
    const frame = Buffer.from('{bad');
    for (let i = 0; i < 10_000; i++) answer.onData(frame, 0, frame.length, i);
    expect(() => answer.onData(frame, 0, frame.length, 10_000)).toThrow(
      'more than 10000 frames were not valid JSON; received: {bad',
    );
  });

  it('refuses half a million events where all of them are kept', () => {
    const answer = new Answer({ endpoint: endpoints.chat, streamEnd: 'marked', keepUnits: true });
    const message = { event: '', data: undefined, comment: '', packets: [] };
    for (let i = 1; i < 500_000; i++) answer.onMessage(message, i);
    expect(() => answer.onMessage(message, 500_000)).toThrow(
      'it has 500000 events or more, too many for --export-level raw',
    );
  });

  it.each([
    ['names', (i: number) => `"f${i}":"v"`],
    ['names in parts', (i: number) => `"content${i}":[{"f${i}":"v"}]`],
  ])('keeps the first 20 of 100,000 unread %s', (_, field) => {
    const answer = new Answer({ endpoint: endpoints.chat, streamEnd: 'marked', keepUnits: false });
    answer.onWholeBody(`{"choices":[{"message":{${listed(100_000, field)}}}]}`, 'application/json', 1, '');
    expect(answer.unread?.size).toBe(20);
  });

  it('keeps the beginning of a name or finish reason of megabytes', () => {
    const answer = new Answer({ endpoint: endpoints.chat, streamEnd: 'marked', keepUnits: false });
    const long = 'x'.repeat(2 ** 20);
    const unit = { choices: [{ message: { content: 'a', [long]: 'v' }, finish_reason: long }] };
    answer.onWholeBody(JSON.stringify(unit), 'application/json', 1, '');
    expect([...(answer.unread ?? [])]).toEqual([[`${'x'.repeat(200)}…`, 1]]);
    expect(answer.finishReason).toBe(`${'x'.repeat(200)}…`);
  });
});
