import { join } from 'node:path';
import { chatArgs, chatBody } from './measure/bodies.js';
import { compileFloor, runBareSender, runFloor } from './measure/floor.js';
import { argument, quick, rounds } from './measure/options.js';
import { builds, FiguresOfBuilds, runOurs } from './measure/ours.js';
import { median, type Spread, spreadOf } from './measure/quantiles.js';
import { openReport } from './measure/report.js';
import { startCannedServer, startMockServer, withFolder } from './measure/servers.js';
import { type RecordStamps, readRecords } from './measure/stamps.js';

// How late requests are sent: the time of the send less the time at which it was due, both by the client's clock.

const report = openReport('lateness');
const EVENTS_PER_SECOND = 50_000;
const GAP_MS = 20;

const TRACE_MINUTES = 5;
const TRACE_SPEEDUP = 5;

compileFloor();
// `--only trace` measures the cases whose name has the word.
const only = argument('--only') ?? '';
for (const perSecond of [100, 1000, 5000]) {
  for (const pattern of ['constant', 'poisson'] as const) {
    if (!`${perSecond}/s ${pattern}`.includes(only)) continue;
    await measure(perSecond, pattern, 0);
    await measure(perSecond, pattern, EVENTS_PER_SECOND / perSecond);
  }
}
const trace = argument('--trace');
if ('Mooncake trace'.includes(only)) {
  if (trace === undefined) report.note('Mooncake trace: left out; give its file with --trace FILE.');
  else await measureTrace(trace);
}
report.note(
  'Microseconds; early: sends before they were due. With events: each answer is a stream of one event in 20 ms, and figures begin once the first streams have ended.',
);
report.finish();

interface Measured {
  readonly late: Spread;
  readonly early: number;
  readonly cpuPerRequest: number;
}

/** @param tokens of each answer, streamed; 0: a small whole answer. */
async function measure(perSecond: number, pattern: 'constant' | 'poisson', tokens: number): Promise<void> {
  const fillSeconds = (tokens * GAP_MS) / 1000;
  const seconds = quick ? fillSeconds + 1 : fillSeconds + 5;
  const requests = Math.round(perSecond * seconds);
  const server = await startCannedServer(tokens, 1, GAP_MS);
  const ours = new FiguresOfBuilds<Measured>();
  const c: Measured[] = [];
  const skip = Math.round(perSecond * fillSeconds);
  for (let round = 0; round < rounds; round++) {
    const load = { port: server.port, connections: 0, requests, body: chatBody(tokens || 1, tokens > 0) };
    const floor = await runFloor({ ...load, rate: { perSecond, pattern }, keepStamps: true });
    c.push(lateness(floor.stamps, skip, floor.cpuSeconds / requests));
    const open = ['--request-rate', String(perSecond), '--arrival-pattern', pattern];
    const args = [...chatArgs(tokens || 1, tokens > 0), ...open, '--request-count', String(requests)];
    for (const build of builds)
      await withFolder(async (folder) => {
        const run = await runOurs(server.url, folder, args, { build });
        ours.add(build, lateness(recordsOf(folder), skip, run.cpuSeconds / requests));
      });
  }
  await server.stop();
  const load = { 'requests/s': perSecond, pattern, 'events/s': tokens * perSecond };
  addRows('late by, us', load, ours, 'C sink', c);
}

/** A trace replayed unpinned; the floor writes bodies of the same lengths at the same times. */
async function measureTrace(file: string): Promise<void> {
  const server = await startMockServer([], 'any');
  const ours = new FiguresOfBuilds<Measured>();
  const bare: Measured[] = [];
  const endMs = quick ? 20_000 : TRACE_MINUTES * 60_000;
  const input = ['--input-file', file, '--custom-dataset-type', 'mooncake_trace', '--streaming'];
  const pace = ['--fixed-schedule', '--synthesis-speedup-ratio', String(TRACE_SPEEDUP)];
  const args = [...input, ...pace, '--fixed-schedule-end-offset', String(endMs)];
  let requests = 0;
  for (let round = 0; round < rounds; round++) {
    let records: RecordStamps[] = [];
    for (const build of builds)
      await withFolder(async (folder) => {
        const run = await runOurs(server.url, folder, args, { build, core: 'any', isWatched: false });
        records = recordsOf(folder);
        ours.add(build, lateness(records, 0, run.cpuSeconds / records.length));
      });
    records.sort((a, b) => a.dueNs - b.dueNs);
    requests = records.length;
    const zeroNs = records[0]?.dueNs ?? 0;
    const schedule = records.map(({ dueNs, bodyBytes, outputTokens }) => ({
      dueMs: (dueNs - zeroNs) / 1e6,
      bodyBytes,
      outputTokens,
    }));
    const floor = await runBareSender(server.port, schedule, 'any');
    bare.push(lateness(floor.stamps, 0, floor.cpuSeconds / requests));
  }
  await server.stop();
  addRows('Mooncake trace, unpinned: late by, us', { requests }, ours, 'node:net', bare);
}

function addRows(
  table: string,
  load: Readonly<Record<string, string | number>>,
  ours: FiguresOfBuilds<Measured>,
  floorName: string,
  floorRuns: readonly Measured[],
): void {
  const floor = (pick: (run: Measured) => number) => median(floorRuns.map(pick));
  for (const [client, of] of [...ours.medians(), [floorName, floor] as const]) {
    report.add(table, {
      ...load,
      client,
      min: of((run) => run.late.min),
      p50: of((run) => run.late.p50),
      p90: of((run) => run.late.p90),
      p99: of((run) => run.late.p99),
      max: of((run) => run.late.max),
      early: of((run) => run.early),
      'us CPU/request': of((run) => run.cpuPerRequest * 1e6),
    });
  }
}

/** The records of a run. Their times are of one clock: its origin does not matter. */
function recordsOf(folder: string): RecordStamps[] {
  return readRecords(join(folder, 'profile_export.jsonl'), BigInt(Date.now()) * 1_000_000n);
}

function lateness(
  sends: readonly { dueNs: number; startNs: number }[],
  skip: number,
  cpuPerRequest: number,
): Measured {
  const inOrder = [...sends].sort((a, b) => a.dueNs - b.dueNs).slice(skip);
  const late = inOrder.map(({ dueNs, startNs }) => (startNs - dueNs) / 1000);
  return { late: spreadOf(late), early: late.filter((by) => by < 0).length, cpuPerRequest };
}
