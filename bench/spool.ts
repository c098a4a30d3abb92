import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { chatArgs } from './measure/bodies.js';
import { endWithBench } from './measure/leftovers.js';
import { CLIENT_CORE, niceness, packageFolder, pinned } from './measure/machine.js';
import { quick, rounds } from './measure/options.js';
import { median, spreadOf } from './measure/quantiles.js';
import { openReport } from './measure/report.js';
import { ourCli, startCannedServer, withFolder } from './measure/servers.js';

// What becomes of finished records on a core that another program fills: how soon they are on disk, how long an
// interrupt takes, and that none is missing after an interrupt or a kill.

// Of the program under test: benches are built apart from it.
const built = (path: string) => import(join(packageFolder, 'dist', path));
const { RecordPacker, unpackRecords } = await built('records/pack.js');
const { SpoolGate } = await built('records/spool-gate.js');
const { SpoolQueue } = await built('records/spool-queue.js');
const { SpoolReader } = await built('records/spool-reader.js');
const { WireTimes } = await built('transport/transport.js');

const report = openReport('spool');

for (const chunks of [1, 500]) await handOverCost(chunks);
for (const signal of ['SIGINT', 'SIGKILL'] as const) await busyCore(signal);
report.note(
  'From the last stamp of a request to its record in the spool, as seen by a process that looks every 5 ms.',
);
report.finish();

/** How long a batch holds up the thread that stamps, packed and then handed to the queue. */
async function handOverCost(chunks: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'aiperf-bench-'));
  const record = exampleRecord(chunks);
  const batches = quick ? 20 : 1000;
  const packer = new RecordPacker('worker_00000000');
  const queue = new SpoolQueue({
    ...{ folder, thread: 0, workerId: 'worker_00000000', gate: new SpoolGate(1) },
    onFailure: (error: Error) => {
      throw error;
    },
  });
  let packNs = 0;
  let records = 0;
  const holds: number[] = [];
  for (let batch = 0; batch < batches; batch++) {
    const startNs = performance.now() * 1e6;
    // As load threads close theirs.
    while (packer.records < 250 && packer.bytes < 128_000) packer.add(record);
    records += packer.records;
    const packedNs = performance.now() * 1e6;
    const taken = packer.take();
    queue.append(taken, () => packer.reuse(taken));
    packNs += packedNs - startNs;
    holds.push(performance.now() * 1e6 - packedNs);
    // As between two batches of a load thread, the write of this one ends.
    await after(2);
  }
  await queue.settled();
  queue.close();
  rmSync(folder, { recursive: true });
  const heldNs = holds.reduce((sum, ns) => sum + ns, 0);
  const { p50, p99, max } = spreadOf(holds.map((ns) => ns / 1000));
  report.add('cost of the spool to the thread that stamps', {
    'chunks per record': chunks,
    'records per batch': records / batches,
    'us per record, packing': packNs / records / 1000,
    'us per record, handing over': heldNs / records / 1000,
    'us per batch p50': p50,
    p99,
    max,
  });
}

async function busyCore(signal: 'SIGINT' | 'SIGKILL'): Promise<void> {
  const server = await startCannedServer(0, 1);
  const runs: Awaited<ReturnType<typeof oneRun>>[] = [];
  for (let round = 0; round < rounds; round++)
    runs.push(await withFolder((folder) => oneRun(server.url, folder, signal)));
  await server.stop();
  const of = (pick: (run: (typeof runs)[number]) => number) => median(runs.map(pick));
  report.add('tiny requests on a core that another program fills', {
    'after 5 s': signal,
    'finished records': of((run) => run.finished),
    'of them counted by then': of((run) => run.counted),
    'on disk after ms, p50': of((run) => run.delay.p50),
    p99: of((run) => run.delay.p99),
    max: of((run) => run.delay.max),
    'ends after s': of((run) => run.endSeconds),
    missing: of((run) => run.missing),
  });
}

async function oneRun(url: string, folder: string, signal: 'SIGINT' | 'SIGKILL') {
  const burner = start([process.execPath, '-e', 'for (;;);']);
  const fixed = [
    '--url',
    url,
    '--model',
    'mock',
    '--tokenizer',
    'builtin',
    '--ui',
    'none',
    '--artifact-dir',
    folder,
  ];
  const load = ['--concurrency', '64', '--request-count', '10000000'];
  const command = [process.execPath, ourCli, 'profile', ...fixed, ...chatArgs(1, false), ...load];
  const child = start(command);
  const exited = once(child, 'exit');
  const spool = join(folder, 'spool');
  while (!existsSync(join(spool, '0-1.spool'))) await after(20);
  const originNs = originOf(spool);
  const reader = new SpoolReader(spool, 0, 1);
  const delays: number[] = [];
  const look = () => {
    for (let batch = reader.next(); batch !== undefined; batch = reader.next()) {
      const atNs = Number(process.hrtime.bigint() - originNs);
      for (const { endNs } of unpackRecords(batch)) delays.push((atNs - endNs) / 1e6);
    }
  };
  const endAt = performance.now() + (quick ? 1000 : 5000);
  while (performance.now() < endAt) {
    look();
    await after(5);
  }
  const signalled = performance.now();
  const counted = linesIn(folder);
  child.kill(signal);
  await exited;
  const endSeconds = (performance.now() - signalled) / 1000;
  burner.kill('SIGKILL');
  reader.close();
  // Completes the files from the spool, if there is one.
  const completing = spawn(process.execPath, [ourCli, 'report', folder], { stdio: 'ignore' });
  await once(completing, 'exit');
  const numbers = sessionNumbers(folder);
  // Requests are numbered without gaps: what is below the lowest number in flight at a kill must be there.
  const present = new Set(numbers);
  const last = numbers.reduce((most, number) => Math.max(most, number), -1);
  let missing = 0;
  for (let number = 0; number <= last - 64; number++) if (!present.has(number)) missing++;
  return { finished: numbers.length, counted, delay: spreadOf(delays), endSeconds, missing };
}

/** On the client's core; a session of its own where it has a niceness. */
function start(command: readonly string[]): ChildProcess {
  const [program = '', ...words] = pinned(CLIENT_CORE, command);
  const child = spawn(program, words, { stdio: 'ignore', detached: niceness !== 0 });
  endWithBench(child);
  return child;
}

function originOf(spool: string): bigint {
  const plan: { origin: { monotonicNs: string } } = JSON.parse(
    readFileSync(join(spool, 'plan.spool'), 'utf8'),
  );
  return BigInt(plan.origin.monotonicNs);
}

function linesIn(folder: string): number {
  return recordsText(folder).split('\n').length - 1;
}

function sessionNumbers(folder: string): number[] {
  return [...recordsText(folder).matchAll(/^\{"metadata":\{"session_num":(\d+),/gm)].map(([, number]) =>
    Number(number),
  );
}

function recordsText(folder: string): string {
  return readFileSync(join(folder, 'profile_export.jsonl'), 'latin1');
}

function exampleRecord(chunks: number) {
  return {
    ...{ phase: 'profiling', sessionNum: 7, turnIndex: 0, workerId: '', model: 'mock' },
    requestId: '01234567-89ab-cdef-0123-456789abcdef',
    correlationId: '01234567-89ab-cdef-0123-456789abcdef',
    conversationId: 'session_000007',
    ...{ dueNs: 1, startNs: 2, ackNs: 3, endNs: 9, firstOutputNs: 5 },
    contentNs: Float64Array.from({ length: chunks }, (_, n) => 4 + n / 3),
    wire: new WireTimes(),
    text: ' word'.repeat(chunks),
    usage: { prompt_tokens: 16, completion_tokens: chunks, total_tokens: 16 + chunks },
    finishReason: 'length',
    ...{
      reasoning: undefined,
      unread: undefined,
      inputTokens: 16,
      inputText: undefined,
      requestedOsl: chunks,
    },
    ...{ error: undefined, cancelledNs: undefined, dropped: false, clientLimited: false },
    ...{ raw: undefined, trace: undefined },
  };
}
