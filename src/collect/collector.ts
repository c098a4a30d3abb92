import { Worker } from 'node:worker_threads';
import type { BatchFeed } from '../load/source.js';
import type { NotableRequests } from '../metrics/notable.js';
import type { HistogramState } from '../metrics/record-histograms.js';
import { RequestTable, type TableMessage } from '../metrics/request-table.js';
import { metricOf } from '../metrics/table.js';
import type { PhaseCounts } from '../records/spool.js';
import { nsBetween } from '../util/clock.js';
import { deathOf } from '../util/thread-death.js';
import type { CollectorFigures } from './live-figures.js';
import type { CollectPlan, PhaseSummaries } from './record-processor.js';
import type { Sink } from './sink.js';
import type { SpanBatch } from './span-sampler.js';

export interface CollectorThreadData {
  readonly plan: CollectPlan;
  /** Folder that the load threads spool to; undefined: batches are posted. */
  readonly spool: string | undefined;
  readonly feeds: readonly ShiftedFeed[];
  /** One 32-bit cell: 1 tells the thread to leave the rest in the spool. Behind it, at byte 8, `networkRttNs`; NaN: unknown. */
  readonly control: SharedArrayBuffer;
}

/** A feed with its clock offset. */
export interface ShiftedFeed extends Omit<BatchFeed, 'origin'> {
  /** Added to its times, ns, to convert them to the origin of the run. */
  readonly shiftNs: number;
}

/** Message of the record thread to the main thread. */
export type CollectorEvent =
  | { readonly kind: 'ready' }
  | { readonly kind: 'figures'; readonly figures: CollectorFigures }
  | { readonly kind: 'histograms'; readonly histograms: HistogramState }
  | { readonly kind: 'spans'; readonly batch: SpanBatch }
  /** A file can no longer be written; the run continues. */
  | { readonly kind: 'file-error'; readonly message: string }
  /** All records are processed; the results are being computed. */
  | { readonly kind: 'summarizing' }
  | { readonly kind: 'summaries'; readonly summaries: SentSummaries };

export interface Summaries extends PhaseSummaries {
  /** Profiling requests, if the plan hands them over. */
  readonly requests: RequestTable | undefined;
  readonly notable: NotableRequests | undefined;
  /** Finished records that stay in the spool, in no file and no result. */
  readonly left: PhaseCounts;
}

/** Summaries as plain data. */
interface SentSummaries extends Omit<Summaries, 'requests'> {
  readonly requests: TableMessage | undefined;
}

/** The main thread's handle of the record thread. */
export interface Collector {
  /** Sets the mean round-trip time to the servers for the results; called before the load threads finish. */
  setNetworkRtt(ns: number): void;
  /** Stops processing: unprocessed records stay in the spool. */
  leaveRest(): void;
  /**
   * Resolves when it listens and has processed the prewarm records of the load threads; rejects if it fails before.
   * Nothing may be sent earlier: the close of a port without a listener is lost, so that a short run would never end.
   */
  readonly ready: Promise<unknown>;
  /** The newest figures; undefined before the first. */
  readonly figures: CollectorFigures | undefined;
  /** All records are processed; the summaries follow. */
  readonly isSummarizing: boolean;
  /** One sentence for each file that could not be written. */
  readonly fileErrors: readonly string[];
  /** Resolves when all feeds are closed and all records processed; rejects if the thread fails. */
  readonly summaries: Promise<Summaries>;
  terminate(): Promise<void>;
}

/**
 * Starts the record thread, which reads until every feed is closed.
 * @param entry module that calls `runCollectorThread` with its worker data. @param spool folder; undefined: none.
 * @param sink gets the streams of the plan.
 */
export function startCollector(
  entry: URL,
  plan: CollectPlan,
  feeds: readonly BatchFeed[],
  spool: string | undefined,
  sink: Pick<Sink, 'onHistograms' | 'onSpans'> = {},
): Collector {
  const control = new SharedArrayBuffer(16);
  const networkRtt = new Float64Array(control, 8, 1).fill(Number.NaN);
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
      else if (event.kind === 'histograms') sink.onHistograms?.(event.histograms);
      else if (event.kind === 'spans') sink.onSpans?.(event.batch);
      else if (event.kind === 'file-error') fileErrors.push(event.message);
      else if (event.kind === 'summarizing') isSummarizing = true;
      else {
        const { requests } = event.summaries;
        resolve({
          ...event.summaries,
          requests: requests && RequestTable.fromMessage(requests, metricOf),
        });
      }
    });
  });
  const summaries = Promise.race([reported, deathOf(worker, 'The record thread', () => isTerminated)]);
  summaries.catch(() => {});
  return {
    setNetworkRtt: (ns) => networkRtt.set([ns]),
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
