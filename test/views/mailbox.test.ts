import { expect, it } from 'vitest';
import { Mailbox } from '../../src/views/mailbox.js';
import type { ViewMessage } from '../../src/views/messages.js';
import { quarter } from '../ui/terminal.js';

const snapshot = (elapsedSeconds: number): ViewMessage => ({
  kind: 'snapshot',
  snapshot: { ...quarter, elapsedSeconds },
});
const log = (message: string): ViewMessage => ({
  kind: 'log',
  entry: { unixMs: 0, level: 'INFO', logger: 'run', message },
});
const series = (trials: number): ViewMessage => ({
  kind: 'series',
  series: { columns: [], trials, points: [], frontier: [] },
});

/** What was posted, in short: the seconds of snapshots, texts of logs, trials of series. */
function opened() {
  const posted: unknown[] = [];
  let nowMs = 0;
  let stalls = 0;
  const mailbox = new Mailbox(
    (message) =>
      posted.push(
        message.kind === 'snapshot'
          ? message.snapshot.elapsedSeconds
          : message.kind === 'log'
            ? message.entry.message
            : message.kind === 'series'
              ? `series ${message.series.trials}`
              : message.kind,
      ),
    () => nowMs,
    () => stalls++,
  );
  return {
    mailbox,
    at: (ms: number) => {
      nowMs = ms;
    },
    stalls: () => stalls,
    taken: () => posted.splice(0),
  };
}

it('what happens once always arrives, in its order', () => {
  const { mailbox, taken } = opened();
  mailbox.send({ kind: 'page', path: 'report.html' });
  mailbox.send({ kind: 'leave' });
  expect(taken()).toEqual(['page', 'leave']);
});

it('one snapshot is on its way at a time, and the newest waits', () => {
  const { mailbox, taken } = opened();
  for (const seconds of [1, 2, 3]) mailbox.send(snapshot(seconds));
  mailbox.send(log('a'));
  expect(taken()).toEqual([1, 'a']);
  mailbox.received();
  expect(taken()).toEqual([3]);
  mailbox.received();
  expect(taken()).toEqual([]);
  mailbox.send(snapshot(4));
  expect(taken()).toEqual([4]);
});

it('a receiver that does not respond gets the newest states later, once it does, and misses logs', () => {
  const { mailbox, at, stalls, taken } = opened();
  mailbox.send(snapshot(1));
  at(10_001);
  for (let second = 2; second < 100; second++) {
    mailbox.send(snapshot(second));
    mailbox.send(series(second));
    mailbox.send(log(`log ${second}`));
  }
  expect(taken()).toEqual([1]);
  expect(stalls()).toBe(1);
  mailbox.received();
  expect(taken()).toEqual([99, 'series 99']);
  mailbox.received();
  mailbox.send(log('b'));
  expect(taken()).toEqual(['b']);
  at(30_000);
  mailbox.send(snapshot(100));
  at(41_000);
  mailbox.send(snapshot(101));
  // One warning is enough.
  expect(stalls()).toBe(1);
  // The end is posted, and the receiver still does not respond.
  mailbox.send({ kind: 'end', isHurried: false, lingers: true });
  expect(mailbox.isStalled).toBe(true);
});

it('the end passes, with the last states before it', () => {
  const { mailbox, taken } = opened();
  mailbox.send(snapshot(1));
  mailbox.send(snapshot(2));
  mailbox.send({ kind: 'end', isHurried: false, lingers: true });
  expect(taken()).toEqual([1, 2, 'end']);
});
