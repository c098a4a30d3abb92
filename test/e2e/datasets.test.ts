import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openTokenizer } from '../../src/dataset/tokenizer/open.js';
import {
  aiperf,
  type Options,
  panelText,
  profileWords,
  readJson,
  readRecords,
  temporaryFolder,
} from './aiperf.js';
import { chatEvent, type ScriptedServer, startScriptedServer, streamTokens } from './scripted-server.js';

const tokenizer = openTokenizer({ kind: 'shipped', name: 'builtin' });

interface Body {
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly max_completion_tokens?: number;
  readonly [key: string]: unknown;
}

let server: ScriptedServer;
let answers: number;
beforeAll(async () => {
  // Each answer is another text, so that it can be told apart in a history: "Answer 1", "Answer 2" ...
  server = await startScriptedServer((_, response) => streamTokens(response, ['Answer', ` ${++answers}`]));
});
afterAll(() => server.close());
beforeEach(() => {
  answers = 0;
  server.forget();
});

/** Plays a file, one request after the other unless told otherwise; gives what came over the wire and the records. */
async function play(file: string, options: Options = {}) {
  const folder = temporaryFolder();
  const ended = await aiperf(
    profileWords({
      ...{ model: 'm', tokenizer: 'builtin', url: server.url, streaming: true, concurrency: 1 },
      ...{ 'input-file': file, 'artifact-dir': folder, 'random-seed': 5, ...options },
    }),
  );
  expect(ended).toMatchObject({ code: 0, stderr: '' });
  const summary = readJson(join(folder, 'profile_export_aiperf.json'));
  return {
    bodies: server.seen.map(({ body }): Body => JSON.parse(body)),
    sessions: server.seen.map(({ headers }) => headers['x-correlation-id']),
    records: readRecords(join(folder, 'profile_export.jsonl')),
    inputs: readJson(join(folder, 'inputs.json')).data as { session_id: string; payloads: Body[] }[],
    format: summary.input_config.datasets[0].format as string,
  };
}

function lines(rows: readonly object[]): string {
  const path = join(temporaryFolder(), 'rows.jsonl');
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return path;
}

const said = (body: Body) => body.messages.map(({ role, content }) => `${role}: ${content}`);

describe('single_turn', () => {
  it('sends each row as it is, with what the row asks for', async () => {
    const file = lines([
      { text: 'Name three rivers.', output_length: 40 },
      { text: 'And a lake, "quoted" — ünïcode.', extra: { top_k: 3 } },
      { texts: ['one', 'two'] },
    ]);
    const { bodies, format, records } = await play(file, {
      'request-count': 3,
      'extra-inputs': 'temperature:0',
    });
    expect(format).toBe('single_turn');
    expect(bodies.map((body) => body.messages[0]?.content).slice(0, 2)).toEqual([
      'Name three rivers.',
      'And a lake, "quoted" — ünïcode.',
    ]);
    expect(bodies.map((body) => body.max_completion_tokens)).toEqual([40, undefined, undefined]);
    expect(bodies.map((body) => body.top_k)).toEqual([undefined, 3, undefined]);
    expect(bodies.map((body) => body.temperature)).toEqual([0, 0, 0]);
    expect(records.map(({ metrics }) => metrics.input_sequence_length?.value)).toEqual(
      ['Name three rivers.', 'And a lake, "quoted" — ünïcode.', 'one two'].map((text) =>
        tokenizer.count(text),
      ),
    );
  });

  it('goes round when more is asked for than there is', async () => {
    const { bodies } = await play(lines([{ text: 'a' }, { text: 'b' }]), { 'request-count': 5 });
    expect(bodies.map((body) => body.messages[0]?.content)).toEqual(['a', 'b', 'a', 'b', 'a']);
  });
});

describe('multi_turn', () => {
  it('sends the history with the answers that came, and keeps sessions apart', async () => {
    const file = lines([
      {
        session_id: 'c1',
        turns: [{ role: 'system', text: 'Be brief.' }, { text: 'Hi' }, { text: 'And then?', delay: 30 }],
      },
      { session_id: 'c2', turns: [{ text: 'Other' }, { text: 'More' }, { text: 'End' }] },
    ]);
    const { bodies, sessions, format, records, inputs } = await play(file, { 'conversation-num': 2 });
    expect(format).toBe('multi_turn');
    expect(bodies.map(said)).toEqual([
      ['system: Be brief.', 'user: Hi'],
      ['system: Be brief.', 'user: Hi', 'assistant: Answer 1', 'user: And then?'],
      ['user: Other'],
      ['user: Other', 'assistant: Answer 3', 'user: More'],
      ['user: Other', 'assistant: Answer 3', 'user: More', 'assistant: Answer 4', 'user: End'],
    ]);
    expect(new Set(sessions.slice(0, 2)).size).toBe(1);
    expect(new Set(sessions.slice(2)).size).toBe(1);
    expect(new Set(sessions).size).toBe(2);
    expect(records.map(({ metadata }) => `${metadata.conversation_id} ${metadata.turn_index}`)).toEqual([
      ...['c1 0', 'c1 1'],
      ...['c2 0', 'c2 1', 'c2 2'],
    ]);
    // The input is all the text that was sent, joined by single spaces.
    expect(records.map(({ metrics }) => metrics.input_sequence_length?.value)).toEqual(
      bodies.map((body) => tokenizer.count(body.messages.map(({ content }) => content).join(' '))),
    );
    // The second turn of c1 was due 30 ms after the first had come back.
    const [first, second] = records;
    expect((second?.ns('credit_issued_ns') ?? 0n) - (first?.ns('request_end_ns') ?? 0n)).toBe(30_000_000n);
    // In the file of inputs each turn stands alone, the system message apart.
    expect(
      inputs.map(({ session_id, payloads }) => [session_id, payloads.map((body) => said(body).at(-1))]),
    ).toEqual([
      ['c1', ['user: Hi', 'user: And then?']],
      ['c2', ['user: Other', 'user: More', 'user: End']],
    ]);
  });

  // As chat templates of Mistral and Gemma do, it refuses two messages of one role in a row.
  describe('against a server that wants roles to alternate', () => {
    let strict: ScriptedServer;
    /** What becomes of a conversation's second turn; the others are answered. */
    let second: (response: ServerResponse) => void;
    /** So many requests are answered, later ones never. */
    let mostAnswered: number;
    beforeAll(async () => {
      strict = await startScriptedServer(({ body }, response) => {
        if (strict.seen.length > mostAnswered) return;
        const { messages }: Body = JSON.parse(body);
        const alternate = messages.every(({ role }, i) => role === (i % 2 === 0 ? 'user' : 'assistant'));
        const text = messages.at(-1)?.content ?? '';
        if (!alternate) response.writeHead(400).end('roles must alternate');
        else if (text === 'two') second(response);
        else streamTokens(response, ['Re:', ` ${text}`]);
      });
    });
    afterAll(() => strict.close());
    beforeEach(() => {
      strict.forget();
      mostAnswered = Number.POSITIVE_INFINITY;
    });

    const turns = ['one', 'two', 'three', 'four', 'five'].map((text) => ({ text }));
    const refuse = (response: ServerResponse) => void response.writeHead(503).end('busy');
    const hang = () => {};
    const breakOff = (response: ServerResponse) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(chatEvent({ content: 'half an answer' }), () => response.destroy());
    };

    it.each<[string, (response: ServerResponse) => void, Options]>([
      ['closed loop, 503', refuse, {}],
      ['closed loop, an answer that breaks off', breakOff, {}],
      ['closed loop, a request that times out', hang, { 'request-timeout-seconds': 1 }],
      ['a rate, 503', refuse, { 'request-rate': 200 }],
      ['a fixed schedule, 503', refuse, { 'fixed-schedule': true, 'custom-dataset-type': 'multi_turn' }],
      ['users, 503', refuse, { 'user-centric-rate': 100, 'num-users': 1 }],
    ])('a failed turn is left out of the history: %s', async (_name, fail, options) => {
      second = fail;
      const folder = temporaryFolder();
      const file = lines([{ session_id: 'c', turns: [{ ...turns[0], timestamp: 0 }, ...turns.slice(1)] }]);
      const ended = await aiperf(
        profileWords({
          ...{ model: 'm', tokenizer: 'builtin', url: strict.url, streaming: true, 'conversation-num': 1 },
          ...{ 'input-file': file, 'artifact-dir': folder, ...options },
        }),
      );
      expect(ended.stderr).toBe('');
      const records = readRecords(join(folder, 'profile_export.jsonl'));
      expect(records.map(({ error }) => error !== undefined)).toEqual([false, true, false, false, false]);
      expect(strict.seen.map(({ body }) => said(JSON.parse(body)))).toEqual([
        ['user: one'],
        ['user: one', 'assistant: Re: one', 'user: two'],
        ['user: one', 'assistant: Re: one', 'user: three'],
        ['user: one', 'assistant: Re: one', 'user: three', 'assistant: Re: three', 'user: four'],
        [
          ...['user: one', 'assistant: Re: one', 'user: three', 'assistant: Re: three', 'user: four'],
          ...['assistant: Re: four', 'user: five'],
        ],
      ]);
      expect(ended.code).toBe(0);
    });

    it('so is a cancelled one, and one of warm-up', async () => {
      second = refuse;
      // Those of the warm-up; an answer could be here before its request is cancelled.
      mostAnswered = 5;
      const folder = temporaryFolder();
      const file = lines([{ session_id: 'c', turns }]);
      const cancelled = { 'request-cancellation-rate': 100, 'request-cancellation-delay': 0 };
      const ended = await aiperf(
        profileWords({
          ...{ model: 'm', tokenizer: 'builtin', url: strict.url, streaming: true, concurrency: 1 },
          ...{ 'num-warmup-sessions': 1, 'conversation-num': 1, 'input-file': file, 'artifact-dir': folder },
          ...cancelled,
        }),
      );
      expect(ended.code).not.toBe(130);
      const warmup = readRecords(join(folder, 'profile_export_warmup.jsonl'));
      expect(warmup.map(({ error }) => error?.code)).toEqual([undefined, 503, ...Array(3)]);
      expect(strict.seen.slice(0, 5).map(({ body }) => said(JSON.parse(body)).length)).toEqual([
        1, 3, 3, 5, 7,
      ]);
      // None of these was answered.
      expect(strict.seen.slice(5).map(({ body }) => said(JSON.parse(body)))).toEqual(
        turns.map(({ text }) => [`user: ${text}`]),
      );
    });
  });
});

describe('random_pool', () => {
  it('draws a row from every file of a folder for each request, the same ones for the same seed', async () => {
    const folder = join(temporaryFolder(), 'pools');
    mkdirSync(folder);
    const [questions, contexts] = [
      ['q1', 'q2', 'q3'],
      ['c1', 'c2'],
    ];
    writeFileSync(join(folder, 'a-contexts.jsonl'), contexts.map((text) => `{"text":"${text}"}\n`).join(''));
    writeFileSync(
      join(folder, 'b-questions.jsonl'),
      questions.map((text) => `{"text":"${text}"}\n`).join(''),
    );
    const options = { 'request-count': 30, 'num-dataset-entries': 30, 'custom-dataset-type': 'random_pool' };
    const first = await play(folder, options);
    expect(first.format).toBe('random_pool');
    const texts = first.bodies.map(({ messages }) =>
      JSON.stringify(messages)
        .match(/\b[cq]\d\b/g)
        ?.join(' '),
    );
    for (const text of texts) expect(text).toMatch(/^c[12] q[123]$/);
    // Of 6 pairs, 30 draws leave one out with a chance of some 6 x (5/6)^30 = 2.5 %; this seed has them all.
    expect(new Set(texts).size).toBe(6);
    server.forget();
    const second = await play(folder, options);
    expect(second.bodies).toEqual(first.bodies);
  });
});

describe('mooncake_trace', () => {
  const rows = [
    { timestamp: 0, input_length: 1100, output_length: 7, hash_ids: [1, 2, 3] },
    { timestamp: 10, input_length: 1300, output_length: 8, hash_ids: [1, 2, 9] },
    { timestamp: 20, input_length: 700, output_length: 9, hash_ids: [4, 5] },
    { timestamp: 30, input_length: 1700, output_length: 3, hash_ids: [1, 2, 9] },
    { timestamp: 40, input_length: 300, output_length: 2 },
  ];

  it('makes prompts of the length of their row, and equal text of equal leading ids', async () => {
    const { bodies, records, format } = await play(lines(rows));
    expect(format).toBe('mooncake_trace');
    expect(bodies.map((body) => body.max_completion_tokens)).toEqual(rows.map((row) => row.output_length));
    const texts = bodies.map(({ messages }) => messages[0]?.content ?? '');
    expect(texts.map((text) => tokenizer.count(text))).toEqual(rows.map((row) => row.input_length));
    expect(records.map(({ metrics }) => metrics.input_sequence_length?.value)).toEqual(
      rows.map((row) => row.input_length),
    );
    const tokens = texts.map((text) => [...tokenizer.encode(text)]);
    const sharedTokens = (a: number, b: number) => {
      const [one = [], other = []] = [tokens[a], tokens[b]];
      const at = one.findIndex((token, i) => token !== other[i]);
      return at < 0 ? one.length : at;
    };
    // A block is 512 tokens: [1, 2, …] share 1,024, and the third row's whole prompt of 1,300 is shared by the
    // fourth, whose 1,700 are all three blocks (1,536) and 164 more of its own - where the last block of the other
    // is cut at 1,300 - 1,024 = 276 tokens.
    expect(sharedTokens(0, 1)).toBeGreaterThanOrEqual(1023);
    expect(sharedTokens(0, 1)).toBeLessThan(1100);
    expect(sharedTokens(1, 3)).toBeGreaterThanOrEqual(1299);
    expect(sharedTokens(0, 2)).toBeLessThan(100);
    expect(sharedTokens(2, 4)).toBeLessThan(100);
  });

  it('sends a whole trace at once where no concurrency is given, and says so', async () => {
    const folder = temporaryFolder();
    const words = profileWords({
      ...{ model: 'm', tokenizer: 'builtin', url: server.url, streaming: true },
      ...{ 'input-file': lines(rows), 'artifact-dir': folder, 'custom-dataset-type': 'mooncake_trace' },
    });
    expect(await aiperf(words)).toMatchObject({ code: 0, stderr: '' });
    expect(server.seen).toHaveLength(5);
    const log = readFileSync(join(folder, 'logs', 'aiperf.log'), 'utf8');
    expect(log).toMatch(/NOTICE - .*--concurrency/);
  });

  it('names file and line of a row that contradicts itself', async () => {
    const file = lines([...rows, { input_length: 1000, hash_ids: [1, 2, 3] }]);
    const words = profileWords({ model: 'm', tokenizer: 'builtin', url: server.url, 'input-file': file });
    const ended = await aiperf(words);
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(panelText(ended.stderr).replace(file, 'FILE')).toBe(
      'FILE:6: input_length 1000 does not fit 3 hash_ids of 512 tokens: the last block would have -24 tokens. Blocks of 334 to 499 tokens would fit: set --isl-block-size',
    );
    expect(server.seen).toEqual([]);
  });
});

const conversationTrace = fileURLToPath(
  new URL('../../../shared/data/mooncake/conversation_trace.jsonl', import.meta.url),
);
const traceIsThere = existsSync(conversationTrace);
if (!traceIsThere) process.stderr.write('skipped: ../shared/data/mooncake is not there\n');

describe.runIf(traceIsThere)('the first minute of the Mooncake conversation trace', () => {
  it('is replayed to the end, each prompt of the length of its row', async () => {
    const minute = readFileSync(conversationTrace, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line): { timestamp: number; input_length: number; output_length: number } => JSON.parse(line))
      .filter(({ timestamp }) => timestamp < 60_000);
    const { records, format } = await play(lines(minute), { concurrency: 20 });
    expect(format).toBe('mooncake_trace');
    expect(records).toHaveLength(minute.length);
    const inOrder = records.toSorted(
      (a, b) => Number(a.metadata.session_num) - Number(b.metadata.session_num),
    );
    expect(inOrder.map(({ metrics }) => metrics.input_sequence_length?.value)).toEqual(
      minute.map((row) => row.input_length),
    );
    // What twenty of the bodies say, counted by itself.
    const rowOf = new Map(
      records.map(({ metadata }) => [metadata.x_request_id, minute[Number(metadata.session_num)]]),
    );
    for (const { headers, body } of server.seen.slice(0, 20)) {
      const { messages }: Body = JSON.parse(body);
      const row = rowOf.get(headers['x-request-id']);
      expect(tokenizer.count(messages[0]?.content ?? '')).toBe(row?.input_length);
    }
  });
});
