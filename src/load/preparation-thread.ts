import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { openPlanned } from '../dataset/plan.js';
import { yieldToLoadThreads } from '../util/priority.js';
import type { LoadPlan } from './plan.js';
import { prepareSessions } from './prepare-sessions.js';

/** Start data of the preparation thread. */
export interface PreparationData {
  readonly plan: Pick<LoadPlan, 'dataset' | 'prompts' | 'endpoint' | 'body' | 'countsTokens' | 'cacheBust'>;
  /** One for each load thread; it exits when all are closed. */
  readonly ports: readonly MessagePort[];
}

/** The preparation thread: makes large requests before they are due, so that load threads only send them. */
function runPreparationThread({ plan, ports }: PreparationData): void {
  yieldToLoadThreads();
  prepareSessions(plan, openPlanned(plan.dataset, plan.prompts), ports);
  parentPort?.postMessage('ready');
}

runPreparationThread(workerData);
