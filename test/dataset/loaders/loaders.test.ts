import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Conversation } from '../../../src/dataset/conversation.js';
import type { DatasetOptions } from '../../../src/dataset/dataset-options.js';
import { readRowFile } from '../../../src/dataset/loaders/row-file.js';
import {
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
    [{ text: 'a', texts: ['b'] }, 'text and texts cannot be combined: give one'],
    [{ text: '', texts: [] }, 'nothing to send: expected a non-empty text (or texts), image, audio or video'],
    [{ text: 5 }, 'text must be a string, got 5'],
    [{ texts: 'a' }, 'texts must be a list, got "a"'],
    [{ texts: [{ name: 'q', contents: [1] }] }, 'texts[0].contents must be a list of strings, got [1]'],
    [{ texts: [{ contents: ['a'] }, 'b'] }, 'texts[1] must be an object like the others, got "b"'],
    [{ text: 'a', timestamp: 3, delay: 4 }, 'timestamp and delay cannot be combined: give one of them'],
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
      'turns[1]: nothing to send: expected a non-empty text (or texts), image, audio or video',
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
      'WARNING dataset FILE:1: output_length 0 is not a valid length: using 1 (and in 1 more rows)',
      'WARNING dataset FILE:3: output_length -2 is not a valid length: using 1',
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
      'input_length 1024 does not fit 3 hash_ids of 512 tokens: the last block would have 0 tokens. Blocks of 342 to 511 tokens would fit: set --isl-block-size',
    ],
    [{ input_length: 5, hash_ids: ['a'] }, 'hash_ids[0] must be an integer of at most 64 bits, got "a"'],
    [{ input_length: 5, hash_ids: [1.5] }, 'hash_ids[0] must be an integer of at most 64 bits, got 1.5'],
    [{ text_input: 'x', hash_ids: [1] }, 'hash_ids is only valid with input_length, got it with text_input'],
    [{ text_input: 'x', tools: [{}] }, 'tools is only valid with messages, got it with text_input'],
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
    expect(await refusal(path)).toBe(
      'FILE/a.jsonl:2: the image file a.png does not exist; relative paths start at the working directory',
    );
    const traces = dirname(write(lines({ input_length: 5 }), 'a.jsonl'));
    expect(await refusal(traces)).toBe(
      'FILE/a.jsonl:1: a folder holds sagemaker_data_capture, raw_payload or random_pool files, and this row is of none of them: {"input_length":5}',
    );
    expect(await refusal(path, { datasetType: 'single_turn' })).toBe(
      'FILE is a folder, but single_turn needs a file',
    );
    const nothing = join(folder, 'nothing');
    mkdirSync(nothing);
    expect(await refusal(nothing)).toBe('the folder FILE holds no files');
  });
});

describe('sharegpt', () => {
  const said = (from: string, value: string) => ({ from, value });
  const pair = [said('human', 'Why?'), said('gpt', 'Because.')];

  it('is a turn for each pair of messages, in a JSON array as in lines; the recorded answers are not sent', async () => {
    const rows = [
      { id: 'q1', conversations: pair },
      {
        id: 'q2',
        conversations: [
          said('system', 'Be brief.'),
          said('human', 'Two uses?'),
          said('gpt', 'Prompts and chats.'),
          said('human', 'Which gains more?'),
          said('gpt', 'Chats.'),
        ],
      },
    ];
    for (const content of [JSON.stringify(rows, null, 1), JSON.stringify(rows), lines(...rows)]) {
      const { plan, conversations } = await load(write(content, 'sharegpt.json'), {
        endpointHasSystemSlot: true,
        osl: 7,
      });
      expect(plan.kind === 'rows' && plan.type).toBe('sharegpt');
      expect(totalTurns(plan)).toBe(3);
      expect(conversations).toMatchObject([
        { history: 'live-answers', turns: [text('Why?', { maxTokens: 7 })] },
        {
          history: 'live-answers',
          systemMessage: 'Be brief.',
          turns: [text('Two uses?', { maxTokens: 7 }), text('Which gains more?', { maxTokens: 7 })],
        },
      ]);
    }
  });

  it('passes over what has no answer, and says which conversations have nothing to send', async () => {
    const path = write(
      lines(
        { conversations: [] },
        { conversations: [said('gpt', 'Go on.'), ...pair, said('human', 'And?')] },
        { conversations: [said('human', ''), said('gpt', 'Yes?'), ...pair] },
        {
          conversations: [
            { role: 'user', content: 'Hi' },
            { role: 'assistant', content: 'Hello' },
          ],
        },
      ),
    );
    const { conversations, warnings } = await load(path);
    expect(conversations.map(({ turns }) => turns)).toEqual([[text('Why?')], [text('Hi')]]);
    expect(warnings).toEqual([
      'WARNING dataset FILE:1: no user message with an answer: conversation skipped (and in 1 more rows)',
    ]);
    expect(await refusal(write(lines({ conversations: [] })))).toBe('FILE has no requests to send');
    expect(await refusal(write(lines({ conversations: [...pair, said('tool', '5')] })))).toBe(
      'FILE:1: conversations[2].from must be one of human, user, gpt, chatgpt, bing, bard, assistant, model, system, got "tool"',
    );
  });
});

describe('openai_batch', () => {
  const batch = (body: object, rest: object = {}) => ({
    custom_id: 'r0',
    method: 'POST',
    url: '/v1/chat/completions',
    body,
    ...rest,
  });
  const messages = [{ role: 'user', content: 'What limits decode speed?' }];

  it('is the body with its own parameters; model and stream are those of the run', async () => {
    const tools = [{ type: 'function', function: { name: 'f' } }];
    const path = write(
      lines(
        batch({ model: 'a', messages, max_tokens: 8, temperature: 0.5, stream: false }),
        batch({ model: 'a', messages, tools }, { custom_id: 'r1' }),
        batch({ prompt: ['x', 'y'], max_completion_tokens: 3 }, { custom_id: 'r2', url: '/v1/completions' }),
      ),
    );
    const { plan, conversations, warnings } = await load(path, { osl: 7 });
    expect(plan.kind === 'rows' && plan.type).toBe('openai_batch');
    expect(conversations).toEqual([
      {
        sessionId: 'r0',
        history: 'self-contained',
        turns: [
          {
            role: 'user',
            texts: [],
            model: 'm',
            messages,
            extra: { max_tokens: 8, temperature: 0.5 },
            maxTokens: 7,
          },
        ],
      },
      {
        sessionId: 'r1',
        history: 'self-contained',
        turns: [{ role: 'user', texts: [], model: 'm', messages, tools, extra: {}, maxTokens: 7 }],
      },
      {
        sessionId: 'r2',
        history: 'self-contained',
        turns: [
          {
            role: 'user',
            texts: [{ name: '', contents: ['x', 'y'] }],
            model: 'm',
            extra: { max_completion_tokens: 3 },
            maxTokens: 7,
          },
        ],
      },
    ]);
    expect(warnings).toEqual([
      "WARNING dataset FILE:1: the body's model a is replaced by that of --model (and in 1 more rows)",
    ]);
  });

  it.each([
    [
      batch({ input: 'x' }, { url: '/v1/embeddings' }),
      'url /v1/embeddings is not supported: only /v1/chat/completions and /v1/completions are',
    ],
    [batch({ model: 'a' }), 'the body has neither messages nor a prompt'],
    [batch({ messages: [] }), 'messages must not be empty'],
    [{ custom_id: 'a', body: 5 }, 'body must be an object, got 5'],
  ])('refuses %j', async (row, problem) => {
    expect(await refusal(write(lines(row)))).toBe(`FILE:1: ${problem}`);
  });

  it('refuses an id that is there twice', async () => {
    expect(await refusal(write(lines(batch({ messages }), batch({ messages }))))).toBe(
      'FILE:2: the custom_id r0 is used already at FILE:1',
    );
  });
});

describe('prompts', () => {
  it('are rows of a text, with the cap under any of its names', async () => {
    const path = write(
      lines(
        { prompt: 'a' },
        { prompt: 'b', output_tokens: 5 },
        { prompt: 'c', max_tokens: 6 },
        { prompt: ['d', 'e'], output_length: 7 },
      ),
    );
    const { plan, conversations } = await load(path);
    expect(plan.kind === 'rows' && plan.type).toBe('single_turn');
    expect(conversations.map(({ turns }) => turns)).toEqual([
      [text('a')],
      [text('b', { maxTokens: 5 })],
      [text('c', { maxTokens: 6 })],
      [{ ...text('d', { maxTokens: 7 }), texts: [{ name: '', contents: ['d', 'e'] }] }],
    ]);
  });

  it.each([
    [{ prompt: { a: 1 } }, 'prompt must be a text or a list of texts, got {"a":1}'],
    [{ prompt: 'a', text: 'b' }, 'text and prompt cannot be combined: give one'],
    [{ prompt: 'a', max_tokens: 0 }, 'max_tokens must be above 0, got 0'],
  ])('refuses %j', async (row, problem) => {
    expect(await refusal(write(lines(row)))).toBe(`FILE:1: ${problem}`);
  });
});

describe('a JSON array', () => {
  it('is read item by item, whatever the type, with the line of each', async () => {
    const path = write('\ufeff [\n {"text":"a ]},{\\""} , {"text":"b"},\n\n{"text":\n"c"}\n]\n', 'rows.json');
    const { conversations } = await load(path);
    expect(conversations.map(({ turns }) => turns[0]?.texts[0]?.contents)).toEqual([
      ['a ]},{"'],
      ['b'],
      ['c'],
    ]);
    const bad = write('[{"text":"a"},\n{"text":"b"},\n  {"text":5}]', 'rows.json');
    expect(await refusal(bad)).toBe('FILE:3: text must be a string, got 5');
  });

  it.each([
    ['[]', 'FILE holds no rows'],
    ['[{"text":"a"}', 'FILE:1: the array is not closed'],
    ['[{"text":"a"},\n,{"text":"b"}]', 'FILE:2: an item is missing before a comma'],
    ['[{"text":"a"}]\n{"text":"b"}', 'FILE:2: more data follows the array'],
    ['[{"text":"a"}\n 5]', 'FILE:1: the line is not JSON'],
    ['[5]', 'FILE:1: expected a JSON object, got 5'],
  ])('%j is refused', async (content, problem) => {
    expect(await refusal(write(content, 'rows.json'))).toContain(problem);
  });
});

describe('ids of 64 bits', () => {
  const row = (...ids: string[]) => `{"input_length":1024,"output_length":8,"hash_ids":[${ids.join(',')}]}`;

  it('that differ stay different', async () => {
    const path = write(
      `${row('18446744073709551615', '9007199254740993')}\n${row('18446744073709551615', '9007199254740995')}\n`,
    );
    const { conversations } = await load(path);
    expect(conversations.map(({ turns }) => turns[0]?.texts[0]?.contents[0])).toEqual([
      '18446744073709551615-9007199254740993 of 512 in 1024',
      '18446744073709551615-9007199254740995 of 512 in 1024',
    ]);
  });

  it('keep what is shared when the trace is changed', async () => {
    const path = write(
      [row('18446744073709551615', '9007199254740993'), row('18446744073709551615', '5')].join('\n'),
    );
    const { conversations } = await load(path, {
      synthesis: {
        speedupRatio: 1,
        prefixLenMultiplier: 1,
        prefixRootMultiplier: 1,
        promptLenMultiplier: 1,
        outputLenMultiplier: 1,
        maxIsl: undefined,
        maxOsl: 4,
        window: { fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY },
      },
    });
    expect(conversations.map(({ turns: [turn] }) => [turn?.texts[0]?.contents[0], turn?.maxTokens])).toEqual([
      ['0-1 of 512 in 1024', 4],
      ['0-2 of 512 in 1024', 4],
    ]);
  });

  it.each(['18446744073709551616', '-9223372036854775809', '1e30'])('%s is none', async (id) => {
    expect(await refusal(write(row(id, '1')))).toMatch(
      /^FILE:1: hash_ids\[0\] must be an integer of at most 64 bits, got /,
    );
  });

  it('an integer that a body would lose digits of is refused', async () => {
    expect(await refusal(write('{"payload":{"messages":[],"seed":18446744073709551615}}'))).toBe(
      'FILE:1: payload holds the integer 18446744073709551615, which would be sent as 18446744073709552000: write it as text, or below 2^53',
    );
    expect(await refusal(write('{"text":"18446744073709551615","id":18446744073709551615}'))).toBe(
      'accepted',
    );
  });
});

describe('limits', () => {
  it('tokens of a prompt and of an answer', async () => {
    expect(await refusal(write('{"input_length":1000000000000}'))).toBe(
      'FILE:1: input_length must be at most 10000000, got 1000000000000',
    );
    expect(await refusal(write('{"text":"a"}\n{"text":"a","output_length":10000001}'))).toBe(
      'FILE:2: output_length must be at most 10000000, got 10000001',
    );
  });

  it('levels of a row', async () => {
    const nested = (levels: number) => `{"text":"a","x":${'['.repeat(levels)}${']'.repeat(levels)}}`;
    expect(await refusal(write(nested(199)))).toBe('accepted');
    const tooDeep = 'FILE:1: the row is nested in more than 200 levels, the limit';
    expect(await refusal(write(nested(200)))).toBe(tooDeep);
    expect(await refusal(write(nested(100_000)))).toBe(tooDeep);
    expect(await refusal(write(`{"text":"${'['.repeat(300)}"}`))).toBe('accepted');
  });

  it('a line without an end, and a file larger than the memory for it', async () => {
    expect(await refusal('/dev/zero')).toBe('FILE:1: the row is longer than 64 MiB, the limit');
    const bomb = gzipSync(Buffer.alloc(70 * 2 ** 20, ' '));
    expect(await refusal(write(bomb, 'a.jsonl.gz'))).toBe('FILE:1: the row is longer than 64 MiB, the limit');
    const path = write(lines({ text: 'a' }, { text: 'b' }));
    await expect(readRowFile(path, 20)).rejects.toThrow(
      `${path} holds more than 0 MB, the limit for the free memory of this machine`,
    );
  });
});

describe('text that is not UTF-8', () => {
  it.each([
    ['Latin-1', Buffer.from('{"text":"caf\xe9 au lait"}\n', 'latin1'), 1],
    ['Latin-1 in a later line', Buffer.from('{"text":"a"}\n\n{"text":"caf\xe9"}\n{}', 'latin1'), 3],
    ['UTF-16', Buffer.from('\ufeff{"text":"a"}\n', 'utf16le'), 1],
    ['a picture', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), 1],
    ['the end cut within a character', Buffer.from('{"text":"é"}').subarray(0, 10), 1],
  ])('%s is refused with its line', async (_, bytes, line) => {
    expect(await refusal(write(bytes))).toBe(`FILE:${line}: the line is not valid UTF-8`);
  });
});

describe('the type of a file', () => {
  const messages = [{ role: 'user', content: 'x' }];
  it.each([
    [{ text: 'x', unknown: 1 }, 'single_turn'],
    [{ prompt: 'x', id: 7 }, 'single_turn'],
    [{ texts: ['x'] }, 'single_turn'],
    [{ turns: [{ text: 'x' }] }, 'multi_turn'],
    [{ session_id: 's', turns: [{ text: 'x' }] }, 'multi_turn'],
    [{ messages }, 'raw_payload'],
    [{ type: 'raw_payload', text: 'x', messages }, 'raw_payload'],
    [{ input_length: 5 }, 'mooncake_trace'],
    [{ text_input: 'x' }, 'mooncake_trace'],
    [{ payload: { a: 1 } }, 'mooncake_trace'],
    [{ messages, timestamp: 0 }, 'mooncake_trace'],
    [{ messages, session_id: 's' }, 'mooncake_trace'],
    [{ messages, output_length: 4 }, 'mooncake_trace'],
    [{ type: 'mooncake_trace', messages }, 'mooncake_trace'],
    [{ type: 'text', input_length: 5 }, 'mooncake_trace'],
    [{ chat_id: 1, parent_chat_id: -1, timestamp: 1, input_length: 5, output_length: 5 }, 'bailian_trace'],
    [{ chat_id: 1, type: 'text', timestamp: 1, input_length: 5, output_length: 5 }, 'bailian_trace'],
    [{ data: [{ session_id: 's', payloads: [{ a: 1 }] }] }, 'inputs_json'],
    [{ session_id: 's', payloads: [{ a: 1 }] }, 'inputs_json'],
    [{ question_id: 'q', category: 'math', messages }, 'speed_bench_qualitative'],
    // Two types have their keys here, and only one of them can be read.
    [{ text: 'x', turns: [] }, 'single_turn'],
    [{ text: 5, input_length: 5 }, 'mooncake_trace'],
  ])('of %j is %s', async (row, type) => {
    const { plan } = await load(write(lines(row)));
    expect(plan.kind === 'rows' && plan.type).toBe(type);
  });

  it.each([
    [{ a: 1 }, 'FILE:1: the row fits no known type: {"a":1}'],
    [{ text: 'x', input_length: 5 }, 'FILE:1: the row fits several types: single_turn, mooncake_trace'],
    [
      { type: 'single_turn', input_length: 5 },
      'FILE:1: nothing to send: expected a non-empty text (or texts), image, audio or video',
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
    expect(await at('{"text":')).toMatch(/^FILE:3: the line is not JSON \(.+\)$/);
    expect(await at('[1]')).toBe('FILE:3: expected a JSON object, got [1]');
    expect(await at('"x"')).toBe('FILE:3: expected a JSON object, got "x"');
    expect(await refusal(write('hello'))).toBe('FILE:1: the line is not JSON: "hello"');
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
