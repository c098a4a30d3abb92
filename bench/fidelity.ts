import { join } from 'node:path';
import { chatArgs, chatBody } from './measure/bodies.js';
import { clockOffsetNs, type Distance, distance } from './measure/distance.js';
import { compileFloor, runBareNode, runFloor } from './measure/floor.js';
import { CLIENT_CORE, SERVER_CORE } from './measure/machine.js';
import { argument, quick, rounds, scaled } from './measure/options.js';
import { type Build, builds, runOurs } from './measure/ours.js';
import { median } from './measure/quantiles.js';
import { openReport } from './measure/report.js';
import { startMockServer, withFolder } from './measure/servers.js';
import { readRecords, readTokenLog } from './measure/stamps.js';

// How far our stamps lie behind the times at which the server wrote, by the server's own log.

interface Case {
  readonly name: string;
  /** Server and client share all cores at normal niceness, as a user runs them. */
  readonly isUnpinned?: boolean;
  readonly streams: number;
  readonly ttftMs: number;
  readonly itlMs: number;
  readonly tokens: number;
  readonly requests: number;
  readonly inputTokens?: number;
  /** Numbers of load threads, each measured in turn; default: the program's own choice. */
  readonly loadThreads?: readonly number[];
}

const cases: readonly Case[] = [
  {
    name: 'unpinned: 100 x 100/s',
    isUnpinned: true,
    streams: 100,
    ttftMs: 50,
    itlMs: 10,
    tokens: 200,
    requests: 1000,
    inputTokens: 1000,
  },
  {
    name: 'load threads: 100 x 100/s, all cores',
    isUnpinned: true,
    streams: 100,
    ttftMs: 50,
    itlMs: 10,
    tokens: 200,
    requests: 500,
    inputTokens: 1000,
    loadThreads: [1, 2, 3],
  },
  {
    name: 'founding: 100 x 100/s',
    streams: 100,
    ttftMs: 50,
    itlMs: 10,
    tokens: 500,
    requests: 1000,
    inputTokens: 1000,
  },
  { name: '100 x 50/s', streams: 100, ttftMs: 50, itlMs: 20, tokens: 250, requests: 400 },
  { name: '1,000 x 50/s: half load', streams: 1000, ttftMs: 50, itlMs: 20, tokens: 250, requests: 4000 },
  { name: '1,000 x 100/s: full load', streams: 1000, ttftMs: 50, itlMs: 10, tokens: 250, requests: 4000 },
  { name: '5,000 x 50/s: beyond it', streams: 5000, ttftMs: 50, itlMs: 20, tokens: 100, requests: 10_000 },
];

const report = openReport('fidelity');
compileFloor();
// `--only founding` measures the cases whose name has the word.
const only = argument('--only') ?? '';
for (const one of cases) if (one.name.includes(only)) await measure(one);
report.note(
  "Microseconds from the server's note just before its write to the client's stamp; gap: how far a gap between two tokens is off. Token counting is on. " +
    "The load of a client's core is its CPU time over its wall time. Where the server cannot keep its pace, tokens/s says what came.",
);
report.finish();

async function measure(one: Case): Promise<void> {
  const runs: Measured[] = [];
  for (let round = 0; round < (one.name.startsWith('founding') ? Math.min(rounds, 2) : rounds); round++) {
    runs.push(await measureFloor(one, 'C sink', runFloor));
    runs.push(await measureFloor(one, 'node:net', runBareNode));
    for (const threads of one.loadThreads ?? [undefined])
      for (const build of builds) runs.push(await measureOurs(one, build, threads));
  }
  for (const client of new Set(runs.map((run) => run.client)))
    add(
      one,
      client,
      runs.filter((run) => run.client === client),
    );
}

interface Measured {
  readonly client: string;
  readonly distance: Distance;
  /** CPU over wall time. */
  readonly core: number;
  /** Reported by ours over what the server's pace allows. */
  readonly ofPace?: number;
  readonly cpuSeconds: number;
}

function measureOurs(one: Case, build: Build, threads: number | undefined): Promise<Measured> {
  return withFolder(async (folder) => {
    const { server, log, requests } = await serverFor(one, folder);
    const before = clockOffsetNs();
    const load = ['--concurrency', String(one.streams), '--request-count', String(requests)];
    if (threads !== undefined) load.push('--load-threads', String(threads));
    const run = await runOurs(server.url, folder, [...chatArgs(one.tokens, true, one.inputTokens), ...load], {
      build,
      core: one.isUnpinned ? 'any' : CLIENT_CORE,
      isWatched: false,
      env: { AIPERF_HTTP_CONNECTION_LIMIT: '12000' },
    });
    const after = clockOffsetNs();
    await server.stop();
    const drift = Number(after - before) / 1000;
    const found = distance(
      readTokenLog(log),
      readRecords(join(folder, 'profile_export.jsonl'), (before + after) / 2n),
      { waveLength: one.streams },
    );
    const { least, most } = found.clock;
    report.say(
      `clocks: offset drifted ${drift.toFixed(1)} us over the run; causality allows ${least.toFixed(1)} to ${most.toFixed(1)} us; ${found.unmatched} requests unmatched`,
    );
    if (least > 0 || most < 0)
      report.note(
        `${one.name}: the run's own clock was off by more than causality allows (${least.toFixed(1)} to ${most.toFixed(1)} us); shifted to its edge.`,
      );
    const waves = requests / one.streams;
    const pace = (requests * one.tokens) / ((waves * (one.ttftMs + (one.tokens - 1) * one.itlMs)) / 1000);
    return {
      client: threads === undefined ? build.name : `${build.name}, load threads: ${threads}`,
      distance: found,
      core: run.cpuSeconds / run.wallSeconds,
      ofPace: run.tokensPerSecond / pace,
      cpuSeconds: run.cpuSeconds,
    };
  });
}

function measureFloor(one: Case, client: string, measureRun: typeof runFloor): Promise<Measured> {
  return withFolder(async (folder) => {
    const { server, log, requests } = await serverFor(one, folder);
    const run = await measureRun({
      port: server.port,
      connections: one.streams,
      requests,
      body: chatBody(one.tokens, true),
      keepStamps: true,
      core: one.isUnpinned ? 'any' : CLIENT_CORE,
    });
    await server.stop();
    return {
      client,
      // The role's event comes before the first token.
      distance: distance(readTokenLog(log), run.stamps, { before: 1, waveLength: one.streams }),
      core: run.cpuSeconds / run.wallSeconds,
      cpuSeconds: run.cpuSeconds,
    };
  });
}

async function serverFor(one: Case, folder: string) {
  const log = join(folder, 'tokens.jsonl');
  const pace = ['--ttft', String(one.ttftMs), '--itl', String(one.itlMs)];
  const requests = quick ? scaled(one.requests, one.streams) : one.requests;
  const core = one.isUnpinned ? 'any' : SERVER_CORE;
  return { server: await startMockServer([...pace, '--token-log', log], core), log, requests };
}

function add(one: Case, client: string, runs: readonly Measured[]): void {
  const of = (pick: (run: Measured) => number | undefined) =>
    median(runs.map((run) => pick(run) ?? Number.NaN));
  const spread = (key: 'first' | 'last' | 'every' | 'gap') => ({
    [`${key} p50`]: of((run) => run.distance[key].p50),
    [`${key} p99`]: of((run) => run.distance[key].p99),
    [`${key} max`]: of((run) => run.distance[key].max),
  });
  report.add("distance of the stamps from the server's own times, us", {
    load: one.name,
    client,
    'tokens/s': of((run) => run.distance.tokensPerSecond),
    core: of((run) => run.core),
    ...spread('first'),
    ...spread('gap'),
    ...spread('last'),
    ...spread('every'),
    'early p50': of((run) => run.distance.earlyP50),
    'late p50': of((run) => run.distance.lateP50),
    'CPU-s': of((run) => run.cpuSeconds),
    'throughput of pace': of((run) => run.ofPace),
  });
  const waves = Math.max(...runs.map(({ distance }) => distance.waves.length));
  for (let wave = 0; wave < waves; wave++)
    report.add('by wave: the first requests of all streams, the second, ...; us', {
      load: one.name,
      client,
      wave: wave + 1,
      'first p50': of((run) => run.distance.waves[wave]?.first.p50),
      'first p99': of((run) => run.distance.waves[wave]?.first.p99),
      'last p50': of((run) => run.distance.waves[wave]?.last.p50),
      'last p99': of((run) => run.distance.waves[wave]?.last.p99),
    });
}
