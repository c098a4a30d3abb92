import type { Snapshot } from '../collect/snapshot.js';
import type { SpanBatch } from '../collect/span-sampler.js';
import type { HistogramState } from '../metrics/record-histograms.js';
import type { Results } from '../metrics/results.js';
import type { PhaseName } from '../records/record.js';
import type { JsonObject } from '../util/json.js';
import type { LogEntry } from '../util/log.js';
import type { ViewPlan } from './plan.js';

/** Message of the main process to the view process: plain data without secrets. */
export type ViewMessage =
  /** A run begins; in a series several follow each other. */
  | { readonly kind: 'run'; readonly run: WatchedRun }
  /** Four times a second while a run sends or its records are processed. A slow view misses some. */
  | { readonly kind: 'snapshot'; readonly snapshot: Snapshot }
  | { readonly kind: 'log'; readonly entry: LogEntry }
  /** Sampled requests that have ended; only if the plan asks for them. */
  | { readonly kind: 'spans'; readonly batch: SpanBatch }
  /** The histograms of a run so far; only if the plan asks for them. A slow view misses some. */
  | { readonly kind: 'histograms'; readonly histograms: HistogramState }
  /** The state of a sweep or of repeats, whenever it changes. */
  | { readonly kind: 'series'; readonly series: SeriesState }
  /** A run has ended, and its files are written. */
  | { readonly kind: 'result'; readonly result: WatchedResult }
  /** The page of a whole series is written. */
  | { readonly kind: 'page'; readonly path: string }
  /** The reports are about to be printed: the terminal is given back, and `left` follows. */
  | { readonly kind: 'leave' }
  /** Nothing follows: views close. Sent once more where no time is left: they close at once. */
  | { readonly kind: 'end'; readonly isHurried: boolean; readonly lingers: boolean };

/** Message of the view process to the main process. */
export type ViewReply =
  /** Every view is open. */
  | { readonly kind: 'ready'; readonly addresses: readonly ViewAddress[] }
  /** A view cannot be opened as the options ask for it: the run is refused. */
  | { readonly kind: 'refused'; readonly message: string; readonly hint: string | undefined }
  /** The last snapshot has arrived. */
  | { readonly kind: 'received' }
  /** A person asked to stop the run: the same as Ctrl-C. */
  | { readonly kind: 'stop' }
  | { readonly kind: 'warning'; readonly view: string; readonly message: string }
  /** The terminal is as it was. */
  | { readonly kind: 'left' };

/** The first message to the view process, before all others. */
export interface OpenViews {
  readonly kind: 'open';
  readonly plan: ViewPlan;
}

/** Where a view can be reached. */
export interface ViewAddress {
  /** In a sentence, such as `live page`. */
  readonly what: string;
  readonly url: string;
  /** Made for this run: goes into the query of the URL, and is shown once. Undefined without one. */
  readonly token?: string | undefined;
}

/** Facts of a run that begins, without secrets. */
export interface WatchedRun {
  /** What is measured, e.g. `LLM Metrics`. */
  readonly title: string;
  readonly models: readonly string[];
  readonly urls: readonly string[];
  readonly endpointType: string;
  readonly streaming: boolean;
  readonly benchmarkId: string;
  readonly version: string;
  /** Folder of its files. */
  readonly folder: string;
  readonly command: string;
  /** The load in words, e.g. `10 requests/s, Poisson`. */
  readonly load: string;
  /** The options; undefined where they are not given. */
  readonly concurrency: number | undefined;
  readonly requestRate: number | undefined;
  readonly phases: readonly WatchedPhasePlan[];
  readonly slos: readonly WatchedSlo[];
  /** The resolved configuration in AIPerf's form. */
  readonly config: JsonObject;
  /** Conversations in the dataset; undefined for a streamed file. */
  readonly datasetSize: number | undefined;
  /** Load threads. */
  readonly threads: number;
  /** Wall clock, ms since 1970. */
  readonly startedMs: number;
  /** Its place in a series; undefined for a single run. */
  readonly place: SeriesPlace | undefined;
}

/** A phase of a run. */
interface WatchedPhasePlan {
  readonly name: PhaseName;
  /** Undefined if unknown. */
  readonly requests: number | undefined;
  /** Undefined without a limit. */
  readonly seconds: number | undefined;
}

/** An SLO of `--goodput`. */
export interface WatchedSlo {
  readonly tag: string;
  /** Of its metric, e.g. `Time to First Token`. */
  readonly label: string;
  /** In display units. */
  readonly limit: number;
  readonly unit: string;
  readonly largerIsBetter: boolean;
}

/** Which of several runs it is. */
export interface SeriesPlace {
  /** From 1. */
  readonly number: number;
  readonly of: number;
  /** Point and repeat in words, e.g. `concurrency 4, repeat 2 of 3`. */
  readonly label: string;
}

/** The state of a sweep or of repeats. */
export interface SeriesState {
  /** Headings of the swept options; empty for mere repeats. */
  readonly columns: readonly string[];
  readonly trials: number;
  /** In the order of a grid. */
  readonly points: readonly SeriesPoint[];
  /** Points on the frontier of throughput against tokens/s per user so far, as indexes. */
  readonly frontier: readonly number[];
}

/** A point of a sweep. */
export interface SeriesPoint {
  /** Values of the swept options, as text. */
  readonly cells: readonly string[];
  /** `failed`: no run of it left results, and none follows. */
  readonly state: 'waiting' | 'running' | 'done' | 'failed';
  /** Complete runs of it. */
  readonly runs: number;
  /** Why its last failed run failed. */
  readonly failure: string | undefined;
  /** Undefined without a complete run. */
  readonly figures: SeriesFigures | undefined;
}

/** Key figures of a point: means over its repeats. What was not measured is undefined. */
export interface SeriesFigures {
  readonly requestsPerSecond: number | undefined;
  readonly outputTokensPerSecond: number | undefined;
  readonly tokensPerSecondPerUser: number | undefined;
  readonly ttftP50Ms: number | undefined;
  readonly ttftP99Ms: number | undefined;
  readonly itlP50Ms: number | undefined;
  readonly itlP99Ms: number | undefined;
  readonly latencyP50Ms: number | undefined;
  readonly latencyP99Ms: number | undefined;
  /** Share of requests that met the SLOs, 0 to 1. */
  readonly goodShare: number | undefined;
  /** Requests. */
  readonly failed: number;
  readonly isClientLimited: boolean;
}

/** How a run ended. */
export interface WatchedResult {
  readonly benchmarkId: string;
  /** Of the whole run, from all values; empty if there was no time to compute them. */
  readonly results: Results;
  readonly requests: { readonly succeeded: number; readonly failed: number; readonly cancelled: number };
  readonly wasCancelled: boolean;
  /** Why it left no complete results; undefined where it did. */
  readonly failure: string | undefined;
  readonly verdict: string | undefined;
  /** Its folder, and the files in it: paths relative to the folder. */
  readonly folder: string;
  readonly files: readonly string[];
  /** The text of `profile_export_aiperf.json`: path relative to the folder; undefined if it was not written. */
  readonly summaryFile: string | undefined;
  /** The report page: path; undefined without one. */
  readonly page: string | undefined;
  readonly exitCode: number;
}
