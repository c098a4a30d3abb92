import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { Notices } from '../../src/telemetry/notices.js';
import { openScrapedSeries } from '../../src/telemetry/scraped-series.js';
import { ReadFailure, type TelemetrySource } from '../../src/telemetry/source.js';
import { SourceLoop } from '../../src/telemetry/source-loop.js';
import { SourceRecorder } from '../../src/telemetry/source-recorder.js';
import { monotonicNs } from '../../src/util/clock.js';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

type Answer = string | { readonly cut: string } | ReadFailure | 'hangs';

/** A loop over a source that gives these answers, the last one again and again. */
function startLoop(answers: readonly Answer[], options: { isDefault?: boolean; intervalMs?: number } = {}) {
  const { isDefault = false, intervalMs = 20 } = options;
  const folder = mkdtempSync(join(tmpdir(), 'telemetry-'));
  folders.push(folder);
  const lines: string[] = [];
  const notices = new Notices((level, message) => lines.push(`${level} ${message}`));
  const limits: number[] = [];
  let hasOther = true;
  let firstAgain = 0;
  const waiting: (() => void)[] = [];
  const source: TelemetrySource = {
    kind: 'server',
    url: 'http://s/metrics',
    isDefault,
    intervalMs,
    read: async (limitMs) => {
      limits.push(limitMs);
      for (const wake of waiting.splice(0)) wake();
      const answer = answers[Math.min(limits.length, answers.length) - 1] ?? '';
      if (answer === 'hangs') return await new Promise(() => {});
      if (answer instanceof ReadFailure) throw answer;
      const nowNs = monotonicNs();
      const isCut = typeof answer === 'object';
      const page = Buffer.from(isCut ? answer.cut : answer);
      return { sentNs: nowNs, firstByteNs: nowNs, receivedNs: nowNs, page, isCut };
    },
    readOther: () => {
      const had = hasOther;
      hasOther = false;
      return had;
    },
    readFirst: () => {
      firstAgain++;
    },
    close: () => {},
  };
  const recorder = new SourceRecorder(source, notices, join(folder, 'logs'), 0, {
    epochNs: 0n,
    monotonicNs: 0n,
  });
  const loop = new SourceLoop(source, recorder, {
    ...{ notices, nowNs: monotonicNs, delayMs: 0, firstReadMs: 600 },
  });
  return {
    loop,
    lines,
    limits,
    /** Resolves when so many reads have begun. */
    reads: async (count: number) => {
      while (limits.length < count) await new Promise<void>((resolve) => waiting.push(resolve));
    },
    /** Values of the only series. */
    values: () => {
      recorder.close();
      notices.end();
      return [...openScrapedSeries([recorder.logged()]).series()].map(({ values }) => [...values]);
    },
    /** How often the source went back to its first page. */
    firstAgain: () => firstAgain,
    failures: () => Object.fromEntries(recorder.logged().source.failures),
  };
}

const counter = (value: number) => `# TYPE a counter\na ${value}\n`;
const gone = new ReadFailure('ServerDisconnectedError', 'The server s:80 closed the connection');

it('reads twice at once, then at the interval, and at the end until the counters rest', async () => {
  const run = startLoop([1, 2, 3, 4, 5, 6, 6, 7].map(counter));
  await run.loop.begun;
  expect(run.limits.length).toBe(2);
  await run.reads(4);
  run.loop.stop(false);
  await run.loop.over;
  expect(run.values()).toEqual([[1, 2, 3, 4, 5, 6, 6]]);
  expect(run.lines).toEqual([]);
});

it('does not wait for counters that its own reads let grow', async () => {
  const pages = [1, 2, 3, 4, 5].map((n) => `${counter(7)}# TYPE http_requests counter\nhttp_requests ${n}\n`);
  const run = startLoop(pages, { intervalMs: 100_000 });
  await run.loop.begun;
  run.loop.stop(false);
  await run.loop.over;
  expect(run.values()).toEqual([
    [7, 7, 7, 7],
    [1, 2, 3, 4],
  ]);
});

it('reads once at the end of an interrupted run', async () => {
  const run = startLoop([1, 2, 3, 4].map(counter), { intervalMs: 100_000 });
  await run.loop.begun;
  run.loop.stop(true);
  await run.loop.over;
  expect(run.values()).toEqual([[1, 2, 3]]);
});

it('waits no longer than its limit where the last read hangs', async () => {
  const run = startLoop([counter(1), counter(2), 'hangs']);
  await run.reads(3);
  run.loop.stop(true);
  await run.loop.over;
  expect(run.values()).toEqual([[1, 2]]);
});

it('says once that a source stopped answering and that it answers again, and how often', async () => {
  const run = startLoop([counter(1), counter(2), gone, gone, counter(3), gone, counter(4), counter(4)]);
  await run.reads(8);
  run.loop.stop(true);
  await run.loop.over;
  expect(run.values()).toEqual([[1, 2, 3, 4, 4, 4].slice(0, run.limits.length - 3)]);
  expect(run.failures()).toEqual({ ServerDisconnectedError: 3 });
  expect(run.lines).toEqual([
    'WARNING http://s/metrics stopped answering: The server s:80 closed the connection; it is tried again',
    'INFO http://s/metrics answers again',
    'INFO 3 times in all: http://s/metrics: reads failed',
    'INFO 2 times in all: http://s/metrics: it answered again',
  ]);
});

it('gives slow pages more time, and less again', async () => {
  const slow = new ReadFailure('TimeoutError', 'took too long');
  const run = startLoop([slow, slow, slow, slow, slow, counter(1), counter(1)]);
  await run.reads(7);
  run.loop.stop(true);
  await run.loop.over;
  expect(run.limits.slice(0, 6)).toEqual([600, 1200, 2400, 4800, 5000, 5000]);
  expect(run.limits[6]).toBeLessThan(5000);
});

it('asks once for a default page that is missing, and says so quietly', async () => {
  const run = startLoop([new ReadFailure('HTTP 404', 'it answered with 404 Not Found')], { isDefault: true });
  await run.loop.begun;
  run.loop.stop(false);
  await run.loop.over;
  expect(run.limits.length).toBe(1);
  expect(run.values()).toEqual([]);
  expect(run.lines).toEqual(['INFO no metrics from http://s/metrics: it answered with 404 Not Found']);
});

it('tries the other page where one is HTML', async () => {
  const run = startLoop(['<html>\n', counter(1), counter(2)]);
  await run.loop.begun;
  run.loop.stop(true);
  await run.loop.over;
  expect(run.values()).toEqual([[1, 2, 2]]);
  expect(run.lines).toEqual([]);
});

it('names the first page where the other one is missing', async () => {
  const missing = new ReadFailure('HTTP 404', 'it answered with 404 Not Found');
  const run = startLoop(['{"a": 1}\n', missing]);
  await run.loop.begun;
  run.loop.stop(true);
  await run.loop.over;
  expect([run.lines, run.firstAgain()]).toEqual([
    ['WARNING http://s/metrics cannot be read: it is not Prometheus text: {"a": 1}\n; it is tried again'],
    1,
  ]);
});

it('shows the beginning of a page that is not Prometheus text', async () => {
  const run = startLoop(['<html>\n<p>hello\n']);
  await run.loop.begun;
  run.loop.stop(true);
  await run.loop.over;
  expect(run.lines[0]).toBe(
    'WARNING http://s/metrics cannot be read: it is not Prometheus text: <html>\n<p>hello\n; it is tried again',
  );
});

it('leaves out a page that is cut off, but not the series that were new on it', async () => {
  const run = startLoop([counter(1), { cut: `${counter(2)}b 1` }, `${counter(3)}b 12\n`]);
  await run.reads(4);
  run.loop.stop(true);
  await run.loop.over;
  const [a, b] = run.values();
  expect([a?.slice(0, 2), b?.[0], run.failures()]).toEqual([[1, 3], 12, { incomplete: 1 }]);
  expect(run.lines[0]).toBe(
    'WARNING http://s/metrics stopped answering: its end is missing: the connection was closed; it is tried again',
  );
});
