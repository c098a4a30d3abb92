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
const parts = { streams: openStreams, events: heldEvents, records: manyRecords, long: longRun };
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

async function manyRecords(build: Build): Promise<void> {
  const requests = scaled(1_000_000);
  const server = await startCannedServer(0, 1);
  const run = await measured(build, server, 1, false, 64, requests);
  await server.stop();
  quarters(build, 'finished records, tiny and not streamed', run, requests);
}

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
): Promise<OwnRun> {
  return withFolder((folder) => {
    const load = ['--concurrency', String(concurrency), '--request-count', String(requests)];
    return runOurs(server.url, folder, [...chatArgs(tokens, streaming), ...load], {
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
    seconds: run.durationSeconds,
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
