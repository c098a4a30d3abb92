import { once } from 'node:events';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { estimateBytes, totalTurns } from '../dataset/plan.js';
import { packageFile } from '../util/package-file.js';
import { deathOf } from '../util/thread-death.js';
import { MAX_CHARACTERS } from './conversation-cache.js';
import { ticksAreSessions } from './open-loop.js';
import type { LoadPlan } from './plan.js';
import type { PreparationData } from './preparation-thread.js';

/** The preparation thread, seen from the main thread. */
export interface Preparation {
  /** One for each load thread, to pass on to it. */
  readonly ports: readonly MessagePort[];
  readonly ready: Promise<unknown>;
  /** Rejects when the thread fails; never resolves. */
  readonly died: Promise<never>;
  terminate(): Promise<unknown>;
}

// Shorter prompts are made in less time than a message about them takes.
const LARGE_PROMPT_BYTES = 8000;

/**
 * Whether first requests are made ahead by a thread of their own: those of a fixed schedule, which are due in bursts, and
 * at a request rate those with large prompts, unless load threads can cache them all. A closed loop makes its first
 * requests before the start, and does not know the others before a session ends.
 */
export function isPreparedAhead({ dataset, phases }: LoadPlan): boolean {
  const bytes = estimateBytes(dataset);
  const isLarge = bytes > MAX_CHARACTERS && bytes / totalTurns(dataset) >= LARGE_PROMPT_BYTES;
  return phases.some(
    ({ issuing, prefill }) =>
      issuing.kind === 'fixed-schedule' ||
      (issuing.kind === 'rate' && isLarge && ticksAreSessions(issuing, prefill)),
  );
}

/** Starts it for a number of load threads; it exits when they have closed their ports. */
export function startPreparation(plan: LoadPlan, threads: number, isTerminated: () => boolean): Preparation {
  const channels = Array.from({ length: threads }, () => new MessageChannel());
  const { dataset, prompts, endpoint, body, countsTokens, cacheBust } = plan;
  const workerData: PreparationData = {
    plan: { dataset, prompts, endpoint, body, countsTokens, cacheBust },
    ports: channels.map(({ port2 }) => port2),
  };
  const worker = new Worker(packageFile('dist/load/preparation-thread.js'), {
    workerData,
    transferList: [...workerData.ports],
  });
  return {
    ports: channels.map(({ port1 }) => port1),
    ready: once(worker, 'message'),
    died: deathOf(worker, 'The preparation thread', isTerminated),
    terminate: () => worker.terminate(),
  };
}
