import { parentPort, workerData } from 'node:worker_threads';
import type { StreamPlan } from '../dataset/stream/stream-plan.js';
import { openEndpoint } from '../endpoint/endpoints.js';
import { turnCheck } from '../endpoint/turn-check.js';
import { messageOf, UserError } from '../util/errors.js';
import { yieldToLoadThreads } from '../util/priority.js';
import { sleep } from '../util/timeout.js';
import { type IndexOptions, indexStream } from './index-stream.js';
import type { LoadPlan } from './plan.js';

/** Start data of the indexing thread. */
export interface IndexingData
  extends Pick<IndexOptions, 'canGenerate' | 'threads' | 'firstSession' | 'schedule' | 'repeats'>,
    Pick<LoadPlan, 'endpoint' | 'body'> {
  readonly dataset: StreamPlan;
}

/** Message of the indexing thread to the main thread. */
export type IndexingEvent =
  | { readonly kind: 'ready' }
  /** The file does not repeat, and its last row is in the ring. */
  | { readonly kind: 'done' }
  | { readonly kind: 'refused'; readonly message: string; readonly hint: string | undefined };

// The ring holds more than is sent in this time.
const PAUSE_MS = 5;

/** The indexing thread: reads a streamed file ahead of the load. */
async function runIndexingThread({ dataset, endpoint, body, ...options }: IndexingData): Promise<void> {
  yieldToLoadThreads();
  const post = (event: IndexingEvent) => parentPort?.postMessage(event);
  const { signal } = new AbortController();
  try {
    await indexStream(dataset, {
      ...options,
      checkTurn: turnCheck(openEndpoint(endpoint, body), body),
      onReady: () => post({ kind: 'ready' }),
      pause: () => sleep(PAUSE_MS, signal),
    });
    post({ kind: 'done' });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    post({ kind: 'refused', message: messageOf(error), hint: error.hint });
  }
}

await runIndexingThread(workerData);
