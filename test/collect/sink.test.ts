import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import type { MeasuredRecord } from '../../src/collect/record-processor.js';
import { type Sink, Sinks } from '../../src/collect/sink.js';
import { lineSink } from '../../src/export/line-file.js';
import { aRecord } from '../metrics/records.js';
import { quarter } from '../ui/terminal.js';

const folder = mkdtempSync(join(tmpdir(), 'aiperf-sinks-'));
afterAll(() => rmSync(folder, { recursive: true }));

const measured: MeasuredRecord = { record: aRecord(), metrics: [] };

/** A sink that notes what it is called with. @param throwing the callback that throws. */
function noted(throwing?: keyof Sink): { readonly sink: Sink; readonly calls: string[] } {
  const calls: string[] = [];
  const callback = (name: keyof Sink) => () => {
    calls.push(name);
    if (name === throwing) throw new Error(`${name} failed`);
  };
  return {
    sink: {
      onRecord: callback('onRecord'),
      flush: callback('flush'),
      onSnapshot: callback('onSnapshot'),
      onEnd: callback('onEnd'),
    },
    calls,
  };
}

function playTwice(sinks: Sinks): void {
  for (let time = 0; time < 2; time++) {
    sinks.onRecord(measured);
    sinks.flush();
    sinks.onSnapshot(quarter);
  }
  sinks.onEnd();
}

const oneRound = ['onRecord', 'flush', 'onSnapshot'];
const everyCall = [...oneRound, ...oneRound, 'onEnd'];

describe('a sink that throws', () => {
  it.each<[keyof Sink, string[]]>([
    ['onRecord', ['onRecord', 'onEnd']],
    ['flush', ['onRecord', 'flush', 'onEnd']],
    ['onSnapshot', ['onRecord', 'flush', 'onSnapshot', 'onEnd']],
    ['onEnd', [...everyCall, 'onEnd']],
  ])('in %s is ended and reported once, and the others go on', (throwing, expected) => {
    const failures: string[] = [];
    const [before, failing, after] = [noted(), noted(throwing), noted()];
    playTwice(
      new Sinks(
        [before, failing, after].map(
          ({ sink }) =>
            () =>
              sink,
        ),
        (message) => failures.push(message),
      ),
    );
    expect(failures).toEqual([`${throwing} failed`]);
    expect(failing.calls).toEqual(expected);
    expect([before.calls, after.calls]).toEqual([everyCall, everyCall]);
  });

  it('while it is opened is reported, and the others are opened', () => {
    const failures: string[] = [];
    const whole = noted();
    const fail = () => {
      throw new Error('not opened');
    };
    playTwice(new Sinks([fail, () => whole.sink], (message) => failures.push(message)));
    expect(failures).toEqual(['not opened']);
    expect(whole.calls).toEqual(everyCall);
  });
});

it.runIf(existsSync('/dev/full'))('a full disk costs one file its lines, and is reported once', () => {
  const failures: string[] = [];
  const path = join(folder, 'lines');
  playTwice(
    new Sinks(
      [
        () => lineSink({ path: '/dev/full', append: true }, () => 'lost\n'),
        () => lineSink({ path, append: false }, ({ record }) => `${record.requestId}\n`),
        () => ({}),
      ],
      (message) => failures.push(message),
    ),
  );
  expect(failures).toEqual([
    '/dev/full could not be written any further: ENOSPC: no space left on device, write',
  ]);
  expect(readFileSync(path, 'utf8')).toBe(`${aRecord().requestId}\n`.repeat(2));
});

describe('snapshots', () => {
  afterEach(() => void vi.useRealTimers());

  it('are taken four times a second, or at the pace of the sink', () => {
    vi.useFakeTimers();
    const taken: string[] = [];
    const sink = (name: string, snapshotMs?: number): Sink => ({
      onSnapshot: () => taken.push(name),
      ...(snapshotMs === undefined ? {} : { snapshotMs }),
    });
    const sinks = new Sinks([() => sink('page'), () => sink('bar', 100), () => ({})], expect.unreachable);
    const stop = sinks.watch(() => quarter);
    vi.advanceTimersByTime(1000);
    stop();
    vi.advanceTimersByTime(1000);
    expect(taken.filter((name) => name === 'page').length).toBe(4);
    expect(taken.filter((name) => name === 'bar').length).toBe(10);
  });

  it('go on for the others where a sink fails', () => {
    vi.useFakeTimers();
    const failures: string[] = [];
    const [failing, whole] = [noted('onSnapshot'), noted()];
    const sinks = new Sinks([() => failing.sink, () => whole.sink], (message) => failures.push(message));
    const stop = sinks.watch(() => quarter);
    vi.advanceTimersByTime(1000);
    stop();
    expect(failures).toEqual(['onSnapshot failed']);
    expect(failing.calls).toEqual(['onSnapshot', 'onEnd']);
    expect(whole.calls.length).toBe(4);
  });
});
