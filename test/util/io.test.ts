import { expect, it } from 'vitest';
import { processIo } from '../../src/util/io.js';

it('calls back at each of the signals, until that is taken back', () => {
  const seen: string[] = [];
  const stop = processIo.onSignals(['SIGHUP', 'SIGUSR2'], (signal) => seen.push(signal));
  process.emit('SIGHUP', 'SIGHUP');
  process.emit('SIGUSR2', 'SIGUSR2');
  process.emit('SIGHUP', 'SIGHUP');
  expect(seen).toEqual(['SIGHUP', 'SIGUSR2', 'SIGHUP']);
  stop();
  expect([process.listenerCount('SIGHUP'), process.listenerCount('SIGUSR2')]).toEqual([0, 0]);
});

it('listens for the exit once, until that is taken back', () => {
  const before = process.listenerCount('exit');
  const stop = processIo.onExit(() => {});
  expect(process.listenerCount('exit')).toBe(before + 1);
  stop();
  expect(process.listenerCount('exit')).toBe(before);
});

it('has a clock in milliseconds that does not go back', () => {
  const first = processIo.nowMs();
  expect(processIo.nowMs()).toBeGreaterThanOrEqual(first);
});
