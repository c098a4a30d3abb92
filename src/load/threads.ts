import { randomBytes } from 'node:crypto';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { SpoolGate } from '../records/spool-gate.js';
import type { ClockOrigin } from '../util/clock.js';
import { UserError } from '../util/errors.js';
import { packageFile } from '../util/package-file.js';
import { deathOf, ThreadDeath } from '../util/thread-death.js';
import { SharedCounters } from './counters.js';
import { startIndexing } from './indexing.js';
import { nextSession, partOf } from './parts.js';
import type { LoadCommand, LoadEvent, LoadPlan, LoadThreadData } from './plan.js';
import { isPreparedAhead, startPreparation } from './preparation.js';
import type { SourceShare } from './quota.js';
import type { LoadSource } from './source.js';

export interface ThreadsOptions {
  readonly threads: number;
  readonly origin: ClockOrigin;
  /** Absent: the whole load. */
  readonly share?: SourceShare;
  /** Number of the run's first session; absent: 0. */
  readonly firstSession?: number;
  /** Folder that they spool finished records to; undefined: records are posted. */
  readonly spool: string | undefined;
  /** Called when a thread cannot write its spool; it posts its records from then on. */
  readonly onSpoolFailure: (message: string) => void;
  /** Called once, when more than `bytes` of the records of a thread wait in memory for the disk of the spool. */
  readonly onSlowSpool: (bytes: number) => void;
}

/** Starts load threads in this process; they send nothing until a phase is run. */
export function startLoadThreads(plan: LoadPlan, options: ThreadsOptions): LoadSource {
  const { threads, origin, share = { source: 0, sources: 1 }, spool, firstSession = 0 } = options;
  const parts = plan.phases.map((phase) => partOf(plan, phase, share));
  const counters = plan.phases.map(() => new SharedCounters());
  const gate = new SpoolGate(threads);
  let isSlow = false;
  const on = {
    onSpoolFailure: options.onSpoolFailure,
    onSlowSpool: (bytes: number) => {
      if (!isSlow) options.onSlowSpool(bytes);
      isSlow = true;
    },
  };
  let isTerminated = false;
  const preparation = isPreparedAhead(plan) ? startPreparation(plan, threads, () => isTerminated) : undefined;
  const { dataset } = plan;
  const indexing =
    dataset.kind === 'stream'
      ? startIndexing(plan, dataset, { threads, firstSession }, () => isTerminated)
      : undefined;
  const started = Array.from({ length: threads }, (_, thread) => {
    const data = {
      plan,
      origin,
      share,
      parts,
      counters: counters.map(({ buffer }) => buffer),
      thread,
      threads,
      spool,
      gate: gate.buffer,
      preparation: preparation?.ports[thread],
    };
    return startThread(data, on, () => isTerminated);
  });
  const died = Promise.race(
    [...started, preparation, indexing].flatMap((thread) => (thread === undefined ? [] : [thread.died])),
  );
  died.catch(() => {});
  const post = (command: LoadCommand) => {
    for (const { worker } of started) worker.postMessage(command);
  };
  return {
    origin,
    ready: Promise.race([
      Promise.all([
        preparation?.ready,
        indexing?.ready,
        ...started.map(({ worker }) => nextEvent(worker, 'ready')),
      ]),
      died,
    ]).catch((thrown: unknown) => {
      // A row that cannot be sent is reported as such before anything is sent.
      throw thrown instanceof ThreadDeath && thrown.cause instanceof UserError ? thrown.cause : thrown;
    }),
    feeds: started.map(({ records }, thread) => ({
      port: records,
      spoolNumber: spool === undefined ? undefined : thread,
      gate: gate.buffer,
      origin,
    })),
    progressOf: (phase) => {
      const found = counters[phase];
      if (found === undefined) throw new Error(`the load plan has no phase ${phase}`);
      return found;
    },
    nextSession: (index, firstSession) => {
      const [phase, started] = [plan.phases[index], counters[index]];
      if (phase === undefined || started === undefined)
        throw new Error(`the load plan has no phase ${index}`);
      return nextSession(plan, phase, parts[index], firstSession, started.sessions);
    },
    runPhase: async (phase, startNs, firstSession, join) => {
      if (join !== undefined) counters[phase]?.beginBehind(join.sessions, join.requests);
      const done = Promise.all(started.map(({ worker }) => nextEvent(worker, 'phase-done')));
      post({ kind: 'start', phase, startNs, firstSession, join });
      const events = await Promise.race([done, died]);
      return events.map((event) => event.report);
    },
    interrupt: (why) => {
      for (const phase of counters) phase.stop();
      post({ kind: 'interrupt', why });
    },
    finish: () => {
      post({ kind: 'finish' });
      void indexing?.terminate();
    },
    finished: Promise.all(
      started.map(({ worker, died: diedEarly }) =>
        Promise.race([nextEvent(worker, 'finished'), diedEarly.catch(() => undefined)]),
      ),
    ),
    terminate: async () => {
      isTerminated = true;
      await Promise.all([
        preparation?.terminate(),
        indexing?.terminate(),
        ...started.map(({ worker }) => worker.terminate()),
      ]);
    },
  };
}

interface StartedThread {
  readonly worker: Worker;
  readonly records: MessagePort;
  /** Rejects when the thread fails; never resolves. */
  readonly died: Promise<never>;
}

function startThread(
  data: Omit<LoadThreadData, 'workerId' | 'records'>,
  { onSpoolFailure, onSlowSpool }: Pick<ThreadsOptions, 'onSpoolFailure' | 'onSlowSpool'>,
  isTerminated: () => boolean,
): StartedThread {
  const { port1, port2 } = new MessageChannel();
  const transferList = data.preparation === undefined ? [port2] : [port2, data.preparation];
  const workerId = `worker_${randomBytes(4).toString('hex')}`;
  const workerData: LoadThreadData = { ...data, workerId, records: port2 };
  const worker = new Worker(packageFile('dist/load/thread.js'), { workerData, transferList });
  worker.on('message', (event: LoadEvent) => {
    if (event.kind === 'spool-failed') onSpoolFailure(event.message);
    else if (event.kind === 'spool-slow') onSlowSpool(event.bytes);
  });
  return {
    worker,
    records: port1,
    died: deathOf(worker, `Load thread ${data.thread + 1} of ${data.threads}`, isTerminated),
  };
}

type EventOf<Kind extends LoadEvent['kind']> = Extract<LoadEvent, { readonly kind: Kind }>;

/** Resolves with the thread's next event of this kind. */
function nextEvent<Kind extends LoadEvent['kind']>(worker: Worker, kind: Kind): Promise<EventOf<Kind>> {
  return new Promise((resolve) => {
    const isWanted = (event: LoadEvent): event is EventOf<Kind> => event.kind === kind;
    const listen = (event: LoadEvent) => {
      if (!isWanted(event)) return;
      worker.off('message', listen);
      resolve(event);
    };
    worker.on('message', listen);
  });
}

/** Warns of a slow spool. @param folder of the spool. @param bytes that wait for it. */
export function slowSpoolText(folder: string, bytes: number): string {
  return `the disk of ${folder} is slow: more than ${bytes / 1e6} MB of finished records wait in memory for it, without a limit, and a crash loses those; requests are sent in time`;
}
