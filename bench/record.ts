import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chatArgs } from './measure/bodies.js';
import { quick, rounds } from './measure/options.js';
import { runOurs } from './measure/ours.js';
import { median } from './measure/quantiles.js';
import { openReport } from './measure/report.js';
import {
  type RunningServer,
  startCannedServer,
  startRecorder,
  startRelay,
  withFolder,
} from './measure/servers.js';

// What `aiperf trace record` adds to each request: the same load direct, through a bare relay and through it, in turn.

const PER_SECOND = 1000;
const EVENTS = 20;
const GAP_MS = 5;
const SECONDS = quick ? 3 : 15;
const WARMUP_SECONDS = 2;
/** Tokens of each prompt, for the recorder to render and hash. */
const PROMPT_TOKENS = 500;

const report = openReport('record');
const runs = new Map<string, Figures[]>();

/** Times in ms. */
interface Figures {
  readonly firstP50: number;
  readonly firstP99: number;
  readonly latencyP50: number;
  readonly latencyP99: number;
  readonly perSecond: number;
  /** Of the process that the client talks to, all threads. */
  readonly cpuUs: number;
}

for (let round = 0; round < rounds; round++) {
  await withFolder(async (folder) => {
    const server = await startCannedServer(EVENTS, 1, GAP_MS);
    add('direct', await measure(server, folder));
    const relay = await startRelay(server);
    add('through a bare relay', await measure(relay, folder));
    await relay.stop();
    const output = join(folder, 'trace.jsonl');
    const recorder = await startRecorder(server.url, output);
    add('through the recorder', await measure(recorder, folder));
    await recorder.stop();
    const rows = readFileSync(output, 'utf8').split('\n').length - 1;
    const sent = PER_SECOND * (SECONDS + WARMUP_SECONDS);
    if (rows !== sent) report.note(`Recorded ${rows} of ${sent}.`);
    await server.stop();
  });
}
for (const [name, all] of runs) {
  const of = (pick: (run: Figures) => number) => median(all.map(pick));
  report.add(`${PER_SECOND} streams/s of ${EVENTS} events, one in ${GAP_MS} ms`, {
    path: name,
    'TTFT p50, ms': of((run) => run.firstP50),
    'TTFT p99, ms': of((run) => run.firstP99),
    'latency p50, ms': of((run) => run.latencyP50),
    'latency p99, ms': of((run) => run.latencyP99),
    'requests/s': of((run) => run.perSecond),
    'CPU µs per request, all threads': of((run) => run.cpuUs),
  });
}
report.note(
  'The first event comes up to 5 ms after the request: the server spreads its streams over the interval.',
);
report.finish();

function add(name: string, figures: Figures): void {
  runs.set(name, [...(runs.get(name) ?? []), figures]);
}

/** Behind a first load, which gets all code compiled. */
async function measure(server: RunningServer, folder: string): Promise<Figures> {
  await load(server.url, join(folder, 'warmup'), WARMUP_SECONDS);
  const before = server.cpuSeconds();
  const { requestsPerSecond } = await load(server.url, join(folder, 'run'), SECONDS);
  const cpuUs = ((server.cpuSeconds() - before) / (PER_SECOND * SECONDS)) * 1e6;
  const { time_to_first_token: first, request_latency: latency } = JSON.parse(
    readFileSync(join(folder, 'run', 'profile_export_aiperf.json'), 'utf8'),
  );
  return {
    ...{ firstP50: first.p50, firstP99: first.p99, latencyP50: latency.p50, latencyP99: latency.p99 },
    ...{ perSecond: requestsPerSecond, cpuUs },
  };
}

function load(url: string, folder: string, seconds: number) {
  const rate = ['--request-rate', String(PER_SECOND), '--arrival-pattern', 'constant'];
  const count = [
    '--request-count',
    String(PER_SECOND * seconds),
    '--no-server-metrics',
    '--no-gpu-telemetry',
  ];
  const args = [...chatArgs(EVENTS, true, PROMPT_TOKENS), ...rate, ...count];
  return runOurs(url, folder, args, { isWatched: false });
}
