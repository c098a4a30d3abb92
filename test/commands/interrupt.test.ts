import { describe, expect, it } from 'vitest';
import { listenForInterrupt } from '../../src/commands/profile/interrupt.js';
import type { InterruptEffect } from '../../src/run/run-options.js';
import type { Io } from '../../src/util/io.js';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** A listener on a clock that only the test moves, in a process that only notes how it would end. */
function listen(ignoresHangup = false) {
  const told: (InterruptEffect | 'leaves')[] = [];
  const exits: unknown[] = [];
  const listeners = new Map<string, (signal: NodeJS.Signals) => void>();
  let nowMs = 5000;
  const io: Pick<Io, 'onSignals' | 'exit' | 'nowMs'> = {
    nowMs: () => nowMs,
    exit: (code) => void exits.push(code),
    onSignals: (names, act) => {
      for (const name of names) listeners.set(name, act);
      return () => listeners.clear();
    },
  };
  const interrupt = listenForInterrupt(io, ignoresHangup, async (what) => void told.push(what));
  return {
    ...{ interrupt, told, exits, listeners },
    async signal(name: (typeof signals)[number], afterMs = 0) {
      nowMs += afterMs;
      listeners.get(name)?.(name);
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
  const { interrupt, listeners } = listen(true);
  expect([...listeners.keys()]).toEqual(['SIGINT', 'SIGTERM']);
  interrupt.close();
  expect(listeners.size).toBe(0);
});
