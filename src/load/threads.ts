import { randomBytes } from 'node:crypto';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { LoadCommand, LoadEvent, LoadPlan, LoadThreadData } from './plan.js';

/** Load threads that are ready to start. */
export interface LoadThreads {
  /** The reading ends of the ways on which the threads post their record batches, one each. */
  readonly recordPorts: readonly MessagePort[];
  /** Starts sending in all threads. Resolves when every thread has sent its last record; rejects if one dies. */
  run(): Promise<void>;
  /** Nothing more is sent, what is in flight is dropped with a record each. Set the counters' stop sign first. */
  interrupt(): void;
  /** Ends the threads at once, whatever they do. */
  terminate(): Promise<void>;
}

/**
 * Starts load threads and waits until each has made its dataset and transport.
 * @param threads 1 ≤ threads ≤ concurrency.
 * @param concurrency sessions in flight over all threads.
 */
export async function startLoadThreads(
  plan: LoadPlan,
  threads: number,
  concurrency: number,
): Promise<LoadThreads> {
  const started = Array.from({ length: threads }, (_, i) =>
    startThread(plan, share(concurrency, threads, i)),
  );
  const died = Promise.race(started.map((thread) => thread.died));
  await Promise.race([Promise.all(started.map((thread) => thread.ready)), died]);
  const tell = (command: LoadCommand) => {
    for (const { worker } of started) worker.postMessage(command);
  };
  return {
    recordPorts: started.map((thread) => thread.records),
    run: async () => {
      tell({ kind: 'start' });
      await Promise.race([Promise.all(started.map((thread) => thread.done)), died]);
    },
    interrupt: () => tell({ kind: 'interrupt' }),
    terminate: async () => {
      await Promise.all(started.map(({ worker }) => worker.terminate()));
    },
  };
}

/** Part `i` of `total` cut into `parts` as evenly as whole numbers allow. */
export function share(total: number, parts: number, i: number): number {
  return Math.floor(total / parts) + (i < total % parts ? 1 : 0);
}

interface StartedThread {
  readonly worker: Worker;
  readonly records: MessagePort;
  readonly ready: Promise<void>;
  readonly done: Promise<void>;
  /** Rejects when the thread fails; never resolves. */
  readonly died: Promise<never>;
}

function startThread(plan: LoadPlan, slots: number): StartedThread {
  const { port1, port2 } = new MessageChannel();
  const data: LoadThreadData = {
    plan,
    workerId: `worker_${randomBytes(4).toString('hex')}`,
    slots,
    records: port2,
  };
  const worker = new Worker(new URL('./thread.js', import.meta.url), {
    workerData: data,
    transferList: [port2],
  });
  const heard = (kind: LoadEvent['kind']) =>
    new Promise<void>((resolve) => {
      worker.on('message', (event: LoadEvent) => {
        if (event.kind === kind) resolve();
      });
    });
  const died = new Promise<never>((_, reject) => worker.once('error', reject));
  died.catch(() => {});
  return { worker, records: port1, ready: heard('ready'), done: heard('done'), died };
}
