import { afterEach, describe, expect, it, vi } from 'vitest';
import { type InterruptEffect, listenForInterrupt } from '../../src/commands/profile/interrupt.js';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

afterEach(() => vi.restoreAllMocks());

/** A listener on a clock that only the test moves, in a process that only notes how it would end. */
function listen(ignoresHangup = false) {
  const told: (InterruptEffect | 'leaves')[] = [];
  const exits: unknown[] = [];
  let nowMs = 5000;
  vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
  vi.spyOn(process, 'exit').mockImplementation((code) => exits.push(code) as never);
  const interrupt = listenForInterrupt(async (what) => void told.push(what), ignoresHangup);
  return {
    ...{ interrupt, told, exits },
    async signal(name: (typeof signals)[number], afterMs = 0) {
      nowMs += afterMs;
      process.emit(name);
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

describe.each(signals)('%s', (name) => {
  it('leaves at once before anything is measured', async () => {
    const { interrupt, told, exits, signal } = listen();
    await signal(name);
    expect([told, exits, interrupt.happened]).toEqual([[], [130], false]);
    interrupt.close();
  });

  it('counts once with those that come within a second, whatever their names; a later one leaves', async () => {
    const { interrupt, told, exits, signal } = listen();
    const acts: string[] = [];
    interrupt.onFirst(() => {
      acts.push('act');
      return 'cancels';
    });
    await signal(name);
    await signal('SIGTERM');
    await signal('SIGINT', 999);
    expect([told, exits, acts, interrupt.happened]).toEqual([['cancels'], [], ['act'], true]);
    await signal(name, 1);
    expect([told, exits, acts]).toEqual([['cancels', 'leaves'], [130], ['act']]);
    interrupt.close();
  });
});

it('what has ended is not ended again, and the next run is', async () => {
  const { interrupt, told, exits, signal } = listen();
  const acts: string[] = [];
  const end = (run: string) => () => {
    acts.push(run);
    return 'cancels' as const;
  };
  const release = interrupt.onFirst(end('first run'));
  interrupt.onFirst(end('second run'));
  release();
  await signal('SIGINT');
  expect([acts, told, exits]).toEqual([['second run'], ['cancels'], []]);
  interrupt.onFirst(end('third run'));
  expect(acts).toEqual(['second run', 'third run']);
  interrupt.close();
});

it('between two runs it is noted, and ends nothing', async () => {
  const { interrupt, told, exits, signal } = listen();
  interrupt.onFirst(() => 'cancels')();
  await signal('SIGINT');
  expect([interrupt.happened, told, exits]).toEqual([true, ['cancels'], []]);
  interrupt.close();
});

it('leaves SIGHUP to others where the process is to survive its terminal', () => {
  const before = signals.map((name) => process.listenerCount(name));
  const { interrupt } = listen(true);
  expect(signals.map((name, i) => process.listenerCount(name) - (before[i] ?? 0))).toEqual([1, 1, 0]);
  interrupt.close();
  expect(signals.map((name) => process.listenerCount(name))).toEqual(before);
});
