import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { every, sleep, Timeout } from '../../src/util/timeout.js';

const LONGEST_OF_NODE_MS = 2 ** 31 - 1;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it.each([1, 1.5, 1000, LONGEST_OF_NODE_MS, LONGEST_OF_NODE_MS + 1, 7e9])(
  'calls back once, after %d ms and not before',
  (ms) => {
    const act = vi.fn();
    new Timeout(act, ms);
    vi.advanceTimersByTime(Math.floor(ms) - 1);
    expect(act).not.toHaveBeenCalled();
    vi.advanceTimersByTime(2);
    expect(act).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(1e10);
    expect(act).toHaveBeenCalledTimes(1);
  },
);

it('never calls back after Infinity, nor once it was cleared, however late that is', () => {
  const act = vi.fn();
  new Timeout(act, Number.POSITIVE_INFINITY);
  vi.advanceTimersByTime(1e11);
  const long = new Timeout(act, 5e9);
  vi.advanceTimersByTime(4e9);
  long.clear();
  vi.advanceTimersByTime(1e11);
  expect(act).not.toHaveBeenCalled();
});

it('calls back at even intervals until it is ended', () => {
  const act = vi.fn();
  const end = every(250, act);
  vi.advanceTimersByTime(1000);
  expect(act).toHaveBeenCalledTimes(4);
  end();
  vi.advanceTimersByTime(1000);
  expect(act).toHaveBeenCalledTimes(4);
});

it('sleeps for its time, or until it is aborted', async () => {
  const log: string[] = [];
  const stop = new AbortController();
  void sleep(3e9, stop.signal).then(() => log.push('long'));
  void sleep(2e9, new AbortController().signal).then(() => log.push('short'));
  await vi.advanceTimersByTimeAsync(1.9e9);
  expect(log).toEqual([]);
  await vi.advanceTimersByTimeAsync(0.2e9);
  expect(log).toEqual(['short']);
  stop.abort();
  await vi.advanceTimersByTimeAsync(0);
  expect(log).toEqual(['short', 'long']);
  await sleep(1e12, stop.signal);
});

it('leaves no listener behind after a sleep', async () => {
  const { signal } = new AbortController();
  const removed = vi.spyOn(signal, 'removeEventListener');
  const slept = sleep(5, signal);
  await vi.advanceTimersByTimeAsync(5);
  await slept;
  expect(removed.mock.calls.map(([type]) => type)).toEqual(['abort']);
});
