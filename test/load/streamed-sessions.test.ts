import { expect, it } from 'vitest';
import { allocateRing, RingReader, RingWriter } from '../../src/dataset/stream/conversation-ring.js';
import { ClosedLoop } from '../../src/load/closed-loop.js';
import { FixedReplay } from '../../src/load/fixed-schedule.js';
import { OpenLoop } from '../../src/load/open-loop.js';
import { openReplay } from '../../src/load/replay-sessions.js';
import { StreamedSessions } from '../../src/load/streamed-sessions.js';
import { type StageOptions, stage } from './phase-environment.js';

const MS = 1e6;

/** A ring for one thread, whose conversations are due every 2 ms. */
function streamed() {
  const memory = allocateRing(1000, 8);
  const writer = new RingWriter(memory, 1, 0);
  const stream = new StreamedSessions(memory, 0);
  let next = 0;
  const read = (count: number) => {
    for (const last = next + count; next < last; next++) {
      const schedule = { firstMs: 2 * next, firstTurn: 0, turns: 1, turnsBefore: next };
      if (!writer.add({ index: next, firstTurn: next, rows: ['{}'], schedule }, 2)) throw new Error('full');
    }
  };
  const options: StageOptions = { stream, endsWithDataset: true };
  return { read, end: () => writer.setSize(next), options, stream, reader: new RingReader(memory) };
}

const sends = (run: ReturnType<typeof stage>) => run.sent.map(({ atNs }) => atNs / MS);
const dues = (run: ReturnType<typeof stage>) => run.records.map(({ dueNs }) => dueNs / MS);

it('a closed loop waits for conversations that were not read, and ends with the last', () => {
  const { read, end, options, stream, reader } = streamed();
  stream.noteOpened();
  read(2);
  const run = stage(options, (phase) => new ClosedLoop(phase, { limit: 3, rampNs: 0 }, (total) => total));
  run.advanceTo(3.5 * MS);
  expect([sends(run), reader.waitedMs]).toEqual([[0, 0], 4]);
  read(1);
  run.advanceTo(4.5 * MS);
  expect([sends(run), run.prompts()]).toEqual([
    [0, 0, 4],
    ['0.0', '1.0', '2.0'],
  ]);
  end();
  for (let request = 0; request < 3; request++) run.answer(0);
  expect([dues(run), run.done(), run.counters.sessions]).toEqual([[0, 0, 0], 1, 3]);
});

it('a request rate sends late what was read late', () => {
  const { read, end, options, stream } = streamed();
  stream.noteOpened();
  read(1);
  let atNs = 0;
  const nextTickNs = () => {
    atNs += 2 * MS;
    return atNs;
  };
  const plain = { nextTickNs, thread: 0, threads: 1, ceiling: undefined, catchUpNs: 1e12 };
  const run = stage(options, (phase) => new OpenLoop(phase, { ...plain, ticksAreSessions: false }));
  run.advanceTo(5.5 * MS);
  expect(sends(run)).toEqual([2]);
  read(2);
  run.advanceTo(7 * MS);
  expect(sends(run)).toEqual([2, 6, 6]);
  end();
  run.advanceTo(20 * MS);
  for (let request = 0; request < 3; request++) run.answer(0);
  run.advanceTo(200 * MS);
  expect([dues(run), run.done()]).toEqual([[2, 4, 6], 1]);
});

it('a schedule is kept as it is read, and what was read late is sent at once', () => {
  const { read, end, options, stream } = streamed();
  read(2);
  const run = stage(
    options,
    (phase) =>
      new FixedReplay(phase, {
        ...{ sessions: openReplay({ window: {} }, stream), thread: 0, threads: 1, ceiling: undefined },
      }),
  );
  run.advanceTo(6.5 * MS);
  expect(sends(run)).toEqual([0, 2]);
  read(2);
  end();
  run.advanceTo(100 * MS);
  expect(sends(run)).toEqual([0, 2, 7, 7]);
  for (let request = 0; request < 4; request++) run.answer(0);
  run.advanceTo(200 * MS);
  expect([dues(run), run.done()]).toEqual([[0, 2, 4, 6], 1]);
});
