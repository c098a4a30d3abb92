import { get } from 'node:http';
import { join } from 'node:path';
import { chatArgs } from './measure/bodies.js';
import { clockOffsetNs, distance } from './measure/distance.js';
import { argument, quick, rounds, scaled } from './measure/options.js';
import { type OwnRun, runOurs } from './measure/ours.js';
import { median, type Spread, spreadOf } from './measure/quantiles.js';
import { openReport } from './measure/report.js';
import { startCannedServer, startMockServer, withFolder } from './measure/servers.js';
import { readRecords, readTokenLog } from './measure/stamps.js';
import { type ViewCpu, watchViewCpu } from './measure/view-cpu.js';

// What live views cost: stamps, sends and CPU with the dashboard, and with the live page and one viewer, against none.
// Server and client share all cores at normal niceness, as a user runs them.

const PORT = 8799;

interface Shown {
  readonly name: string;
  readonly args: readonly string[];
  /** The run gets a terminal of this size. */
  readonly terminal?: { readonly columns: number; readonly rows: number };
  readonly hasViewer?: true;
}

const shownBy: readonly Shown[] = [
  { name: 'none', args: [] },
  { name: 'dashboard', args: ['--ui', 'dashboard'], terminal: { columns: 120, rows: 40 } },
  {
    name: 'page, one viewer',
    args: ['--live', '--live-port', String(PORT), '--live-linger', '0'],
    hasViewer: true,
  },
];

interface Measured {
  /** Microseconds. */
  readonly late: Spread;
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
  readonly view: ViewCpu | undefined;
}

const report = openReport('views');
const only = argument('--only') ?? '';
if ('10,000 streams'.includes(only)) await measure('10,000 streams x 5/s: stamps behind the server', streams);
if ('1,000 requests/s'.includes(only)) await measure('1,000 requests/s: sends after they were due', requests);
report.note(
  'Medians of runs in turn; times in microseconds. CPU-s is that of all processes of the run. The core of the views is their largest share of one core over five seconds, after their first three.',
);
report.finish();

async function measure(load: string, run: (shown: Shown) => Promise<Measured>): Promise<void> {
  const runs = new Map<Shown, Measured[]>();
  for (let round = 0; round < rounds; round++)
    for (const shown of shownBy) runs.set(shown, [...(runs.get(shown) ?? []), await run(shown)]);
  for (const [{ name }, measured] of runs) {
    const of = (pick: (one: Measured) => number) => median(measured.map(pick));
    report.add('cost of live views', {
      load,
      views: name,
      p50: of(({ late }) => late.p50),
      p99: of(({ late }) => late.p99),
      max: of(({ late }) => late.max),
      'CPU-s': of(({ cpuSeconds }) => cpuSeconds),
      'CPU-s of views': of(({ view }) => view?.seconds ?? 0),
      'core of views': of(({ view }) => view?.core ?? 0),
      'wall s': of(({ wallSeconds }) => wallSeconds),
    });
  }
}

/** Streams that end together after ten seconds. */
function streams(shown: Shown): Promise<Measured> {
  return withFolder(async (folder) => {
    const count = quick ? scaled(10_000) : 10_000;
    const log = join(folder, 'tokens.jsonl');
    const server = await startMockServer(['--ttft', '100', '--itl', '200', '--token-log', log], 'any');
    const before = clockOffsetNs();
    const load = ['--concurrency', String(count), '--request-count', String(count)];
    const { run, view } = await runShown(server.url, folder, [...chatArgs(50, true), ...load], shown);
    const after = clockOffsetNs();
    await server.stop();
    const records = readRecords(join(folder, 'profile_export.jsonl'), (before + after) / 2n);
    const { every } = distance(readTokenLog(log), records, { waveLength: count });
    return { late: { ...every, min: 0, p90: Number.NaN }, ...costOf(run), view };
  });
}

/** Small whole answers at a rate. */
function requests(shown: Shown): Promise<Measured> {
  return withFolder(async (folder) => {
    const server = await startCannedServer(0, 1);
    const load = ['--request-rate', '1000', '--request-count', String(quick ? 5000 : 20_000)];
    const { run, view } = await runShown(server.url, folder, [...chatArgs(1, false), ...load], shown);
    await server.stop();
    const records = readRecords(join(folder, 'profile_export.jsonl'), BigInt(Date.now()) * 1_000_000n);
    const late = spreadOf(records.map(({ dueNs, startNs }) => (startNs - dueNs) / 1000));
    return { late, ...costOf(run), view };
  });
}

async function runShown(url: string, folder: string, args: readonly string[], shown: Shown) {
  let endCpu: () => ViewCpu | undefined = () => undefined;
  let stopViewing = () => {};
  const run = await runOurs(url, folder, [...args, ...shown.args], {
    ...{ core: 'any', isWatched: false, env: { AIPERF_HTTP_CONNECTION_LIMIT: '12000' } },
    ...(shown.terminal === undefined ? {} : { terminal: shown.terminal }),
    onStart: ({ pid = 0 }) => {
      endCpu = watchViewCpu(pid);
      if (shown.hasViewer) stopViewing = view();
    },
  });
  stopViewing();
  return { run, view: endCpu() };
}

/** Reads the events of the live page as a browser does. @returns stops. */
function view(): () => void {
  let isOver = false;
  const open = () => {
    if (isOver) return;
    const retry = () => void setTimeout(open, 200);
    get({ host: '127.0.0.1', port: PORT, path: '/events' }, (response) =>
      response.resume().on('close', retry),
    ).on('error', retry);
  };
  open();
  return () => {
    isOver = true;
  };
}

function costOf({ cpuSeconds, wallSeconds }: OwnRun): Pick<Measured, 'cpuSeconds' | 'wallSeconds'> {
  return { cpuSeconds, wallSeconds };
}
