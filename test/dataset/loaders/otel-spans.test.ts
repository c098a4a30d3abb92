import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { DatasetOptions } from '../../../src/dataset/dataset-options.js';
import { readSpanRows } from '../../../src/dataset/loaders/otel/otel-spans.js';
import { type RowFile, rowCount, rowText } from '../../../src/dataset/loaders/row-file.js';
import { asRecorded, type Pace } from '../../../src/dataset/pace.js';
import { isTrace, openDataset, planDataset, totalTurns } from '../../../src/dataset/plan.js';
import { UserError } from '../../../src/util/errors.js';
import { options } from '../options.js';

const folder = mkdtempSync(join(tmpdir(), 'aiperf-otel-'));
let files = 0;
function write(content: string): string {
  const path = join(folder, `${files++}.json`);
  writeFileSync(path, content);
  return path;
}

const user = (content: string) => ({ role: 'user', content });
const T0 = Date.parse('2026-03-01T10:00:00Z');
const iso = (seconds: number) => new Date(T0 + 1000 * seconds).toISOString();

interface Facts {
  readonly parent?: string | undefined;
  readonly agent?: string;
  readonly trace?: string | undefined;
  readonly more?: object;
}

/** A chat of one message, from and to so many seconds. */
function chat(id: string, from: number, to: number, { parent, agent, trace, more }: Facts = {}) {
  return other(id, from, to, {
    ...{ parent, trace },
    more: {
      'gen_ai.operation.name': 'chat',
      'gen_ai.input.messages': JSON.stringify([user(id)]),
      ...(agent === undefined ? {} : { 'gen_ai.agent.name': agent }),
      ...more,
    },
  });
}

function other(id: string, from: number, to: number, { parent, trace = 't', more = {} }: Facts = {}) {
  return {
    trace_id: trace,
    span_id: id,
    parent_span_id: parent ?? null,
    start_time: iso(from),
    end_time: iso(to),
    attributes: more,
  };
}

async function rowsOf(content: object | string, blockSize = 16, pace = asRecorded) {
  const path = write(typeof content === 'string' ? content : JSON.stringify(content, null, 2));
  return parsed(await readSpanRows(path, [path], { blockSize, pace }, () => {}));
}

function parsed(file: RowFile) {
  return Array.from({ length: rowCount(file) }, (_, row) => JSON.parse(rowText(file, row)));
}

/** The graph without its content. */
async function graphOf(...spans: object[]) {
  const rows = await rowsOf({ spans });
  return rows.map(({ session_id, pre_session_spawns, turns }) => [
    session_id,
    ...(pre_session_spawns === undefined ? [] : [{ with: pre_session_spawns }]),
    ...turns.map(
      ({
        messages,
        hash_ids,
        input_length,
        max_tokens,
        ...links
      }: { messages: { content: string }[] } & Record<string, unknown>) => ({
        say: messages?.at(-1)?.content,
        ...links,
      }),
    ),
  ]);
}

const spawn = (id: string) => ({ children: [id], background: true });
const turn = (session_id: string, turn: number) => ({ session_id, turn });

describe('spans of calls', () => {
  it('of one agent are its turns, with the time in between as their delays', async () => {
    expect(await graphOf(chat('b', 3.5, 4), chat('a', 1, 2), other('tool', 2, 3.4), chat('c', 4, 5))).toEqual(
      [['t', { say: 'a', timestamp: 0 }, { say: 'b', delay: 1500 }, { say: 'c' }]],
    );
  });

  it('fan out to agents that overlap, and in to a call that begins after all of them', async () => {
    expect(
      await graphOf(
        chat('lead', 0, 1, { agent: 'lead' }),
        chat('x', 1.5, 3, { agent: 'x' }),
        chat('y', 2, 2.5, { agent: 'y' }),
        chat('sum', 4, 5, { agent: 'lead' }),
        chat('y again', 6, 7, { agent: 'y' }),
      ),
    ).toEqual([
      [
        't',
        { say: 'lead', timestamp: 0, spawns: [spawn('t/x'), spawn('t/y')] },
        { say: 'sum', delay: 1000, waits_for: [turn('t/y', 0), turn('t/x', 0)] },
      ],
      ['t/x', { say: 'x', delay: 500 }],
      ['t/y', { say: 'y', delay: 1000 }, { say: 'y again', delay: 1000, waits_for: [turn('t', 1)] }],
    ]);
  });

  it('of one agent that overlap are agents of their own; without any before, they start with the session', async () => {
    expect(await graphOf(chat('a', 0, 2), chat('b', 1, 3), chat('c', 4, 5))).toEqual([
      ['t', { with: ['t/agent#2'] }, { say: 'a', timestamp: 0 }],
      ['t/agent#2', { say: 'b', delay: 1000 }, { say: 'c', delay: 1000, waits_for: [turn('t', 0)] }],
    ]);
  });

  it('in branches of the span tree that run at the same time do not wait for each other', async () => {
    const branch = (name: string) => ({
      more: { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': name },
    });
    const rows = await graphOf(
      other('run', 0, 20),
      chat('plan', 1, 2, { parent: 'run', agent: 'lead' }),
      other('A', 3, 10, { parent: 'run', ...branch('A') }),
      other('B', 3, 12, { parent: 'run', ...branch('B') }),
      chat('a0', 3, 4, { parent: 'A' }),
      chat('b0', 3, 5, { parent: 'B' }),
      chat('a1', 6, 7, { parent: 'A' }),
      chat('b1', 8, 9, { parent: 'B' }),
      chat('sum', 12, 13, { parent: 'run', agent: 'lead' }),
    );
    expect(rows).toEqual([
      [
        't',
        { say: 'plan', timestamp: 0, spawns: [spawn('t/A'), spawn('t/B')] },
        // 3 s after b1, the last to return.
        { say: 'sum', delay: 3000, waits_for: [turn('t/A', 1), turn('t/B', 1)] },
      ],
      ['t/A', { say: 'a0', delay: 1000 }, { say: 'a1', delay: 2000 }],
      ['t/B', { say: 'b0', delay: 1000 }, { say: 'b1', delay: 3000 }],
    ]);
  });

  it('wait for a call of such a branch whose answer they repeat', async () => {
    const answer = 'an answer of some length';
    const rows = await graphOf(
      other('A', 0, 10),
      other('B', 0, 10),
      chat('a0', 0, 1, { parent: 'A', agent: 'A', more: { 'gen_ai.output.text': answer } }),
      chat('b0', 0, 2, { parent: 'B', agent: 'B' }),
      chat('b1', 3, 4, {
        parent: 'B',
        agent: 'B',
        more: { 'gen_ai.input.messages': [{ role: 'assistant', content: answer }, user('b1')] },
      }),
    );
    expect(rows[1]).toEqual(['t/B', { say: 'b0' }, { say: 'b1', delay: 1000, waits_for: [turn('t', 0)] }]);
  });

  it('around another call are left out, and so are tools, embeddings and calls without content', async () => {
    const rows = await graphOf(
      chat('wrapper', 0, 2),
      chat('inner', 0.5, 1.5, { parent: 'wrapper' }),
      other('embed', 2, 3, { more: { 'gen_ai.operation.name': 'embeddings', 'gen_ai.request.model': 'e' } }),
      other('empty', 3, 4, { more: { 'gen_ai.operation.name': 'chat' } }),
      other('http', 4, 5),
    );
    expect(rows).toEqual([['t', { say: 'inner', timestamp: 0 }]]);
  });

  it('are grouped by conversation, else by trace; times count from the first', async () => {
    const of = (trace: string, id?: string) => ({
      trace,
      more: id === undefined ? {} : { 'gen_ai.conversation.id': id },
    });
    expect(
      await graphOf(
        chat('1', 5, 6, of('t1', 'c')),
        chat('2', 8, 9, of('t2', 'c')),
        chat('3', 4, 5, of('t3')),
      ),
    ).toEqual([
      ['t3', { say: '3', timestamp: 0 }],
      ['c', { say: '1', timestamp: 1000 }, { say: '2', delay: 2000 }],
    ]);
  });
});

describe('the content of a call', () => {
  const contentOf = async (more: object, events: object[] = []) => {
    const span = { ...other('a', 0, 1, { more: { 'gen_ai.operation.name': 'chat', ...more } }), events };
    const [row] = await rowsOf({ spans: [span] });
    const { timestamp, ...content } = row.turns[0];
    return content;
  };

  it('is its messages, whichever convention wrote them', async () => {
    const messages = [{ role: 'system', content: 'S' }, user('U')];
    const plain = { messages };
    expect(await contentOf({ 'gen_ai.input.messages': messages })).toEqual(plain);
    expect(
      await contentOf({
        'gen_ai.system_instructions': JSON.stringify([{ type: 'text', content: 'S' }]),
        'gen_ai.input.messages': JSON.stringify([{ role: 'user', parts: [{ type: 'text', content: 'U' }] }]),
      }),
    ).toEqual(plain);
    expect(
      await contentOf({
        'gen_ai.prompt.0.role': 'system',
        'gen_ai.prompt.0.content': 'S',
        'gen_ai.prompt.1.role': 'user',
        'gen_ai.prompt.1.content': 'U',
      }),
    ).toEqual(plain);
    expect(
      await contentOf({}, [
        { name: 'gen_ai.system.message', attributes: { content: 'S' } },
        { name: 'gen_ai.user.message', attributes: { content: 'U' } },
        { name: 'gen_ai.choice', attributes: { message: 'x' } },
      ]),
    ).toEqual(plain);
    expect(
      await contentOf({}, [
        {
          name: 'gen_ai.client.inference.operation.details',
          attributes: { 'gen_ai.input.messages': messages },
        },
      ]),
    ).toEqual(plain);
    expect(await contentOf({ 'gen_ai.prompt': 'U' })).toEqual({ messages: [user('U')] });
  });

  it('holds tools, their calls and results as OpenAI writes them', async () => {
    const parameters = { type: 'object' };
    expect(
      await contentOf({
        'gen_ai.tool.definitions': [{ type: 'function', name: 'look', parameters }],
        'gen_ai.input.messages': [
          { role: 'user', parts: [{ type: 'text', content: 'U' }] },
          {
            role: 'assistant',
            parts: [{ type: 'tool_call', id: 'c1', name: 'look', arguments: { at: 'x' } }],
          },
          { role: 'tool', parts: [{ type: 'tool_call_response', id: 'c1', response: { ok: true } }] },
        ],
      }),
    ).toEqual({
      messages: [
        user('U'),
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'c1', type: 'function', function: { name: 'look', arguments: '{"at":"x"}' } }],
        },
        { role: 'tool', tool_call_id: 'c1', content: '{"ok":true}' },
      ],
      tools: [{ type: 'function', function: { name: 'look', parameters } }],
    });
  });

  it('is capped at the recorded length of the answer, else at the recorded cap', async () => {
    const messages = [user('U')];
    const capped = { 'gen_ai.input.messages': messages, 'gen_ai.request.max_tokens': 500 };
    expect(await contentOf(capped)).toEqual({ messages, max_tokens: 500 });
    expect(await contentOf({ ...capped, 'gen_ai.usage.output_tokens': 30 })).toEqual({
      messages,
      max_tokens: 30,
    });
    expect(await contentOf({ ...capped, 'gen_ai.usage.completion_tokens': 31 })).toEqual({
      messages,
      max_tokens: 31,
    });
  });

  it('is generated to its length where only that is known, with the prefix of the call before it', async () => {
    const call = (id: string, at: number, input: number, more: object = {}) =>
      other(id, at, at + 1, {
        more: { 'gen_ai.operation.name': 'chat', 'gen_ai.usage.input_tokens': input, ...more },
      });
    const [row] = await rowsOf(
      {
        spans: [
          call('a', 0, 10),
          call('b', 1, 22),
          call('c', 2, 9),
          call('d', 3, 30, { 'gen_ai.usage.cache_read.input_tokens': 5 }),
        ],
      },
      4,
    );
    expect(
      row.turns.map(({ input_length, hash_ids }: { input_length: number; hash_ids: number[] }) => [
        input_length,
        hash_ids,
      ]),
    ).toEqual([
      [10, [0, 1, 2]],
      // Goes on from the first: its whole blocks are 0 and 1.
      [22, [0, 1, 3, 4, 5, 6]],
      // Is shorter: nothing shared.
      [9, [7, 8, 9]],
      // One whole block of the five tokens that were cached.
      [30, [7, 10, 11, 12, 13, 14, 15, 16]],
    ]);
  });
});

describe('a dataset of spans', () => {
  const noText = { prompt: () => '', blocks: () => '' };
  async function planned(inputFile: string, changes: Partial<DatasetOptions> = {}) {
    const plan = await planDataset({ ...options, inputFile, ...changes }, () => {});
    return { plan, dataset: openDataset(plan, noText) };
  }

  it('is detected from a file, and from a folder of them', async () => {
    const own = join(folder, 'detected');
    mkdirSync(own);
    writeFileSync(join(own, 'README.md'), 'no spans');
    const spans = [chat('a', 0, 1, { agent: 'A' }), chat('b', 2, 3, { agent: 'B' })];
    for (const name of ['x.json', 'y.json']) {
      writeFileSync(join(own, name), JSON.stringify({ trace_id: name, span_count: 2, spans }, null, 2));
    }
    const { plan, dataset } = await planned(join(own, 'x.json'));
    expect([
      plan.kind !== 'synthetic' && plan.kind !== 'pool' && plan.type,
      dataset.size,
      isTrace(plan),
    ]).toEqual(['otel_spans', 1, true]);
    const [first] = [dataset.conversation(0)];
    expect([first.sessionId, first.history, first.turns[0]?.messages]).toEqual([
      't',
      'self-contained',
      [user('a')],
    ]);
    expect(
      first.agents?.map(({ sessionId, turns }) => [sessionId, turns[0]?.delayMs, turns[0]?.waitsFor]),
    ).toEqual([['t/B', 1000, [0]]]);
    expect((await planned(own)).dataset.size).toBe(2);
    expect((await planned(own, { datasetType: 'otel_spans' })).dataset.size).toBe(2);
  });

  it('has its pauses cut and its times sped up', async () => {
    const spans = [
      chat('a', 0, 1, { trace: 'x' }),
      chat('b', 11, 12, { trace: 'x' }),
      chat('c', 3, 4, { trace: 'y' }),
      chat('d', 112, 113, { trace: 'y' }),
    ];
    const path = write(JSON.stringify({ spans }));
    const timesOf = async (changes: Partial<Pace>) => {
      const { dataset } = await planned(path, { pace: { ...asRecorded, ...changes } });
      return [0, 1].map((index) =>
        dataset.conversation(index).turns.map(({ timestampMs, delayMs }) => timestampMs ?? delayMs),
      );
    };
    expect(await timesOf({})).toEqual([
      [0, 10_000],
      [3000, 108_000],
    ]);
    expect(await timesOf({ speedup: 10 })).toEqual([
      [0, 1000],
      [300, 10_800],
    ]);
    expect(await timesOf({ speedup: 10, maxDelayMs: 2000 })).toEqual([
      [0, 1000],
      [300, 2000],
    ]);
    // Both sessions have one pause, of 10 s and of 108 s.
    expect(await timesOf({ maxSessionIdleMs: 4000 })).toEqual([
      [0, 4000],
      [3000, 4000],
    ]);
    // Pauses of all: 1 to 3 s, 4 to 11 s and 12 to 112 s. The second is cut by 2 s, the third by 95 s.
    expect(await timesOf({ maxIdleMs: 5000 })).toEqual([
      [0, 8000],
      [3000, 11_000],
    ]);
    // Of the replay at ten times the speed: 50 s of the recording.
    expect(await timesOf({ speedup: 10, maxIdleMs: 5000 })).toEqual([
      [0, 1000],
      [300, 5800],
    ]);
  });

  it('is not seen in a prompt that speaks of spans', async () => {
    const path = write(`${JSON.stringify({ text: 'x "spans": [ "span_id": "1"' })}\n`);
    const { plan } = await planned(path);
    expect(plan.kind === 'rows' && plan.type).toBe('single_turn');
  });

  const recorded = fileURLToPath(new URL('../../../../shared/data/otel-agent-traces', import.meta.url));
  it('is each of nine recorded traces', async (context) => {
    if (!existsSync(recorded)) return context.skip('the recorded traces are not there');
    const { plan, dataset } = await planned(recorded);
    // Four of the traces are in one file; two files hold the same trace.
    expect([dataset.size, totalTurns(plan)]).toEqual([12, 73]);
  });
});

describe('files of spans', () => {
  const attribute = (key: string, value: object) => ({ key, value });
  const nanoseconds = (seconds: number) => `${BigInt(T0) * 1_000_000n + BigInt(seconds * 1e9)}`;
  const otlp = (spanId: string, from: number, to: number, parentSpanId = '') => ({
    ...{ traceId: 'T', spanId, parentSpanId, name: 'chat' },
    startTimeUnixNano: nanoseconds(from),
    endTimeUnixNano: nanoseconds(to),
    attributes: [
      attribute('gen_ai.operation.name', { stringValue: 'chat' }),
      attribute('gen_ai.usage.output_tokens', { intValue: '7' }),
      attribute('gen_ai.input.messages', {
        arrayValue: {
          values: [
            {
              kvlistValue: {
                values: [
                  attribute('role', { stringValue: 'user' }),
                  attribute('content', { stringValue: spanId }),
                ],
              },
            },
          ],
        },
      }),
    ],
  });
  const resourceSpans = (...spans: object[]) => ({
    resourceSpans: [
      {
        resource: { attributes: [attribute('service.name', { stringValue: 'svc' })] },
        scopeSpans: [{ scope: {}, spans }],
      },
    ],
  });
  const expected = [
    {
      session_id: 'T',
      context_mode: 'message_array_with_responses',
      turns: [
        { messages: [user('a')], max_tokens: 7, timestamp: 0 },
        { messages: [user('b')], max_tokens: 7, delay: 250 },
      ],
    },
  ];

  it('may be OTLP, in one object or one on each line', async () => {
    expect(await rowsOf(resourceSpans(otlp('a', 0, 1), otlp('b', 1.25, 2)))).toEqual(expected);
    const lines = [resourceSpans(otlp('b', 1.25, 2)), resourceSpans(otlp('a', 0, 1))];
    expect(await rowsOf(`${lines.map((line) => JSON.stringify(line)).join('\n\n')}\n`)).toEqual(expected);
    expect(await rowsOf(JSON.stringify(lines))).toEqual(expected);
  });

  it('may hold spans as SDKs print them', async () => {
    const printed = (span_id: string, from: number, to: number) => ({
      context: { trace_id: 'T', span_id, trace_state: '[]' },
      ...{ parent_id: null, start_time: iso(from), end_time: iso(to) },
      attributes: {
        'gen_ai.operation.name': 'chat',
        'gen_ai.usage.output_tokens': 7,
        'gen_ai.input.messages': JSON.stringify([user(span_id)]),
      },
      resource: { attributes: { 'service.name': 'svc' } },
    });
    expect(
      await rowsOf(`${JSON.stringify(printed('a', 0, 1))}\n${JSON.stringify(printed('b', 1.25, 2))}`),
    ).toEqual(expected);
  });

  it('of a folder are sessions of their own, also of the same trace', async () => {
    const own = join(folder, 'own');
    mkdirSync(own);
    const paths = ['a', 'b'].map((id, at) => {
      const path = join(own, `${id}.json`);
      writeFileSync(path, JSON.stringify({ trace_id: 't', spans: [chat(id, at, at + 1)] }));
      return path;
    });
    const rows = parsed(await readSpanRows(own, paths, { blockSize: 16, pace: asRecorded }, () => {}));
    expect(rows.map(({ session_id, turns }) => [session_id, turns[0].timestamp])).toEqual([
      ['t', 0],
      ['t#2', 1000],
    ]);
  });

  const { end_time, ...endless } = chat('x', 0, 1);
  it.each<[string, object | string, string]>([
    ['a span that is there twice', { spans: [chat('x', 0, 1), chat('x', 2, 3)] }, 'span x is there twice'],
    [
      'a circle of parents',
      {
        spans: [
          chat('c', 0, 1, { parent: 'a' }),
          chat('a', 0, 1, { parent: 'b' }),
          chat('b', 0, 1, { parent: 'a' }),
        ],
      },
      "spans are each other's parents in a circle: a → b → a",
    ],
    [
      'a span without an end',
      { spans: [endless] },
      'span x has no end time (endTimeUnixNano, or end_time in ISO 8601)',
    ],
    ['a span that ends too early', { spans: [chat('x', 2, 1)] }, 'span x ends before it starts'],
    ['no calls', { spans: [other('x', 0, 1)] }, 'FILE holds no spans of calls to language models'],
    ['what is no JSON', '{"spans": [\n', 'the line is not JSON'],
  ])('are refused for %s', async (_, content, problem) => {
    const refused = rowsOf(content);
    await expect(refused).rejects.toThrow(UserError);
    await expect(refused).rejects.toThrow(problem.replace('FILE ', ''));
  });

  it('are refused with the line of the span', async () => {
    const content = JSON.stringify({ spans: [chat('x', 0, 1), chat('y', 0, 1), chat('x', 2, 3)] }, null, 1);
    const line = content.slice(0, content.lastIndexOf('"x"')).split('\n').length;
    await expect(rowsOf(content)).rejects.toThrow(`.json:${line}: span x is there twice`);
    const second = JSON.stringify({ spans: [chat('y', 0, 1), endless] }, null, 1);
    const at = second.slice(0, second.indexOf('"x"')).split('\n').length;
    await expect(rowsOf(second)).rejects.toThrow(`.json:${at}: span x has no end time`);
  });
});
