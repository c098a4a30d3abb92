import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Conversation } from '../../../src/dataset/conversation.js';
import {
  type DatasetOptions,
  type DatasetPlan,
  estimateBytes,
  hasTimestamps,
  isTrace,
  openDataset,
  planDataset,
  totalTurns,
} from '../../../src/dataset/plan.js';
import type { PromptSource } from '../../../src/dataset/prompts.js';
import { UserError } from '../../../src/util/errors.js';
import { options } from '../options.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'aiperf-loaders-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

// Prompts that tell what was asked for.
const prompts: PromptSource = {
  prompt: (tokens) => `${tokens} tokens`,
  blocks: (ids, inputLength, blockSize) => `${Array.from(ids).join('-')} of ${blockSize} in ${inputLength}`,
};

let files = 0;
function write(content: string | Buffer, name = 'rows.jsonl'): string {
  const path = join(folder, String(files++), name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}

const lines = (...rows: object[]) => rows.map((row) => JSON.stringify(row)).join('\n');

interface Loaded {
  plan: DatasetPlan;
  conversations: Conversation[];
  warnings: string[];
  path: string;
}

async function load(path: string, changes: Partial<DatasetOptions> = {}): Promise<Loaded> {
  const warnings: string[] = [];
  const plan = await planDataset({ ...options, ...changes, inputFile: path }, (level, logger, message) => {
    warnings.push(`${level} ${logger} ${message.replace(path, 'FILE')}`);
  });
  const dataset = openDataset(structuredClone(plan), prompts);
  const conversations = Array.from({ length: dataset.size }, (_, index) => dataset.conversation(index));
  return { plan, conversations, warnings, path };
}

/** The message of the UserError that loading ends in, with FILE for the file's path. */
async function refusal(path: string, changes: Partial<DatasetOptions> = {}): Promise<string> {
  try {
    await load(path, changes);
  } catch (error) {
    if (error instanceof UserError) return error.message.replaceAll(path, 'FILE');
    throw error;
  }
  return 'accepted';
}

const text = (content: string, rest: object = {}) => ({
  role: 'user',
  texts: [{ name: '', contents: [content] }],
  model: 'm',
  ...rest,
});

describe('single_turn', () => {
  it('is one request a row, rows of one session_id in file order', async () => {
    const path = write(
      lines(
        { text: 'Name three rivers.', output_length: 40, extra: { temperature: 0 } },
        { texts: ['a', 'b'], session_id: 's', role: 'system' },
        { text: 'alone', delay: 0, timestamp: 5 },
        {
          texts: [{ name: 'query', contents: ['best pizza'] }, { contents: ['x'] }],
          session_id: 's',
          delay: 20,
        },
      ),
    );
    const { plan, conversations } = await load(path, { osl: 7 });
    expect(conversations).toEqual([
      {
        sessionId: 'session_000000',
        turns: [text('Name three rivers.', { maxTokens: 40, extra: { temperature: 0 } })],
        history: 'self-contained',
      },
      {
        sessionId: 's',
        turns: [
          { role: 'system', texts: [{ name: '', contents: ['a', 'b'] }], model: 'm', maxTokens: 7 },
          {
            role: 'user',
            texts: [
              { name: 'query', contents: ['best pizza'] },
              { name: '', contents: ['x'] },
            ],
            model: 'm',
            maxTokens: 7,
            delayMs: 20,
          },
        ],
        history: 'self-contained',
      },
      {
        sessionId: 'session_000002',
        turns: [text('alone', { maxTokens: 7, timestampMs: 5, delayMs: 0 })],
        history: 'self-contained',
      },
    ]);
    expect([totalTurns(plan), isTrace(plan), hasTimestamps(plan)]).toEqual([4, false, true]);
  });

  it.each([
    [{ text: 'a', texts: ['b'] }, 'text and texts exclude each other: give one'],
    [{ text: '', texts: [] }, 'there is nothing to send: expected a text (or texts) that is not empty'],
    [{ text: 5 }, 'text must be a string, got 5'],
    [{ texts: 'a' }, 'texts must be a list, got "a"'],
    [{ texts: [{ name: 'q', contents: [1] }] }, 'texts[0].contents must be a list of strings, got [1]'],
    [{ texts: [{ contents: ['a'] }, 'b'] }, 'texts[1] must be an object like the others, got "b"'],
    [{ text: 'a', image: './cat.png' }, 'image: media are not supported yet, only text'],
    [{ audios: ['a.wav'] }, 'audios: media are not supported yet, only text'],
    [{ text: 'a', timestamp: 3, delay: 4 }, 'timestamp and delay exclude each other: give one of them'],
    [{ text: 'a', timestamp: '3' }, 'timestamp must be a number, got "3"'],
    [{ text: 'a', delay: -1 }, 'delay must be at least 0, got -1'],
    [{ text: 'a', output_length: 0 }, 'output_length must be above 0, got 0'],
    [{ text: 'a', output_length: 1.5 }, 'output_length must be a whole number, got 1.5'],
    [{ text: 'a', extra: [1] }, 'extra must be an object, got [1]'],
    [{ text: 'a', session_id: 7 }, 'session_id must be a string, got 7'],
    [{ text: 'a', role: 7 }, 'role must be a string, got 7'],
  ])('refuses %j', async (row, problem) => {
    const path = write(`${lines({ text: 'good' })}\n\n${lines(row)}`);
    expect(await refusal(path, { datasetType: 'single_turn' })).toBe(`FILE:3: ${problem}`);
  });
});

describe('multi_turn', () => {
  it('joins rows of one session and keeps the history', async () => {
    const path = write(
      lines(
        { session_id: 'c1', turns: [{ text: 'Hi' }, { text: 'And then?', delay: 1500 }] },
        { turns: [{ text: 'Other' }] },
        { session_id: 'c1', turns: [{ text: 'Last' }] },
      ),
    );
    const { plan, conversations } = await load(path, { models: ['a', 'b'] });
    expect(conversations).toEqual([
      {
        sessionId: 'c1',
        turns: [
          text('Hi', { model: 'a' }),
          text('And then?', { model: 'b', delayMs: 1500 }),
          text('Last', { model: 'a' }),
        ],
        history: 'live-answers',
      },
      { sessionId: 'session_000001', turns: [text('Other', { model: 'b' })], history: 'live-answers' },
    ]);
    expect(totalTurns(plan)).toBe(4);
  });

  const system = (rest: object = {}) => ({ role: 'system', texts: ['Be', 'brief'], ...rest });
  it.each([
    ['a leading system turn', [system(), { text: 'Hi' }], true, 'Be\nbrief', 1],
    ['an endpoint without a system slot', [system(), { text: 'Hi' }], false, undefined, 2],
    ['a second system turn', [system(), system(), { text: 'Hi' }], true, undefined, 3],
    ['nothing else', [system()], true, undefined, 1],
    ['a cap on it', [system({ output_length: 3 }), { text: 'Hi' }], true, undefined, 2],
    ['a delay on it', [system({ delay: 3 }), { text: 'Hi' }], true, undefined, 2],
    ['a later system turn', [{ text: 'Hi' }, system()], true, undefined, 2],
  ])('with %s', async (_, turns, endpointHasSystemSlot, systemMessage, count) => {
    const { plan, conversations } = await load(write(lines({ turns }, { turns: [{ text: 'x' }] })), {
      endpointHasSystemSlot,
    });
    expect(conversations[0]?.systemMessage).toBe(systemMessage);
    expect(conversations[0]?.turns).toHaveLength(count);
    expect(totalTurns(plan)).toBe(count + 1);
  });

  it('finds the system turn where rows are joined', async () => {
    const path = write(
      lines({ session_id: 's', turns: [system()] }, { session_id: 's', turns: [{ text: 'Hi' }] }),
    );
    const { plan, conversations } = await load(path);
    expect(conversations).toEqual([
      { sessionId: 's', turns: [text('Hi')], history: 'live-answers', systemMessage: 'Be\nbrief' },
    ]);
    expect(totalTurns(plan)).toBe(1);
  });

  it.each([
    [{ turns: [] }, 'turns must hold at least one turn'],
    [{ turns: ['Hi'] }, 'turns[0] must be an object, got "Hi"'],
    [
      { turns: [{ text: 'Hi' }, {}] },
      'turns[1]: there is nothing to send: expected a text (or texts) that is not empty',
    ],
    [{ turns: 'Hi' }, 'turns must be a list, got "Hi"'],
  ])('refuses %j', async (row, problem) => {
    expect(await refusal(write(lines(row)), { datasetType: 'multi_turn' })).toBe(`FILE:1: ${problem}`);
  });
});

describe('mooncake_trace', () => {
  it('leaves send times and delays out when asked to', async () => {
    const path = write(
      lines(
        { session_id: 's', timestamp: 5, input_length: 30 },
        { session_id: 's', delay: 2000, text_input: 'more' },
      ),
    );
    const { plan, conversations } = await load(path, { ignoreTimings: true });
    expect(hasTimestamps(plan)).toBe(false);
    expect(conversations[0]?.turns.map(({ timestampMs, delayMs }) => [timestampMs, delayMs])).toEqual([
      [undefined, undefined],
      [undefined, undefined],
    ]);
  });

  it('generates, sends texts, message arrays and bodies', async () => {
    const messages = [{ role: 'user', content: 'Hi' }];
    const tools = [{ type: 'function' }];
    const path = write(
      lines(
        { timestamp: 0, input_length: 1200, output_length: 52, hash_ids: [7, 8, 9] },
        { session_id: 's1', input_length: 300, output_length: 40 },
        { text_input: 'What is 2+2?', output_length: 8, extra: { seed: 1 } },
        { session_id: 's1', delay: 2000, text_input: 'more' },
        { messages, tools, timestamp: 3 },
        { payload: { prompt: 'x' }, output_length: 3, extra: { a: 1 } },
      ),
    );
    const { plan, conversations, warnings } = await load(path);
    const generated = (content: string, inputTokens: number, rest: object) => ({
      ...text('', rest),
      texts: [{ name: 'text', contents: [content] }],
      inputTokens,
    });
    const bare = { role: 'user', texts: [], model: 'm' };
    expect(conversations).toEqual([
      {
        sessionId: 'session_000000',
        turns: [generated('7-8-9 of 512 in 1200', 1200, { maxTokens: 52, timestampMs: 0 })],
        history: 'live-answers',
      },
      {
        sessionId: 's1',
        turns: [generated('300 tokens', 300, { maxTokens: 40 }), text('more', { delayMs: 2000 })],
        history: 'live-answers',
      },
      {
        sessionId: 'session_000002',
        turns: [text('What is 2+2?', { maxTokens: 8, extra: { seed: 1 } })],
        history: 'live-answers',
      },
      {
        sessionId: 'session_000003',
        turns: [{ ...bare, messages, tools, timestampMs: 3 }],
        history: 'self-contained',
      },
      {
        sessionId: 'session_000004',
        turns: [{ ...bare, payload: { prompt: 'x' }, maxTokens: 3 }],
        history: 'self-contained',
      },
    ]);
    expect(warnings).toEqual([]);
    expect([totalTurns(plan), isTrace(plan), hasTimestamps(plan)]).toEqual([6, true, true]);
  });

  it('takes block size and default cap from the options', async () => {
    const path = write(
      lines({ input_length: 40, hash_ids: [1, 2, 3] }, { input_length: 8, output_length: 2 }),
    );
    const { plan, conversations } = await load(path, { blockSize: 16, osl: 9 });
    expect(conversations.map(({ turns }) => [turns[0]?.texts[0]?.contents[0], turns[0]?.maxTokens])).toEqual([
      ['1-2-3 of 16 in 40', 9],
      ['8 tokens', 2],
    ]);
    expect(estimateBytes(plan)).toBeCloseTo(48 * 4.2, 9);
    expect(hasTimestamps(plan)).toBe(false);
  });

  it('lifts output lengths of 0 and less to 1, with one warning', async () => {
    const path = write(
      lines(
        { input_length: 5, output_length: 0 },
        { input_length: 5, output_length: 0 },
        { input_length: 5, output_length: -2 },
      ),
    );
    const { conversations, warnings } = await load(path);
    expect(conversations.map(({ turns }) => turns[0]?.maxTokens)).toEqual([1, 1, 1]);
    expect(warnings).toEqual([
      'WARNING dataset FILE:1: output_length 0 is no length: 1 is taken instead (and in 1 more rows)',
      'WARNING dataset FILE:3: output_length -2 is no length: 1 is taken instead',
    ]);
  });

  it.each([
    [{}, 'exactly one of input_length, text_input, messages, payload is expected, got none'],
    [
      { input_length: 5, text_input: 'x' },
      'exactly one of input_length, text_input, messages, payload is expected, got input_length and text_input',
    ],
    [{ input_length: 0 }, 'input_length must be above 0, got 0'],
    [{ input_length: '5' }, 'input_length must be a number, got "5"'],
    [
      // (3 - 1) * 512 = 1024 tokens stand in front of the last block.
      { input_length: 1024, hash_ids: [1, 2, 3] },
      'input_length 1024 does not fit 3 hash_ids of 512 tokens: the last block would have 0 tokens',
    ],
    [{ input_length: 5, hash_ids: ['a'] }, 'hash_ids[0] must be a whole number, got "a"'],
    [{ input_length: 5, hash_ids: [1.5] }, 'hash_ids[0] must be a whole number, got 1.5'],
    [{ text_input: 'x', hash_ids: [1] }, 'hash_ids goes only with input_length, got it with text_input'],
    [{ text_input: 'x', tools: [{}] }, 'tools goes only with messages, got it with text_input'],
    [{ messages: [] }, 'messages must not be empty'],
    [{ messages: [{ content: 'x' }] }, 'messages[0] has no role: {"content":"x"}'],
    [{ messages: ['x'] }, 'messages[0] must be an object, got "x"'],
    [{ messages: [{ role: 'user' }], tools: [] }, 'tools must not be empty'],
    [{ payload: {} }, 'payload must not be empty'],
    [{ payload: 'x' }, 'payload must be an object, got "x"'],
    [{ input_length: 5, timestamp: 'now' }, 'timestamp must be a number, got "now"'],
    [{ input_length: 5, output_length: 2.5 }, 'output_length must be a whole number, got 2.5'],
  ])('refuses %j', async (row, problem) => {
    const path = write(`${lines({ input_length: 3 })}\n${lines(row)}\n`);
    expect(await refusal(path, { datasetType: 'mooncake_trace' })).toBe(`FILE:2: ${problem}`);
  });

  it('refuses a session of mixed inputs', async () => {
    const path = write(
      lines(
        { session_id: 's', input_length: 3 },
        { session_id: 's', messages: [{ role: 'user', content: 'x' }] },
      ),
    );
    expect(await refusal(path)).toBe(
      'FILE:2: the session s has rows with generated or literal text, and this one has messages',
    );
  });
});

describe('random_pool', () => {
  it('draws one row of every file of a folder, named after it', async () => {
    const path = dirname(write(lines({ text: 'q0' }, { text: 'q1' }, { text: 'q2' }), 'a.jsonl'));
    writeFileSync(
      join(path, 'b.jsonl.gz'),
      gzipSync(lines({ texts: [{ name: 'passage', contents: ['p'] }] })),
    );
    writeFileSync(join(path, '.hidden'), 'x');
    const { plan, conversations } = await load(path, { entries: 60, osl: 4 });
    expect(conversations).toHaveLength(60);
    expect(totalTurns(plan)).toBe(60);
    const drawn = conversations.map(({ turns }) => turns[0]?.texts[0]?.contents[0] ?? '');
    expect([...new Set(drawn)].sort()).toEqual(['q0', 'q1', 'q2']);
    expect(conversations[7]).toEqual({
      sessionId: 'session_000007',
      turns: [
        {
          role: 'user',
          texts: [
            { name: 'a', contents: [drawn[7]] },
            { name: 'passage', contents: ['p'] },
          ],
          model: 'm',
          maxTokens: 4,
        },
      ],
      history: 'self-contained',
    });
    const again = await load(path, { entries: 60, osl: 4 });
    expect(again.conversations).toEqual(conversations);
    const other = await load(path, { entries: 60, seed: 2 });
    expect(other.conversations.map(({ turns }) => turns[0]?.texts[0]?.contents[0])).not.toEqual(drawn);
  });

  it('takes a single file where the type is named, by option or by the row', async () => {
    const rows = lines({ text: 'x' }, { text: 'x' });
    expect((await load(write(rows), { datasetType: 'random_pool', entries: 5 })).conversations).toHaveLength(
      5,
    );
    const named = lines({ type: 'random_pool', text: 'x' });
    expect((await load(write(named), { entries: 5 })).conversations).toHaveLength(5);
    expect((await load(write(rows), { entries: 5 })).conversations).toHaveLength(2);
  });

  it('weighs a conversation as a row of each pool', async () => {
    // Rows of 12 bytes and a newline: 25 bytes of two rows, 12.5 a row.
    const { plan } = await load(write(lines({ text: 'x' }, { text: 'y' })), {
      datasetType: 'random_pool',
      entries: 4,
    });
    expect(estimateBytes(plan)).toBe(4 * 12.5);
  });

  it('refuses a malformed row, and a folder of something else', async () => {
    const path = dirname(write(lines({ text: 'a' }, { image: 'a.png' }), 'a.jsonl'));
    expect(await refusal(path)).toBe('FILE/a.jsonl:2: image: media are not supported yet, only text');
    const traces = dirname(write(lines({ input_length: 5 }), 'a.jsonl'));
    expect(await refusal(traces)).toBe(
      'FILE/a.jsonl:1: a folder must hold random_pool files, and this row has no text: {"input_length":5}',
    );
    const payloads = dirname(write(lines({ messages: [] }), 'a.jsonl'));
    expect(await refusal(payloads)).toBe('FILE/a.jsonl looks like raw_payload, which is not supported yet');
    expect(await refusal(path, { datasetType: 'single_turn' })).toBe(
      'FILE is a folder, and single_turn wants a file',
    );
    const nothing = join(folder, 'nothing');
    mkdirSync(nothing);
    expect(await refusal(nothing)).toBe('the folder FILE holds no files');
  });
});

describe('the type of a file', () => {
  const messages = [{ role: 'user', content: 'x' }];
  it.each([
    [{ text: 'x', unknown: 1 }, 'single_turn'],
    [{ texts: ['x'] }, 'single_turn'],
    [{ turns: [{ text: 'x' }] }, 'multi_turn'],
    [{ session_id: 's', turns: [{ text: 'x' }] }, 'multi_turn'],
    [{ input_length: 5 }, 'mooncake_trace'],
    [{ text_input: 'x' }, 'mooncake_trace'],
    [{ payload: { a: 1 } }, 'mooncake_trace'],
    [{ messages, timestamp: 0 }, 'mooncake_trace'],
    [{ messages, session_id: 's' }, 'mooncake_trace'],
    [{ messages, output_length: 4 }, 'mooncake_trace'],
    [{ type: 'mooncake_trace', messages }, 'mooncake_trace'],
    [{ type: 'text', input_length: 5 }, 'mooncake_trace'],
    // Two types have their keys here, and only one of them can be read.
    [{ text: 'x', turns: [] }, 'single_turn'],
    [{ text: 5, input_length: 5 }, 'mooncake_trace'],
  ])('of %j is %s', async (row, type) => {
    const { plan } = await load(write(lines(row)));
    expect(plan.kind === 'rows' && plan.type).toBe(type);
  });

  it.each([
    [{ messages }, 'raw_payload'],
    [{ type: 'raw_payload', text: 'x' }, 'raw_payload'],
    [{ chat_id: 1, parent_chat_id: -1, timestamp: 1, input_length: 5, output_length: 5 }, 'bailian_trace'],
    [{ chat_id: 1, type: 'text', timestamp: 1, input_length: 5, output_length: 5 }, 'bailian_trace'],
    [{ data: [{ session_id: 's', payloads: [] }] }, 'inputs_json'],
    [{ session_id: 's', turns: [{ messages }] }, 'dag_jsonl'],
  ])('of %j would be %s, which is not built', async (row, type) => {
    expect(await refusal(write(lines(row)))).toBe(`FILE looks like ${type}, which is not supported yet`);
  });

  it('is told from names and columns too', async () => {
    expect(await refusal(write('x', 'a.parquet'))).toBe(
      'FILE looks like baseten_trace, which is not supported yet',
    );
    expect(await refusal(write('Timestamp,Model,Request tokens,Response tokens\n5,m,1,2\n', 'a.csv'))).toBe(
      'FILE looks like burst_gpt_trace, which is not supported yet',
    );
    const inputs = JSON.stringify({ data: [] }, null, 2);
    expect(await refusal(write(inputs, 'inputs.json'))).toBe(
      'FILE looks like inputs_json, which is not supported yet',
    );
  });

  it.each([
    [{ a: 1 }, 'FILE:1: the row fits no known type: {"a":1}'],
    [{ text: 'x', input_length: 5 }, 'FILE:1: the row fits several types: single_turn, mooncake_trace'],
    [
      { type: 'single_turn', input_length: 5 },
      'FILE:1: there is nothing to send: expected a text (or texts) that is not empty',
    ],
  ])('of %j cannot be told', async (row, problem) => {
    expect(await refusal(write(lines(row)))).toBe(problem);
  });
});

describe('a file', () => {
  const rows = [{ text: 'one' }, { text: 'zwei ü 漢' }];
  it.each([
    [
      'CRLF and blank lines',
      `\r\n${rows.map((row) => JSON.stringify(row)).join('\r\n  \r\n\r\n')}\r\n`,
      'a.jsonl',
    ],
    ['no newline at its end', lines(...rows), 'a.jsonl'],
    ['a byte order mark', `\ufeff${lines(...rows)}`, 'a.jsonl'],
    ['gzip', gzipSync(lines(...rows)), 'a.jsonl.gz'],
  ])('with %s is read', async (_, content, name) => {
    const { conversations } = await load(write(content, name));
    expect(conversations.map(({ turns }) => turns)).toEqual([[text('one')], [text('zwei ü 漢')]]);
  });

  it('names the line of what is no JSON object, blank lines counted', async () => {
    const at = (line: string) => refusal(write(`{"text":"a"}\n\n${line}\n`));
    expect(await at('{"text":')).toMatch(/^FILE:3: the line is no JSON \(.+\)$/);
    expect(await at('[1]')).toBe('FILE:3: expected a JSON object, got [1]');
    expect(await at('"x"')).toBe('FILE:3: expected a JSON object, got "x"');
    expect(await refusal(write('hello'))).toBe('FILE:1: the line is no JSON: "hello"');
    expect(await refusal(write('5'))).toBe('FILE:1: expected a JSON object, got 5');
  });

  it('that is missing, empty or broken is refused', async () => {
    expect(await refusal(join(folder, 'none.jsonl'))).toBe('--input-file FILE does not exist');
    expect(await refusal(write(''))).toBe('FILE holds no rows');
    expect(await refusal(write(' \n\r\n'))).toBe('FILE holds no rows');
    expect(await refusal(write('{"text":"x"}', 'a.jsonl.gz'))).toBe(
      'FILE cannot be read: incorrect header check',
    );
    const cut = gzipSync(lines(...rows));
    expect(await refusal(write(cut.subarray(0, cut.length - 9), 'a.jsonl.gz'))).toBe(
      'FILE cannot be read: unexpected end of file',
    );
    expect(await refusal(join(write('x'), 'inside'))).toMatch(/^--input-file cannot be read: ENOTDIR/);
  });
});
