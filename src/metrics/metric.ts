import type { RecordError, RequestRecord, TokenCounts } from '../records/record.js';
import type { Usage } from '../records/usage.js';
import type { GpuPlatform } from '../telemetry/gpu/gpu-metrics.js';
import type { GpuPower } from './gpu-power.js';
import type { SweepState } from './request-sweep.js';
import type { SessionPlace } from './session-rows.js';
import type { SessionFacts } from './sessions.js';
import type { StatName } from './statistics.js';

/** Units as in files and tables. */
export type Unit =
  | 'ns'
  | 'ms'
  | 'sec'
  | 'tokens'
  | 'requests'
  | 'count'
  | 'ratio'
  | '%'
  | 'B'
  | 'KB'
  | 'MB'
  | 'images'
  | 'images/sec'
  | 'ms/image'
  | 'requests/sec'
  | 'tokens/sec'
  | 'tokens/sec/user'
  | 'W'
  | 'J'
  | 'J*s'
  | 'tokens/J'
  | 'mJ/token'
  | 'joules/request'
  | 'joules/user'
  | 'requests/sec/W'
  | 'tokens/sec/W'
  | 'good-req/s/W';

/** What a run must have for a metric to exist at all. */
export type Requirement =
  | 'streaming'
  | 'output tokens'
  | 'input tokens'
  | 'client token counts'
  | 'images'
  | 'audio'
  | 'videos'
  | 'speech'
  | 'objectives'
  | 'fixed schedule'
  | 'network calibration'
  | 'GPU telemetry';

/** A service level objective as users write it. */
export interface Slo {
  readonly tag: string;
  /** In the metric's display unit. */
  readonly limit: number;
}

/** What is known of a run before it starts. */
export interface RunTraits {
  readonly streaming: boolean;
  /** The endpoint answers with tokens (not embeddings or rankings). */
  readonly producesTokens: boolean;
  /** The tokens of the request text are counted. */
  readonly tokenizesInput: boolean;
  /** Requests may hold images. */
  readonly sendsImages?: boolean;
  readonly sendsAudio?: boolean;
  readonly generatesVideos?: boolean;
  readonly generatesSpeech?: boolean;
  /** Token counts are those the server reports, not our own. */
  readonly serverTokenCounts: boolean;
  /** What a request must meet to be good; absent: no objectives. */
  readonly slos?: readonly Slo[] | undefined;
  /** Requests are sent at recorded times; absent: they are not. */
  readonly fixedSchedule?: boolean;
  /** The round-trip time to the servers is measured, or given; absent: it is not. */
  readonly networkCalibrated?: boolean;
  /** Length of the time slices that results are computed for as well; absent: there are none. */
  readonly sliceSeconds?: number | undefined;
}

/** The traits of a run's warm-up: it follows no schedule and is not cut into slices. */
export function warmupTraits(traits: RunTraits): RunTraits {
  return { ...traits, fixedSchedule: false, networkCalibrated: false, sliceSeconds: undefined };
}

/** From which difference on a record is counted as one that differs. */
export interface Thresholds {
  /** Output length against the requested one: percent of the requested length … */
  readonly oslMismatchPct: number;
  /** … and at most this many tokens. */
  readonly oslMismatchTokens: number;
  /** Token counts of the server against ours, percent. */
  readonly usageDiffPct: number;
}

/** Console tables; a metric without one is in files only. */
export type ConsoleTable =
  | 'main'
  | 'schedule'
  | 'effective'
  | 'active'
  | 'usage'
  | 'reasoning'
  | 'http'
  | 'sessions'
  | 'adjusted';

/** The common part of every row of the table of metrics. */
export interface MetricRow {
  readonly tag: string;
  readonly label: string;
  /** Label for narrow screens. */
  readonly short: string;
  /** What AIPerf's CSV files call it, where that is not fit for people. */
  readonly csvLabel?: string;
  /** Unit that values and statistics are computed in. */
  readonly unit: Unit;
  /** Unit of everything exported or printed: the value times `factor`. */
  readonly displayUnit: Unit;
  readonly factor: number;
  readonly requires: readonly Requirement[];
  readonly largerIsBetter: boolean;
  readonly table?: ConsoleTable;
  /** Place within its console table, ascending. */
  readonly order?: number;
  /** Defined for a whole run only, not for a slice of it. */
  readonly wholeRunOnly: boolean;
  /** The formula in words. */
  readonly formula: string;
  /** When a record, or the run, has no such value, besides unmet needs. */
  readonly absent: string;
}

/** A value of each valid (or each failed) request, with full statistics over the run. */
interface ValueRow extends MetricRow {
  readonly kind: 'record';
  readonly appliesTo: 'valid' | 'failed';
  /** Values are counts: written without a decimal point in the per-record file. */
  readonly integer: boolean;
}

/** One that can only be computed from the measured request. */
export interface RecordMetric extends ValueRow {
  readonly recomputable: false;
  /** Undefined or NaN: this request has no such value. Zero is a value. */
  compute(measured: Measured): number | undefined;
}

/** One that can be recomputed from the times of any per-record file, even one without the metric. */
export interface RecomputableMetric extends ValueRow {
  readonly recomputable: true;
  /** As above. */
  compute(facts: RequestFacts): number | undefined;
}

/** Several values of each valid request; the statistics are over all values of all requests. */
export interface ListMetric extends MetricRow {
  readonly kind: 'list';
  compute(measured: Measured): Float64Array | undefined;
}

/**
 * A number for each request, summed over the run; absent when no request gave one. It can be recomputed from the
 * per-record file.
 */
export interface CountMetric extends MetricRow {
  readonly kind: 'count';
  readonly appliesTo: 'valid' | 'failed';
  /** Whether the per-record file shows each request's number. */
  readonly inRecords: boolean;
  compute(facts: RequestFacts): number | undefined;
}

/** One number computed from other results of the run. */
export interface DerivedMetric extends MetricRow {
  readonly kind: 'derived';
  compute(run: RunValues): number | undefined;
}

/** A record metric with each failed request counted as infinitely slow. */
export interface AdjustedMetric extends MetricRow {
  readonly kind: 'adjusted';
  readonly base: RecordMetric;
}

/** A record metric without the network's round-trip time, or that time itself. */
export interface CalibratedMetric extends MetricRow {
  readonly kind: 'calibrated';
  readonly base: RecordMetric | undefined;
}

/** What is in flight, moment by moment: statistics are weighted by the time for which each value held. */
export interface CurveMetric extends MetricRow {
  readonly kind: 'curve';
  /** Metrics of which requests must have values for the run to have the curve. */
  readonly needs: readonly RecordMetric[];
  /** Undefined while there is nothing to count. */
  compute(state: SweepState): number | undefined;
}

/** What power metrics are computed from besides power. */
export interface PoweredRun {
  /** The average of a metric of the run, in its display unit; undefined if absent. */
  average(metric: Metric): number | undefined;
  /** Requests or sessions in flight at once; undefined without a limit. */
  readonly concurrency: number | undefined;
}

/** Power or energy of the GPUs of one vendor. */
export interface PowerMetric extends MetricRow {
  readonly kind: 'power';
  readonly platform: GpuPlatform;
  compute(power: GpuPower, run: PoweredRun): number | undefined;
}

/** A value of each session that has several requests, completed without a failure. */
export interface SessionMetric extends MetricRow {
  readonly kind: 'session';
  compute(session: SessionFacts): number | undefined;
}

export type Metric =
  | RecordMetric
  | RecomputableMetric
  | ListMetric
  | CountMetric
  | DerivedMetric
  | AdjustedMetric
  | CalibratedMetric
  | CurveMetric
  | PowerMetric
  | SessionMetric;

/** What derived metrics are computed from. */
export interface RunValues {
  /** First valid request's start to the last content chunk of any valid request; undefined unless positive. */
  readonly durationNs: number | undefined;
  /** Sum over the requests, or the value of a derived metric, in the metric's own unit; undefined if absent. */
  total(metric: RecordMetric | CountMetric | DerivedMetric): number | undefined;
  /** A statistic of a metric over the requests, in the metric's own unit; undefined if absent. */
  statistic(metric: RecordMetric | RecomputableMetric, name: StatName): number | undefined;
  /** A total over the time that rates are computed for; undefined where either is not known. */
  perSecond(total: number | undefined): number | undefined;
}

/** One that requests are held against. */
export interface Objective {
  readonly slo: Slo;
  readonly metric: RecordMetric | RecomputableMetric;
  /** In the metric's own unit. */
  readonly limit: number;
}

/**
 * What is known of a request while it is measured and again when its record is read back from a file. Times are ns
 * since the run's clock origin; NaN for what is not known.
 */
export interface RequestFacts {
  readonly dueNs: number;
  readonly startNs: number;
  readonly endNs: number;
  /** Why the request failed; undefined for a valid one. */
  readonly failure: RecordError | undefined;
  /** It was given up by us. */
  readonly cancelled: boolean;
  /** … and that only because the run ended. */
  readonly dropped: boolean;
  /** Why the server ended the answer, in its own word; undefined where that is not known. */
  readonly finishReason: string | undefined;
  /** Undefined for a request that is all of its session. */
  readonly place: SessionPlace | undefined;
  /** Number of the shard that sent it; absent in a run of one machine. */
  readonly shard?: number | undefined;
  readonly thresholds: Thresholds;
  /** What makes a request a good one. */
  readonly objectives: readonly Objective[];
  /** Another metric of this request, in the metric's own unit; undefined where it has none. */
  value(metric: RecordMetric): number | undefined;
  list(metric: ListMetric): Float64Array | undefined;
}

/** A record with what several formulas start from. Times are NaN where the record has no content. */
export interface Measured extends RequestFacts {
  readonly record: RequestRecord;
  readonly tokens: TokenCounts;
  readonly usage: Usage | undefined;
  /** Start to first content chunk. */
  readonly ttftNs: number;
  /** Start to last content chunk. */
  readonly latencyNs: number;
  readonly isl: number | undefined;
  /** Reasoning included. */
  readonly osl: number | undefined;
}

/** The first requirement of a metric that a run does not meet; undefined where it meets all. */
export function unmetNeed(metric: Metric, traits: RunTraits): Requirement | undefined {
  const has: Record<Requirement, boolean> = {
    streaming: traits.streaming,
    'output tokens': traits.producesTokens,
    'input tokens': traits.tokenizesInput,
    images: traits.sendsImages === true,
    audio: traits.sendsAudio === true,
    videos: traits.generatesVideos === true,
    speech: traits.generatesSpeech === true,
    'client token counts': !traits.serverTokenCounts,
    objectives: (traits.slos ?? []).length > 0,
    'fixed schedule': traits.fixedSchedule === true,
    'network calibration': traits.networkCalibrated === true,
    // These results are added to those of the requests.
    'GPU telemetry': false,
  };
  return metric.requires.find((need) => !has[need]);
}
