import { readdirSync, readFileSync, symlinkSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { filterTrace } from '../../src/trace/filter.js';
import { mergeTraces } from '../../src/trace/merge.js';
import { aiperf, sentences } from '../commands/in-process.js';
import { rowsOf, traceFolder } from './trace-files.js';

const { folder, path, write } = traceFolder();

const chat = write(
  'chat.jsonl',
  { timestamp: 1000, session_id: 's', input_length: 1, hash_ids: [0, 5] },
  { delay: 9, session_id: 's', input_length: 2, hash_ids: [0, 5, 6] },
  { timestamp: 1500, input_length: 3, hash_ids: [-1] },
);
const code = write(
  'code.jsonl',
  '{"timestamp": 5, "input_length":4 ,"hash_ids":["4611686018427387903", 0],"x":[1]}',
  { timestamp: 505, session_id: 's', input_length: 5 },
);

describe('merged traces', () => {
  it('start together, in order of time, with ids of their own', async () => {
    const out = path('both.jsonl');
    const { code: exit, stdout } = await aiperf('trace', 'merge', chat, code, '-o', out);
    expect([exit, stdout]).toEqual([0, `Wrote 5 rows of 2 traces to ${out}, 0.50 s long.\n`]);
    // Ids become id × 2 + 0 or 1. At the same time the first file comes first, with the turn that follows its row.
    expect(readFileSync(out, 'utf8')).toBe(
      [
        '{"timestamp":0,"session_id":"1:s","input_length":1,"hash_ids":[0,10]}',
        '{"delay":9,"session_id":"1:s","input_length":2,"hash_ids":[0,10,12]}',
        '{"timestamp": 0, "input_length":4 ,"hash_ids":[9223372036854775807,1],"x":[1]}',
        '{"timestamp":500,"input_length":3,"hash_ids":[-2]}',
        '{"timestamp":500,"session_id":"2:s","input_length":5}',
        '',
      ].join('\n'),
    );
  });

  it('keep their times and ids where they are parts of one trace', async () => {
    const out = path('parts.jsonl.gz');
    const words = ['--same-ids', '--align', 'absolute', '--output', out];
    expect((await aiperf('trace', 'merge', chat, code, ...words)).code).toBe(0);
    expect(
      rowsOf(out).map(({ timestamp, session_id, input_length }) => [timestamp, session_id, input_length]),
    ).toEqual([
      [5, undefined, 4],
      [505, 's', 5],
      [1000, 's', 1],
      [undefined, 's', 2],
      [1500, undefined, 3],
    ]);
  });

  it('may be in another format', async () => {
    const azure = write(
      'azure.csv',
      'TIMESTAMP,ContextTokens,GeneratedTokens',
      '2023-11-16 18:17:03.9799600,100,10',
      '2023-11-16 18:17:04.2299600,300,30',
    );
    const out = path('formats.jsonl');
    await mergeTraces([code, azure], out, { sameIds: false, align: 'start' });
    expect(rowsOf(out).map(({ timestamp, input_length }) => [timestamp, input_length])).toEqual([
      [0, 4],
      [0, 100],
      [250, 300],
      [500, 5],
    ]);
  });

  it('lose and gain no row, and are in order; a filter by session takes each trace out again', async () => {
    const sorted = fc
      .array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 30 })
      .map((times) => times.sort((a, b) => a - b));
    await fc.assert(
      fc.asyncProperty(fc.array(sorted, { minLength: 2, maxLength: 4 }), async (traces) => {
        const files = traces.map((times, file) =>
          write(
            `part-${file}.jsonl`,
            ...times.map((timestamp, i) => ({
              timestamp,
              session_id: 's',
              input_length: i + 1,
              hash_ids: [i],
            })),
          ),
        );
        const out = path('merged.jsonl');
        const { rows } = await mergeTraces(files, out, { sameIds: false, align: 'absolute' });
        expect(rows).toBe(traces.flat().length);
        const merged = rowsOf(out);
        expect(merged.map(({ timestamp }) => timestamp)).toEqual(traces.flat().sort((a, b) => a - b));
        const ids = merged.map(({ session_id, hash_ids: [id] }) => `${session_id} ${id % traces.length}`);
        expect(new Set(ids).size).toBe(traces.length);
        for (const [file, times] of traces.entries()) {
          const one = path('one.jsonl');
          const { kept, keptSessions } = await filterTrace(out, one, {
            ...everything,
            sessions: [`${file + 1}:s`],
          });
          expect([kept, keptSessions]).toEqual([times.length, 1]);
          expect(rowsOf(one).map(({ timestamp, input_length }) => [timestamp, input_length])).toEqual(
            times.map((timestamp, i) => [timestamp, i + 1]),
          );
        }
      }),
      { numRuns: 8 },
    );
  });
});

const everything = {
  startMs: 0,
  endMs: Number.POSITIVE_INFINITY,
  inputLength: { min: 0, max: Number.POSITIVE_INFINITY },
  outputLength: { min: 0, max: Number.POSITIVE_INFINITY },
  models: undefined,
  droppedUsers: [],
  multiTurn: false,
  sample: 1,
  seed: 0,
  byRow: false,
};

describe('a merge is refused, and no file left', () => {
  const noTime = write(
    'no-time.jsonl',
    { timestamp: 0, input_length: 1 },
    { session_id: 'x', input_length: 2 },
  );
  const back = write('back.jsonl', { timestamp: 5, input_length: 1 }, { timestamp: 4, input_length: 2 });
  const wide = write('wide.jsonl', '{"timestamp":0,"input_length":1,"hash_ids":[4611686018427387904]}');
  const empty = write('empty.jsonl', '');
  const link = path('link.jsonl');
  symlinkSync(code, link);
  it.each([
    [
      [code, noTime],
      `${noTime}:2: the row has no timestamp every row needs one, in ms, but the later ones of a session`,
    ],
    [
      [back, code],
      `${back}:2: timestamps are not in order: 4 ms after 5 ms in line 1 sort the rows by their time first`,
    ],
    [
      [code, wide],
      `${wide}:1: hash id 4611686018427387904 is too large to keep the ids of 2 inputs apart: below 2^63 / 2 is expected if ids are hashes of the content, equal ids are equal blocks: add --same-ids; else renumber them first`,
    ],
    [[code, empty], `${empty} holds no rows expected one JSON object per line`],
    [[code], '<file> must be at least two traces, got one.'],
    [[code, folder], `${folder} is not a regular file save the trace to a file first`],
  ])('%j', async (files, message) => {
    const { code: exit, stderr } = await aiperf('trace', 'merge', ...files, '-o', path('refused.jsonl'));
    expect(exit).toBe(1);
    expect(sentences(stderr).replaceAll(' ', '')).toBe(message.replaceAll(' ', ''));
    expect(readdirSync(folder).filter((name) => name.startsWith('refused'))).toEqual([]);
  });

  it('that would overwrite an input, also by a link', async () => {
    const { code: exit, stderr } = await aiperf('trace', 'merge', chat, code, '-o', link);
    expect(exit).toBe(1);
    expect(sentences(stderr)).toContain('would be overwritten while it is read');
    expect(rowsOf(code)).toHaveLength(2);
  });
});
