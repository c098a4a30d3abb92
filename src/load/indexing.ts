import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { StreamPlan } from '../dataset/stream/stream-plan.js';
import { UserError } from '../util/errors.js';
import { packageFile } from '../util/package-file.js';
import { deathOf, ThreadDeath } from '../util/thread-death.js';
import type { IndexingData, IndexingEvent } from './indexing-thread.js';
import type { LoadPlan } from './plan.js';

/** The indexing thread, seen from the main thread. */
export interface Indexing {
  /** Resolves when there are conversations to begin with. */
  readonly ready: Promise<unknown>;
  /** Rejects when the thread fails, or refuses a row with a UserError as the cause; never resolves. */
  readonly died: Promise<never>;
  terminate(): Promise<unknown>;
}

/** Starts it for a number of load threads. @param firstSession number of the run's first session. */
export function startIndexing(
  plan: LoadPlan,
  dataset: StreamPlan,
  { threads, firstSession }: { readonly threads: number; readonly firstSession: number },
  isTerminated: () => boolean,
): Indexing {
  const replay = plan.phases.flatMap(({ issuing }) =>
    issuing.kind === 'fixed-schedule' ? [issuing] : [],
  )[0];
  const { endpoint, body } = plan;
  const workerData: IndexingData = {
    ...{ dataset, endpoint, body, threads },
    canGenerate: plan.countsTokens || dataset.head.generatedTokens > 0,
    // A schedule is played from its beginning.
    firstSession: replay === undefined ? firstSession : 0,
    schedule: replay && 'window' in replay.schedule ? replay.schedule.window : undefined,
    repeats: replay === undefined && !(plan.phases.length === 1 && plan.phases[0]?.endsWithDataset),
  };
  const worker = new Worker(packageFile('dist/load/indexing-thread.js'), { workerData });
  let isOver = false;
  const refused = new Promise<never>((_, reject) => {
    worker.on('message', (event: IndexingEvent) => {
      isOver ||= event.kind !== 'ready';
      if (event.kind !== 'refused') return;
      const { message, hint } = event;
      const cause = new UserError(message, hint);
      reject(new ThreadDeath(hint === undefined ? message : `${message} (${hint})`, { cause }));
    });
  });
  const died = Promise.race([
    deathOf(worker, 'The indexing thread', () => isOver || isTerminated()),
    refused,
  ]);
  died.catch(() => {});
  return { ready: once(worker, 'message'), died, terminate: () => worker.terminate() };
}
