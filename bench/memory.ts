import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chatArgs } from './measure/bodies.js';
import type { MemoryPoint } from './measure/census.js';
import { argument, quick, scaled } from './measure/options.js';
import { type Build, builds, type OwnRun, runOurs } from './measure/ours.js';
import { median } from './measure/quantiles.js';
import { openReport } from './measure/report.js';
import { type RunningServer, startCannedServer, startMockServer, withFolder } from './measure/servers.js';

// Resident memory of the one process, as /proc tells it ten times a second; the peak is the kernel's own.

const report = openReport('memory');
const manyConnections = { AIPERF_HTTP_CONNECTION_LIMIT: '12000' };

// `--only events` measures the parts whose name has the word.
const only = argument('--only') ?? '';
const parts = {
  streams: openStreams,
  events: heldEvents,
  records: manyRecords,
  long: longRun,
  counting: longPrompts,
};
for (const [name, measure] of Object.entries(parts)) {
  if (name.includes(only)) for (const build of builds) await measure(build);
}
report.finish();

async function openStreams(build: Build): Promise<void> {
  // All streams are open from the first token, half-way through, to the last.
  const server = await startMockServer(['--ttft', '6000', '--itl', '2000']);
  let atStart = Number.NaN;
  for (const streams of [1, 10, 1000, 10_000]) {
    const run = await measured(build, server, 5, true, streams, streams);
    const mb = median(window(run, 0.5, 0.9));
    if (streams === 1) atStart = mb;
    report.add('open streams', {
      build: build.name,
      streams,
      'resident MB': mb,
      'KB per stream': streams > 10 ? ((mb - atStart) * 1024) / streams : undefined,
      'peak MB': run.population.peakMb,
      errors: run.errors,
    });
  }
  report.note('The row of 1 stream is what is resident at start, with the tokenizer.');
  await server.stop();
}

async function heldEvents(build: Build): Promise<void> {
  const streams = 100;
  // So many that what they take stands out from the steps in which the heap grows and shrinks.
  const events = scaled(100_000, 2000);
  const perWrite = 50;
  const server = await startCannedServer(events, perWrite, quick ? 100 : 25);
  const run = await measured(build, server, events, true, streams, streams);
  await server.stop();
  const growth = grown(run, 0.3, 0.9);
  const rate = (streams * perWrite) / (quick ? 0.1 : 0.025);
  report.add('events held until their request ends', {
    build: build.name,
    streams,
    'events per stream': events,
    'bytes per event, content included': (growth.mbPerSecond * 2 ** 20) / rate,
    'peak MB': run.population.peakMb,
  });
}

/**
 * All threads of the client share one core, which the load thread fills: most records wait in the spool until the load
 * is over.
 */
async function manyRecords(build: Build): Promise<void> {
  const requests = scaled(1_000_000);
  const kinds = [
    ['summary', false],
    ['records', false],
    ['records', true],
    ['raw', false],
  ] as const;
  for (const [level, streaming] of kinds) {
    const server = await startCannedServer(streaming ? 1 : 0, 1);
    const run = await measured(build, server, 1, streaming, 64, requests, ['--export-level', level]);
    await server.stop();
    const kind = `--export-level ${level}${streaming ? ' --streaming' : ''}`;
    quarters(build, `tiny records, one core for everything: ${kind}`, run, requests);
  }
}

/** Prompts whose tokens the client counts, on all cores: how long the command takes after the load. */
async function longPrompts(build: Build): Promise<void> {
  const requests = scaled(12_000, 50);
  const server = await startCannedServer(0, 1);
  await withFolder(async (folder) => {
    const prompts = join(folder, 'prompts.jsonl');
    writeFileSync(prompts, Array.from({ length: 4000 }, (_, seed) => promptLine(seed)).join(''));
    const load = ['--concurrency', '16', '--request-count', String(requests)];
    const input = [
      '--input-file',
      prompts,
      '--custom-dataset-type',
      'single_turn',
      '--export-inputs',
      'never',
    ];
    const run = await runOurs(server.url, join(folder, 'run'), [...load, ...input], { build, core: 'any' });
    report.add('token counting: prompts of 4,000 words from a file', {
      build: build.name,
      requests,
      'load s': run.durationSeconds,
      'whole command s': run.wallSeconds,
      'CPU s': run.cpuSeconds,
      'peak MB': run.population.peakMb,
    });
  });
  await server.stop();
}

/** Words of one to four syllables, as in no other prompt. */
function promptLine(seed: number): string {
  let state = seed + 1;
  const random = (below: number) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
  const word = () =>
    Array.from({ length: 1 + random(4) }, () => syllables[random(syllables.length)]).join('');
  return `${JSON.stringify({ text: Array.from({ length: 4000 }, word).join(' ') })}\n`;
}

const syllables = 'ka lo mi ter ing pre con sta ble ver an o qui dra fle sch ion um gar net'.split(' ');

async function longRun(build: Build): Promise<void> {
  const requests = scaled(9000, 100);
  const server = await startCannedServer(100, 1, 10);
  const run = await measured(build, server, 100, true, 100, requests);
  await server.stop();
  quarters(build, 'a long run: 100 streams of 100 tokens, one after the other', run, requests);
}

function measured(
  build: Build,
  server: RunningServer,
  tokens: number,
  streaming: boolean,
  concurrency: number,
  requests: number,
  more: readonly string[] = [],
): Promise<OwnRun> {
  return withFolder((folder) => {
    const load = ['--concurrency', String(concurrency), '--request-count', String(requests)];
    return runOurs(server.url, folder, [...chatArgs(tokens, streaming), ...load, ...more], {
      build,
      env: manyConnections,
    });
  });
}

function quarters(build: Build, table: string, run: OwnRun, records: number): void {
  const at = (share: number) => median(window(run, share - 0.02, share + 0.02));
  report.add(table, {
    build: build.name,
    records,
    'load s': run.durationSeconds,
    'whole command s': run.wallSeconds,
    'CPU us per record': (run.cpuSeconds * 1e6) / records,
    'MB at 1/4': at(0.25),
    'at 1/2': at(0.5),
    'at 3/4': at(0.75),
    'at the end': at(0.97),
    'peak MB': run.population.peakMb,
    'bytes per record': (grown(run, 0.3, 0.9).mbPerSecond * 2 ** 20 * run.durationSeconds) / records,
  });
}

/** Resident MB between two shares of the run. */
function window(run: OwnRun, from: number, to: number): number[] {
  return between(run, from, to).map(({ mb }) => mb);
}

function between({ population: { timeline } }: OwnRun, from: number, to: number): MemoryPoint[] {
  const end = timeline.at(-1)?.seconds ?? 0;
  const found = timeline.filter(({ seconds }) => seconds >= from * end && seconds <= to * end);
  return found.length > 0 ? found : timeline.slice(-1);
}

/** The slope of a straight line through the points. */
function grown(run: OwnRun, from: number, to: number): { mbPerSecond: number } {
  const points = between(run, from, to);
  const meanX = mean(points.map(({ seconds }) => seconds));
  const meanY = mean(points.map(({ mb }) => mb));
  const spread = mean(points.map(({ seconds }) => (seconds - meanX) ** 2));
  return { mbPerSecond: mean(points.map(({ seconds, mb }) => (seconds - meanX) * (mb - meanY))) / spread };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
