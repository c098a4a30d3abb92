import { Worker } from 'node:worker_threads';
import { load } from '../../config/load.js';
import { profileOptions } from '../../config/options.js';
import type { PhasePlan } from '../../load/plan.js';
import type { LoadSource } from '../../load/source.js';
import { startLoadThreads } from '../../load/threads.js';
import { PREWARMED, type RecordBatch, unpackRecords } from '../../records/pack.js';
import type { RequestRecord } from '../../records/record.js';
import type { Observation } from '../../telemetry/time-series.js';
import { type Clock, openClock, takeOrigin } from '../../util/clock.js';
import { UserError } from '../../util/errors.js';
import { packageFile } from '../../util/package-file.js';
import { deathOf } from '../../util/thread-death.js';
import { version } from '../../util/version.js';
import { prepareRun } from '../profile/prepare.js';
import type { PhaseSample } from './roof-figures.js';

/** The stub server: a thread of this process, which ends with it. */
export interface StubServer {
  readonly url: string;
  stop(): Promise<void>;
}

export async function startStubServer(): Promise<StubServer> {
  const worker = new Worker(packageFile('dist/commands/doctor/stub-server.js'));
  let isStopping = false;
  const died = deathOf(worker, 'The stub server', () => isStopping);
  const port = await Promise.race([new Promise((resolve) => worker.once('message', resolve)), died]);
  return {
    url: `http://127.0.0.1:${port}`,
    stop: async () => {
      isStopping = true;
      await worker.terminate();
    },
  };
}

/** A closed loop against the stub server. */
export interface StubPhase {
  /** Connections. */
  readonly concurrency: number;
  /** Infinity: until its duration is over. */
  readonly requests: number;
  /** Nothing is sent after it; requests in flight get as long again and a second more, and are then dropped. */
  readonly durationMs: number;
}

/** Load threads of `aiperf profile` that send to the stub server; their records stay in memory. */
export interface StubLoad {
  /** Runs a phase. @param index into the phases that it was opened with; each can run once. */
  run(index: number): Promise<PhaseSample>;
  close(): Promise<void>;
}

/** Starts load threads as `aiperf profile` does. @param path of the stub server. */
export async function openStubLoad(
  { url }: StubServer,
  path: string,
  threads: number,
  stubPhases: readonly StubPhase[],
): Promise<StubLoad> {
  const concurrency = Math.max(...stubPhases.map((phase) => phase.concurrency));
  const streaming = path.startsWith('/stream/');
  const line = `--url ${url} --endpoint ${path} --model stub --tokenizer builtin --isl 16 --osl 1 --num-dataset-entries 100`;
  const words = [...line.split(' '), '--concurrency', `${concurrency}`, '--load-threads', `${threads}`];
  const { config } = await load(profileOptions, streaming ? [...words, '--streaming'] : words, {});
  const { load: plan } = await prepareRun(config, { version, env: {} }, () => {});
  const [phase] = plan.phases;
  if (phase === undefined) throw new Error('the load plan has no phase');
  const phases = stubPhases.map((stubPhase) => phaseOf(phase, stubPhase));
  const origin = takeOrigin();
  const source = startLoadThreads(
    { ...plan, phases },
    { threads, origin, spool: undefined, onSpoolFailure: () => {}, onSlowSpool: () => {} },
  );
  const batches = new PostedBatches(source);
  await source.ready;
  const clock = openClock(origin);
  let sessions = 0;
  return {
    run: async (index) => {
      const { concurrency: inFlight } = stubPhases[index] ?? { concurrency: 0 };
      const sample = { ...(await runPhase(source, batches, clock, index, sessions)), concurrency: inFlight };
      sessions += source.progressOf(index).sessions;
      return sample;
    },
    close: () => source.terminate(),
  };
}

function phaseOf(plan: PhasePlan, { concurrency, requests, durationMs }: StubPhase): PhasePlan {
  const durationNs = durationMs * 1e6;
  return {
    ...plan,
    issuing: { kind: 'closed-loop', concurrency: { limit: concurrency, rampNs: 0 } },
    ...{ requestLimit: requests, sessionLimit: Number.POSITIVE_INFINITY },
    ...{ durationNs, graceNs: durationNs + 1e9, concurrency, expectedRequests: undefined },
  };
}

/** Time in which load threads make the first bodies, ns. */
const PREPARATION_NS = 100e6;

async function runPhase(
  source: LoadSource,
  batches: PostedBatches,
  { origin, nowNs }: Clock,
  index: number,
  firstSession: number,
): Promise<Omit<PhaseSample, 'concurrency'>> {
  const startNs = nowNs() + PREPARATION_NS;
  const reports = await source.runPhase(index, startNs, firstSession);
  const { returned } = source.progressOf(index);
  const records = (await batches.take(returned)).filter(({ error }) => error === undefined);
  if (records.length === 0)
    throw new UserError(
      'no request of the measurement was answered in time',
      'keep this machine idle, and measure again',
    );
  const streams = records.map((record) => streamOf(record, Number(origin.monotonicNs)));
  return {
    threads: reports.length,
    seconds: records.reduce((longest, { endNs }) => Math.max(longest, endNs - startNs), 0) / 1e9,
    cpuSeconds: reports.reduce(
      (sum, { cpuShare, busyShare, ...report }) =>
        sum + ((cpuShare ?? busyShare) * (report.endNs - report.startNs)) / 1e9,
      0,
    ),
    requests: records.length,
    failed: returned - records.length,
    reads: records.reduce((sum, { wire }) => sum + wire.reads, 0),
    startNs: startNs + Number(origin.monotonicNs),
    streams,
  };
}

/** The write times that the stub server put into the events of a stream, and our timestamps. */
function streamOf({ text = '', contentNs }: RequestRecord, zeroNs: number): PhaseSample['streams'][number] {
  const writtenNs = text.split(' ').slice(1).map(Number);
  return { writtenNs, stampedNs: Array.from(contentNs, (ns) => ns + zeroNs) };
}

/** Collects the batches that load threads post, in place of the record thread. */
class PostedBatches {
  #batches: RecordBatch[] = [];
  #records = 0;
  #onBatch = () => {};

  constructor({ feeds }: LoadSource) {
    for (const { port } of feeds) {
      port.on('message', (posted: RecordBatch | typeof PREWARMED | Observation) => {
        if (posted === PREWARMED || 'samples' in posted || posted.isPrewarm) return;
        this.#batches.push(posted);
        this.#records += posted.records;
        this.#onBatch();
      });
    }
  }

  /** Resolves with all records when there are this many. */
  async take(records: number): Promise<RequestRecord[]> {
    await new Promise<void>((resolve) => {
      this.#onBatch = () => {
        if (this.#records >= records) resolve();
      };
      this.#onBatch();
    });
    const batches = this.#batches;
    this.#batches = [];
    this.#records = 0;
    return batches.flatMap((batch) => [...unpackRecords(batch)]);
  }
}
