import { randomBytes } from 'node:crypto';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { ThreadReport } from '../fidelity/thread-report.js';
import { deathOf } from '../util/thread-death.js';
import type { LoadCommand, LoadEvent, LoadPlan, LoadThreadData } from './plan.js';

/** Load threads. */
export interface LoadThreads {
  /** Resolves when each has made its dataset and transport; rejects if one cannot. */
  readonly ready: Promise<unknown>;
  /** One for each thread; closes when its last record is spooled, and brings those that could not be. */
  readonly recordPorts: readonly MessagePort[];
  /**
   * Runs a phase in all threads. Resolves, with what each saw of itself, when none of them has anything in flight or to
   * send; rejects if one dies.
   * @param startNs when it starts, ns since the clock's origin.
   * @param firstSession number of its first session among all sessions of the run.
   */
  runPhase(phase: number, startNs: number, firstSession: number): Promise<readonly ThreadReport[]>;
  /** Nothing more is sent, what is in flight is dropped with a record each. Set the counters' stop sign first. */
  interrupt(why: string): void;
  /** Has the threads post their last records and close their ways. */
  finish(): void;
  /** Resolves when each thread has left or died. */
  readonly finished: Promise<unknown>;
  /** Ends the threads at once, whatever they do. */
  terminate(): Promise<void>;
}

export interface ThreadsOptions {
  readonly threads: number;
  /** Folder that they spool finished records to; undefined: they post them. */
  readonly spool: string | undefined;
  /** A thread could not write its spool, and posts its records from now on. */
  readonly onSpoolFailure: (message: string) => void;
}

/** Starts load threads, which send nothing until they are told. */
export function startLoadThreads(plan: LoadPlan, options: ThreadsOptions): LoadThreads {
  const { threads } = options;
  let isTerminated = false;
  const started = Array.from({ length: threads }, (_, thread) =>
    startThread(plan, thread, options, () => isTerminated),
  );
  const died = Promise.race(started.map((thread) => thread.died));
  died.catch(() => {});
  const tell = (command: LoadCommand) => {
    for (const { worker } of started) worker.postMessage(command);
  };
  return {
    ready: Promise.race([Promise.all(started.map(({ worker }) => heard(worker, 'ready'))), died]),
    recordPorts: started.map((thread) => thread.records),
    runPhase: async (phase, startNs, firstSession) => {
      const done = Promise.all(started.map(({ worker }) => heard(worker, 'phase-done')));
      tell({ kind: 'start', phase, startNs, firstSession });
      const events = await Promise.race([done, died]);
      return events.map((event) => event.report);
    },
    interrupt: (why) => tell({ kind: 'interrupt', why }),
    finish: () => tell({ kind: 'finish' }),
    finished: Promise.all(
      started.map(({ worker, died: diedEarly }) =>
        Promise.race([heard(worker, 'finished'), diedEarly.catch(() => undefined)]),
      ),
    ),
    terminate: async () => {
      isTerminated = true;
      await Promise.all(started.map(({ worker }) => worker.terminate()));
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
  plan: LoadPlan,
  thread: number,
  { threads, spool, onSpoolFailure }: ThreadsOptions,
  isTerminated: () => boolean,
): StartedThread {
  const { port1, port2 } = new MessageChannel();
  const workerId = `worker_${randomBytes(4).toString('hex')}`;
  const data: LoadThreadData = { plan, workerId, thread, threads, records: port2, spool };
  const worker = new Worker(new URL('./thread.js', import.meta.url), {
    workerData: data,
    transferList: [port2],
  });
  worker.on('message', (event: LoadEvent) => {
    if (event.kind === 'spool-failed') onSpoolFailure(event.message);
  });
  return {
    worker,
    records: port1,
    died: deathOf(worker, `Load thread ${thread + 1} of ${threads}`, isTerminated),
  };
}

type EventOf<Kind extends LoadEvent['kind']> = Extract<LoadEvent, { readonly kind: Kind }>;

/** Resolves with what the thread says of this kind next. */
function heard<Kind extends LoadEvent['kind']>(worker: Worker, kind: Kind): Promise<EventOf<Kind>> {
  return new Promise((resolve) => {
    const isMeant = (event: LoadEvent): event is EventOf<Kind> => event.kind === kind;
    const listen = (event: LoadEvent) => {
      if (!isMeant(event)) return;
      worker.off('message', listen);
      resolve(event);
    };
    worker.on('message', listen);
  });
}
