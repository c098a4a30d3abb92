import { Worker } from 'node:worker_threads';
import type { TokenizerSource } from '../dataset/tokenizer/tokenizer.js';
import type { BatchFeed } from '../load/source.js';
import type { RunTraits, Thresholds } from '../metrics/metric.js';
import type { PhaseCounts } from '../records/spool.js';
import { type ClockOrigin, nsBetween } from '../util/clock.js';
import { deathOf } from '../util/thread-death.js';
import type { CollectorFigures } from './live-figures.js';
import type { PhaseSummaries } from './record-processor.js';

/** What the record thread is given. */
export interface CollectPlan {
  readonly origin: ClockOrigin;
  readonly traits: RunTraits;
  readonly thresholds: Thresholds;
  /** Length of the windows that the results are worked out for as well; undefined: of none. */
  readonly sliceNs: number | undefined;
  /** Tokenizer of each model; absent where the server's counts are used. */
  readonly tokenizers: ReadonlyMap<string, TokenizerSource> | undefined;
  /** Where a line goes for each record of profiling; absent: no such file. */
  readonly recordsFile: string | undefined;
  readonly rawFile: string | undefined;
  /** Where those of warm-up go; absent: there is no warm-up, or no such file. */
  readonly warmupFile: string | undefined;
  /** Where telemetry goes; absent: no such file. */
  readonly seriesFile: string | undefined;
  readonly hasWarmup: boolean;
}

export interface CollectorThreadData {
  readonly plan: CollectPlan;
  /** Folder that the load threads spool to; undefined: they post what they have. */
  readonly spool: string | undefined;
  readonly feeds: readonly ShiftedFeed[];
  /** One 32-bit cell: 1 asks the thread to leave the rest in the spool. */
  readonly control: SharedArrayBuffer;
}

/** A feed as the record thread sees it. */
export interface ShiftedFeed extends Omit<BatchFeed, 'origin'> {
  /** What its times have to be added to count from the origin of the run, ns. */
  readonly shiftNs: number;
}

/** What the record thread tells the main thread. */
export type CollectorEvent =
  | { readonly kind: 'ready' }
  | { readonly kind: 'figures'; readonly figures: CollectorFigures }
  /** A file can no longer be written; measuring goes on. */
  | { readonly kind: 'file-error'; readonly message: string }
  /** All records that are taken in are taken in: only the results are still to be computed. */
  | { readonly kind: 'summarizing' }
  | { readonly kind: 'summaries'; readonly summaries: Summaries };

export interface Summaries extends PhaseSummaries {
  /** Finished records that were left in the spool: no file and no figure has them. */
  readonly left: PhaseCounts;
}

/** The thread that counts tokens, writes records and computes metrics. */
export interface Collector {
  /** The run was ended early: what was not taken in by now stays in the spool. */
  leaveRest(): void;
  /**
   * Resolves when it listens and has taken in what the load threads prewarmed, rejects if the thread fails before.
   * Nothing may be sent earlier: the close of a port that nobody listens to yet is never heard, and a short run would
   * not end.
   */
  readonly ready: Promise<unknown>;
  /** The newest figures; undefined before the first. */
  readonly figures: CollectorFigures | undefined;
  /** No more records are taken in: the summaries will soon be there. */
  readonly isSummarizing: boolean;
  /** What went wrong while writing files, one sentence each. */
  readonly fileErrors: readonly string[];
  /** Resolves when every port is closed and the last record is in; rejects if the thread fails. */
  readonly summaries: Promise<Summaries>;
  terminate(): Promise<void>;
}

/**
 * Starts the record thread, which reads until every feed is closed.
 * @param entry module that calls `runCollectorThread` with its worker data. @param spool folder; undefined: there is none.
 */
export function startCollector(
  entry: URL,
  plan: CollectPlan,
  feeds: readonly BatchFeed[],
  spool: string | undefined,
): Collector {
  const control = new SharedArrayBuffer(4);
  const shifted = feeds.map(({ origin, ...feed }) => ({ ...feed, shiftNs: nsBetween(plan.origin, origin) }));
  const data: CollectorThreadData = { plan, spool, feeds: shifted, control };
  const worker = new Worker(entry, {
    workerData: data,
    transferList: feeds.map(({ port }) => port),
  });
  let figures: CollectorFigures | undefined;
  const fileErrors: string[] = [];
  let isSummarizing = false;
  let becomeReady = () => {};
  const listening = new Promise<void>((resolve) => {
    becomeReady = resolve;
  });
  let isTerminated = false;
  const reported = new Promise<Summaries>((resolve) => {
    worker.on('message', (event: CollectorEvent) => {
      if (event.kind === 'ready') becomeReady();
      else if (event.kind === 'figures') figures = event.figures;
      else if (event.kind === 'file-error') fileErrors.push(event.message);
      else if (event.kind === 'summarizing') isSummarizing = true;
      else resolve(event.summaries);
    });
  });
  const summaries = Promise.race([reported, deathOf(worker, 'The record thread', () => isTerminated)]);
  summaries.catch(() => {});
  return {
    leaveRest: () => Atomics.store(new Int32Array(control), 0, 1),
    ready: Promise.race([listening, summaries]),
    get figures() {
      return figures;
    },
    get isSummarizing() {
      return isSummarizing;
    },
    fileErrors,
    summaries,
    terminate: async () => {
      isTerminated = true;
      await worker.terminate();
    },
  };
}
