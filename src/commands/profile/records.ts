import { type MessagePort, Worker } from 'node:worker_threads';
import type { TokenizerSource } from '../../dataset/tokenizer/tokenizer.js';
import type { SendTally } from '../../fidelity/tally.js';
import type { LiveSummary, RunSummary } from '../../metrics/compute.js';
import type { RunTraits, Thresholds } from '../../metrics/metric.js';
import type { ClockOrigin } from '../../util/clock.js';

/** What the record thread is given. */
export interface RecordsPlan {
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
  readonly hasWarmup: boolean;
}

export interface RecordsThreadData {
  readonly plan: RecordsPlan;
  /** Ways on which load threads post batches; each closes after the last one. */
  readonly ports: readonly MessagePort[];
}

/** What the record thread tells the main thread. */
export type RecordsEvent =
  | { readonly kind: 'ready' }
  | { readonly kind: 'live'; readonly live: LiveSummary }
  /** A file can no longer be written; measuring goes on. */
  | { readonly kind: 'trouble'; readonly message: string }
  | { readonly kind: 'summaries'; readonly summaries: Summaries };

/** Results by phase. */
export interface Summaries {
  readonly profiling: RunSummary;
  readonly warmup: RunSummary | undefined;
  /** Of profiling. */
  readonly sends: SendTally;
}

/** The thread that counts tokens, writes records and works out metrics. */
export interface Records {
  /** The run was ended early: what is still to be taken in is taken in without counting its tokens. */
  hurry(): void;
  /**
   * Resolves when it listens and has taken in what the load threads rehearsed, rejects if the thread fails before.
   * Nothing may be sent earlier: the close of a way that nobody listens to yet is never heard, and a short run would
   * not end.
   */
  readonly ready: Promise<unknown>;
  /** The newest figures for the screen. */
  readonly live: LiveSummary | undefined;
  /** What went wrong while writing files, one sentence each. */
  readonly troubles: readonly string[];
  /** Resolves when every way is closed and the last record is in; rejects if the thread fails. */
  readonly summaries: Promise<Summaries>;
  terminate(): Promise<void>;
}

/** Starts the record thread, which reads until every port is closed. */
export function startRecords(plan: RecordsPlan, ports: readonly MessagePort[]): Records {
  const data: RecordsThreadData = { plan, ports };
  const worker = new Worker(new URL('./records-thread.js', import.meta.url), {
    workerData: data,
    transferList: [...ports],
  });
  let live: LiveSummary | undefined;
  const troubles: string[] = [];
  let becomeReady = () => {};
  const listening = new Promise<void>((resolve) => {
    becomeReady = resolve;
  });
  const summaries = new Promise<Summaries>((resolve, reject) => {
    worker.on('message', (event: RecordsEvent) => {
      if (event.kind === 'ready') becomeReady();
      else if (event.kind === 'live') live = event.live;
      else if (event.kind === 'trouble') troubles.push(event.message);
      else resolve(event.summaries);
    });
    worker.once('error', reject);
  });
  summaries.catch(() => {});
  return {
    hurry: () => worker.postMessage('hurry'),
    ready: Promise.race([listening, summaries]),
    get live() {
      return live;
    },
    troubles,
    summaries,
    terminate: async () => {
      await worker.terminate();
    },
  };
}
