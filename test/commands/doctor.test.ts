import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkMachine } from '../../src/commands/doctor/checks.js';
import { checksReport, roofReport } from '../../src/commands/doctor/reports.js';
import {
  fastestTimely,
  isLowerBound,
  type PhaseSample,
  requestFigures,
  roofOf,
  type StreamFigures,
  streamFigures,
} from '../../src/commands/doctor/roof-figures.js';
import { aiperf } from './in-process.js';

const ms = 1e6;
const layout = { width: 400, colours: false };

/** What `/` holds of a sound machine, and these files. */
function rootWith(files: Readonly<Record<string, string>> = {}): string {
  const root = mkdtempSync(join(tmpdir(), 'aiperf-doctor-'));
  const usual = {
    'proc/self/limits': limits(20_000),
    'proc/self/cgroup': '0::/\n',
    'proc/thread-self/schedstat': '1 2 3\n',
    'proc/sys/net/ipv4/ip_local_port_range': '32768\t60999\n',
    'sys/devices/system/clocksource/clocksource0/current_clocksource': 'tsc\n',
  };
  for (const [path, text] of Object.entries({ ...usual, ...files })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

const limits = (files: number) =>
  `Limit                     Soft Limit           Hard Limit           Units     \nMax open files            ${files}                ${files}                files     \n`;

describe('the checks of a machine', () => {
  const found = (name: string, changes: Partial<Parameters<typeof checkMachine>[0]>) =>
    checkMachine({ root: rootWith(), env: {}, folder: tmpdir(), busyCpus: 0, ...changes }).find(
      (check) => check.name === name,
    );
  const openFiles = (files: number) =>
    found('Open files', { root: rootWith({ 'proc/self/limits': limits(files) }) });

  it('open files: enough for the default number of connections, for fewer, or not for one load thread', () => {
    expect(openFiles(2600)).toEqual({ name: 'Open files', value: '2,600', status: 'ok' });
    expect(openFiles(1024)).toEqual({
      ...{ name: 'Open files', value: '1,024', status: 'warning' },
      advice: "at most 924 requests can be in flight: raise the limit with 'ulimit -n 2600' or more",
    });
    // 50, and 30 for each of two threads.
    expect(openFiles(109)).toEqual({
      ...{ name: 'Open files', value: '109', status: 'error' },
      advice:
        "1 load thread need about 110 open files to start, and this process may open 109: raise the limit with 'ulimit -n 110'",
    });
  });

  it('local ports', () => {
    const ports = (range: string) =>
      found('Local ports', { root: rootWith({ 'proc/sys/net/ipv4/ip_local_port_range': range }) });
    expect(ports('32768\t60999\n')).toEqual({ name: 'Local ports', value: '28,232', status: 'ok' });
    expect(ports('40000\t40999\n')).toMatchObject({ value: '1,000', status: 'warning' });
  });

  it('the limits of a control group', () => {
    const root = rootWith({
      'sys/fs/cgroup/cpu.max': '50000 100000\n',
      'sys/fs/cgroup/memory.max': '512000000\n',
    });
    expect(found('CPUs', { root })).toMatchObject({ status: 'warning' });
    expect(found('CPUs', { root })?.value).toMatch(/^1 usable of \d+ CPUs? \(control group: 0\.5 CPUs\)$/);
    expect(found('Memory', { root })).toMatchObject({ value: '0.5 GB (control group)', status: 'warning' });
  });

  it('the clock, and what only Linux has', () => {
    expect(found('Clock', {})?.value).toMatch(/^tsc, \d+ ns per reading$/);
    expect(found('Scheduler statistics', {})).toEqual({
      ...{ name: 'Scheduler statistics', value: 'available', status: 'ok' },
    });
    const empty = mkdtempSync(join(tmpdir(), 'aiperf-doctor-'));
    expect(found('Scheduler statistics', { root: empty })).toMatchObject({ status: 'warning' });
    expect(found('Open files', { root: empty })).toMatchObject({ value: 'no limit', status: 'ok' });
    expect(found('Clock', { root: empty })?.value).toMatch(/^monotonic, /);
  });

  it('other processes', () => {
    expect(found('Load average', { busyCpus: 0.25 })).toMatchObject({ value: '0.3', status: 'ok' });
    expect(found('Load average', { busyCpus: 1000 })).toMatchObject({ status: 'warning' });
  });

  it('a folder that is not there', () => {
    expect(found('Disk space', { folder: join(tmpdir(), 'no-such-folder') })).toMatchObject({
      status: 'error',
    });
  });

  it('variables that change how runs connect', () => {
    expect(found('Proxy', {})).toBeUndefined();
    expect(found('Proxy', { env: { https_proxy: 'http://p:1' } })).toMatchObject({
      ...{ value: 'HTTPS_PROXY ignored', status: 'warning' },
    });
    expect(
      found('Proxy', { env: { HTTP_PROXY: 'http://p:1', AIPERF_HTTP_TRUST_ENV: 'true' } }),
    ).toBeUndefined();
    expect(found('Certificates', { env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' } })).toMatchObject({
      ...{ value: 'not verified', status: 'warning' },
    });
  });

  it('are printed with their advice below', () => {
    const checks = [
      { name: 'Clock', value: 'tsc', status: 'ok' },
      { name: 'Open files', value: '1,024', status: 'warning', advice: 'raise it' },
    ] as const;
    expect(checksReport(checks, undefined, layout)).toBe(
      [
        'ok       Clock                 tsc',
        'warning  Open files            1,024',
        '         raise it',
        '         Client limit          not measured: aiperf doctor --roof measures it in 20 s',
        '',
      ].join('\n'),
    );
    expect(checksReport([], { requestsPerSecond: 42_000, eventsPerSecond: 85_000 }, layout)).toBe(
      '         Client limit          85,000 events/s or 42,000 requests/s per load thread\n',
    );
  });

  it('the command prints them all, also as JSON', async () => {
    const { code, stdout, stderr } = await aiperf('doctor');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^ok +Node\.js +\d+\.\d+\.\d+$/m);
    const { checks } = JSON.parse((await aiperf('doctor', '--format', 'json')).stdout);
    expect(checks[0]).toEqual({ name: 'Node.js', value: process.versions.node, status: 'ok' });
    expect(checks.map(({ name }: { name: string }) => name)).toContain('Disk space');
  });
});

describe('the roof, from samples', () => {
  /** Two streams of five events, 10 ms apart; each is stamped this much after its write. */
  const sample = (delaysMs: readonly number[], changes: Partial<PhaseSample> = {}): PhaseSample => {
    const writtenNs = [0, 10, 20, 30, 40].map((at) => 1e9 + at * ms);
    const stampedNs = writtenNs.map((ns, i) => ns + (delaysMs[i] ?? 0) * ms);
    return {
      ...{ threads: 1, concurrency: 2, seconds: 0.04, cpuSeconds: 0.0002 },
      ...{ requests: 2, failed: 0, reads: 10, startNs: 1e9 },
      streams: [
        { writtenNs, stampedNs },
        { writtenNs, stampedNs },
      ],
      ...changes,
    };
  };

  it('streams: pace, cost and delays', () => {
    // 4 gaps in 40 ms are 100 events/s of each stream; 10 reads in 0.2 ms of CPU; the first quarter, 10 ms, is skipped:
    // delays of 2, 3, 4 and 5 ms remain, twice each. p99 of 8 values: rank 6.93 lies in the two of 5 ms.
    expect(streamFigures(sample([90, 2, 3, 4, 5]), 200)).toEqual({
      threads: 1,
      eventsPerSecond: 200,
      delayNs: { p50: 3.5 * ms, p99: 5 * ms },
      couldPerSecond: expect.closeTo(50_000, 6),
      ...{ keptPace: true, isTimely: true },
    });
  });

  it.each([
    ['p99 of 10 ms', sample([0, 1, 1, 10, 10]), 200, true, true],
    ['p99 above 10 ms', sample([0, 1, 1, 10.1, 10.1]), 200, true, false],
    ['95 % of the pace', sample([]), 210, true, true],
    ['less', sample([]), 211, false, false],
    ['a failed request', sample([], { failed: 1 }), 200, false, false],
    ['two waves of as many streams', sample([], { concurrency: 1 }), 100, true, true],
  ] as const)('timely or not: %s', (_, taken, asked, keptPace, isTimely) => {
    expect(streamFigures(taken, asked)).toMatchObject({ keptPace, isTimely });
  });

  it('requests: reached in the time, and possible with the whole CPU', () => {
    expect(requestFigures(sample([], { requests: 3000, seconds: 2, cpuSeconds: 0.5 }))).toEqual({
      ...{ reachedPerSecond: 1500, couldPerSecond: 6000 },
    });
  });

  const phase = (eventsPerSecond: number, isTimely: boolean, p99 = isTimely ? 2 : 11): StreamFigures => ({
    ...{ threads: 1, eventsPerSecond, couldPerSecond: 2 * eventsPerSecond },
    delayNs: { p50: 0.0314 * ms, p99: p99 * ms },
    ...{ keptPace: true, isTimely },
  });
  const requests = { couldPerSecond: 42_000.4, reachedPerSecond: 31_000 };
  const rising = [phase(40_000, true), phase(50_000, false), phase(60_000.4, true), phase(75_000, false)];
  const figures = { requests, moderate: phase(10_000, true), rising, manyThreads: undefined };

  it('is that of the fastest rate whose timestamps kept up, also after one that was disturbed', () => {
    expect(fastestTimely(figures)).toBe(rising[2]);
    expect(roofOf(figures)).toEqual({
      ...{ requestsPerSecond: 42_000, eventsPerSecond: 120_001, timelyEventsPerSecond: 60_000 },
      stampDelays: [{ threads: 1, eventsPerSecond: 10_000, unit: 'ms', p50: 0.031, p99: 2 }],
    });
    const manyThreads = { ...phase(40_000, true), threads: 4 };
    expect(roofOf({ ...figures, rising: [], manyThreads })).toMatchObject({
      eventsPerSecond: 20_000,
      stampDelays: [{ threads: 1 }, { threads: 4, eventsPerSecond: 40_000 }],
    });
  });

  it('is a lower bound if no rate was too high for the client', () => {
    expect(isLowerBound(figures)).toBe(false);
    // The server fell behind, not the client.
    expect(isLowerBound({ ...figures, rising: [phase(40_000, true), phase(41_000, false, 3)] })).toBe(true);
  });

  it('in words', () => {
    const machine = { cpuModel: 'CPU', nodeVersion: '20.20.2' };
    const text = roofReport(
      { machine, ...roofOf(figures) },
      figures,
      { threads: 3, file: '/c/roof.json' },
      layout,
    );
    expect(text.split('\n').filter((line) => /^[A-Z│]/.test(line))).toEqual([
      '│ Requests/s (small, not streamed, 100 connections)  │          42,000 │        126,000 │',
      '│ Events/s (one per write)                           │         120,001 │        360,003 │',
      '│ Events/s with timely timestamps (p99 within 10 ms) │          60,000 │        180,000 │',
      '│ Streams of 50 tokens/s                             │           1,200 │          3,600 │',
      'This machine can carry about 3,600 streams of 50 tokens/s, or 126,000 small requests/s.',
      "Timestamps at 10,000 events/s (1 load thread): p50 0.031 ms, p99 2 ms after the server's write.",
      'The first two rows are per second of CPU time of a load thread, because the server of this test shares the CPUs: 31,000 requests/s and 60,000 events/s were reached. Figures for 3 load threads are 3 times those of one.',
      'Stored in /c/roof.json: aiperf profile reports how much of it a run uses.',
    ]);
  });

  it('promises nothing if no rate was timely, and names no file that was not written', () => {
    const machine = { cpuModel: 'CPU', nodeVersion: '20.20.2' };
    const late = { ...figures, moderate: phase(10_000, false), rising: [] };
    expect(roofOf(late)).toMatchObject({ eventsPerSecond: 20_000, timelyEventsPerSecond: 0 });
    expect(isLowerBound(late)).toBe(false);
    const text = roofReport({ machine, ...roofOf(late) }, late, { threads: 1, file: undefined }, layout);
    expect(text.split('\n').filter((line) => /^[A-Z]/.test(line))).toEqual([
      'No rate of this test had timely timestamps: other processes probably held the CPUs. Measure again while this machine is idle.',
      'This machine can carry about 0 streams of 50 tokens/s, or 42,000 small requests/s.',
      "Timestamps at 10,000 events/s (1 load thread): p50 0.031 ms, p99 11 ms after the server's write.",
      'The first two rows are per second of CPU time of a load thread, because the server of this test shares the CPUs: 31,000 requests/s and 10,000 events/s were reached.',
    ]);
  });
});

describe('a real measurement, with short phases', () => {
  it('measures requests, streams and several threads, and leaves nothing', async () => {
    // Threads start from the build.
    const built = new URL('../../dist/commands/doctor/', import.meta.url);
    const { measureRoof }: typeof import('../../src/commands/doctor/measure-roof.js') = await import(
      `${built}measure-roof.js`
    );
    const before = readdirSync('.');
    let nowMs = 0;
    const figures = await measureRoof({
      ...{ requestsMs: 100, events: 12, maxStreams: 4000, threads: 2, budgetMs: 2 },
      // The third look at the clock is behind the budget.
      nowMs: () => nowMs++,
    });
    expect(figures.requests.couldPerSecond).toBeGreaterThan(0);
    expect(figures.moderate).toMatchObject({ threads: 1 });
    expect(figures.moderate.delayNs.p50).toBeGreaterThan(0);
    expect(figures.manyThreads).toMatchObject({ threads: 2 });
    // Two rates, or one that was too fast twice.
    expect(figures.rising.length).toBeGreaterThanOrEqual(2);
    expect(readdirSync('.')).toEqual(before);
  });
});
