import { describe, expect, it } from 'vitest';
import { isTrace } from '../../../src/dataset/plan.js';
import { validateDataset } from '../../../src/dataset/validate/validate.js';
import { lines, load, refusal, sessions, write, writeFolder } from './load-files.js';

const body = (content: string, rest: object = {}) => ({ messages: [{ role: 'user', content }], ...rest });

describe('inputs_json', () => {
  const data = [
    { session_id: 's1', payloads: [body('one', { stream: true }), body('two')] },
    { session_id: 's2', payloads: [body('three')] },
  ];
  const expected = [
    {
      sessionId: 's1',
      history: 'self-contained',
      turns: [
        [body('one', { stream: true }), undefined, undefined],
        [body('two'), undefined, undefined],
      ],
    },
    { sessionId: 's2', history: 'self-contained', turns: [[body('three'), undefined, undefined]] },
  ];

  it.each([
    ['as a run writes it', JSON.stringify({ data }, null, 2)],
    ['on one line', `${JSON.stringify({ data })}\n`],
    ['between other members', JSON.stringify({ version: { data: [1] }, text: '"data":[{', data, end: [1] })],
    ['as an array', JSON.stringify(data)],
    ['as lines', lines(...data)],
  ])('%s', async (_, content) => {
    expect(sessions(await load(write(content, 'inputs.json')))).toEqual(expected);
  });

  it('refuses what is not whole, with its line', async () => {
    const text = JSON.stringify({ data }, null, 2);
    const at = (content: string) => refusal(write(content, 'inputs.json'));
    expect(await at(text.slice(0, text.lastIndexOf(']')))).toBe('FILE:38: the array is not closed');
    expect(await at(text.slice(0, -2))).toBe('FILE:38: the object is not closed');
    expect(await at(`${text}\n{"data": []}`)).toBe('FILE:40: more data follows the object');
    expect(await at(JSON.stringify({ data: [data[0], data[0]] }, null, 1))).toBe(
      'FILE:25: the session_id s1 is used already at FILE:3',
    );
    const item = (change: object) => at(lines({ ...data[1], ...change }));
    expect(await item({ session_id: undefined })).toBe('FILE:1: the item has no session_id');
    expect(await item({ payloads: [] })).toBe('FILE:1: payloads of session s2 must hold at least one body');
    expect(await item({ payloads: [7] })).toBe('FILE:1: payloads[0] must be an object, got 7');
    expect(await item({ payloads: [{}] })).toBe('FILE:1: payloads[0] must be a body, got {}');
  });
});

describe('raw_payload', () => {
  it.each([
    [{ prompt: 'x' }, 'the body has no messages: other bodies are sent as inputs_json'],
    [{ messages: null }, 'the body has no messages: other bodies are sent as inputs_json'],
    [{ messages: 'x' }, 'messages must be a list, got "x"'],
  ])('refuses %j', async (row, problem) => {
    const path = write(lines(body('a'), row));
    expect(await refusal(path)).toBe(`FILE:2: ${problem}`);
    expect((await validateDataset(path, { keepProblems: 9 })).checks.problems.kept).toMatchObject([
      { line: 2, text: problem },
    ]);
  });
});

describe('a folder of raw_payload files', () => {
  const contents = {
    'b.jsonl': lines(body('b0')),
    'a.jsonl': lines(body('a0', { max_tokens: 3 }), body('a1')),
    'notes.txt': 'no rows',
    'deeper/c.jsonl': lines(body('c0')),
  };
  const expected = [
    {
      sessionId: 'a',
      history: 'self-contained',
      turns: [
        [body('a0', { max_tokens: 3 }), undefined, undefined],
        [body('a1'), undefined, undefined],
      ],
    },
    { sessionId: 'b', history: 'self-contained', turns: [[body('b0'), undefined, undefined]] },
  ];

  it('is a conversation per file, in the order of their names; other files are ignored', async () => {
    expect(sessions(await load(writeFolder(contents)))).toEqual(expected);
    expect(sessions(await load(writeFolder(contents), { datasetType: 'raw_payload' }))).toEqual(expected);
  });

  it('names file and line of what cannot be read', async () => {
    const broken = writeFolder({ ...contents, 'b.jsonl': `${lines(body('b0'))}\n\n{` });
    expect(await refusal(broken)).toMatch(/^FILE\/b\.jsonl:3: the line is not JSON/);
    const mixed = writeFolder({ ...contents, 'b.jsonl': lines({ text: 'x' }) });
    expect(await refusal(mixed)).toBe(
      'FILE/b.jsonl:1: the file is a random_pool, and the first of the folder a raw_payload',
    );
    const other = writeFolder({ 'notes.txt': 'x' });
    expect(await refusal(other, { datasetType: 'raw_payload' })).toBe(
      'the folder FILE holds no .jsonl files',
    );
  });
});

describe('sagemaker_data_capture', () => {
  const captured = (inferenceTime: string, input: object, encoding = 'JSON') => ({
    captureData: {
      endpointInput: {
        ...{ observedContentType: 'application/json', mode: 'INPUT', encoding },
        data:
          encoding === 'JSON' ? JSON.stringify(input) : Buffer.from(JSON.stringify(input)).toString('base64'),
      },
      endpointOutput: { encoding: 'JSON', data: '{"usage":{"prompt_tokens":9}}' },
    },
    eventMetadata: { eventId: 'e', inferenceTime },
    eventVersion: '0',
  });
  const { messages } = body('first');

  it('replays messages and caps in the order of their times, from the first', async () => {
    const folder = writeFolder({
      'model/2024/01/02/03/b.jsonl': lines(
        captured('2024-01-02T03:04:07Z', body('third', { max_completion_tokens: 9 })),
        captured('2024-01-02T03:04:05.250Z', body('first', { max_tokens: 7, temperature: 0 }), 'BASE64'),
      ),
      'model/2024/01/02/04/a.jsonl': lines(captured('2024-01-02T04:04:06.5+01:00', body('second'))),
    });
    const loaded = await load(folder);
    expect(isTrace(loaded.plan)).toBe(true);
    // The first time is 03:04:05.250 UTC.
    expect(sessions(loaded)).toEqual([
      { sessionId: 'session_000000', history: 'self-contained', turns: [[messages, 7, 0]] },
      {
        sessionId: 'session_000001',
        history: 'self-contained',
        turns: [[body('second').messages, undefined, 1250]],
      },
      { sessionId: 'session_000002', history: 'self-contained', turns: [[body('third').messages, 9, 1750]] },
    ]);
  });

  const good = captured('2024-01-02T03:04:05Z', body('x'));
  it.each([
    [{ ...good, eventMetadata: {} }, 'eventMetadata has no inferenceTime'],
    [
      { ...good, eventMetadata: { inferenceTime: 'soon' } },
      'inferenceTime must be a time like 2023-11-16 18:17:03.9799600, got "soon"',
    ],
    [
      captured('2024-01-02T03:04:05Z', { inputs: 'x' }),
      'endpointInput has no messages: {"inputs":"x"}; only bodies of OpenAI\'s chat API are read',
    ],
    [
      { ...good, captureData: { endpointInput: { encoding: 'CSV', data: '1,2' } } },
      'endpointInput must be in JSON or BASE64, got CSV',
    ],
    [{ ...good, captureData: {} }, 'the row has no endpointInput'],
  ])('refuses %j', async (row, problem) => {
    expect(await refusal(write(lines(row)))).toBe(`FILE:1: ${problem}`);
  });
});

describe('speed_bench_*', () => {
  const row = (category: string, ...contents: string[]) => ({
    question_id: `id of ${category}`,
    category,
    messages: contents.map((content) => ({ role: 'user', content })),
  });
  const path = () =>
    write(lines(row('math', '1 + 1?', 'And 2?'), row('coding', 'Sort.')), 'throughput_2k.jsonl');

  it('is a turn for each message; a category takes its rows only', async () => {
    const all = await load(path());
    expect(all.plan).toMatchObject({ type: 'speed_bench_throughput_2k' });
    const math = {
      sessionId: 'id of math',
      history: 'live-answers',
      turns: [
        ['1 + 1?', undefined, undefined],
        ['And 2?', undefined, undefined],
      ],
    };
    expect(sessions(all)).toEqual([
      math,
      { sessionId: 'id of coding', history: 'live-answers', turns: [['Sort.', undefined, undefined]] },
    ]);
    const one = await load(path(), { datasetType: 'speed_bench_math' });
    expect(sessions(one)).toEqual([math]);
    expect(one.log).toEqual([
      'WARNING dataset FILE:2: category coding is not sent: speed_bench_math is math',
    ]);
    expect(await refusal(path(), { datasetType: 'speed_bench_throughput_2k_mixed' })).toBe(
      'FILE has no requests to send',
    );
  });

  it('refuses placeholders and empty texts', async () => {
    const placeholder = 'FULL BENCHMARK DATA SHOULD BE FETCHED FROM THE SOURCE USING SPECDEC_BENCH';
    expect(await refusal(write(lines(row('math', placeholder))))).toBe(
      'FILE:1: messages[0] holds a placeholder in place of its text: prepare the data with specdec_bench',
    );
    expect(await refusal(write(lines(row('math', 'a', ' '))))).toBe(
      'FILE:1: messages[1] must have a role and a content that are not empty',
    );
  });
});
