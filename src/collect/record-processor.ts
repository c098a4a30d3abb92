import type { TokenizerSource } from '../dataset/tokenizer/tokenizer.js';
import { type SendStats, SendStatsCollector } from '../fidelity/send-stats.js';
import { LiveResults } from '../metrics/live-results.js';
import { type RunTraits, type Thresholds, warmupTraits } from '../metrics/metric.js';
import { MetricStore, type RunSummary } from '../metrics/metric-store.js';
import { RecordHistograms } from '../metrics/record-histograms.js';
import type { RecordMetrics, RequestTable } from '../metrics/request-table.js';
import { type Counted, countedRecord } from '../records/count-tokens.js';
import type { PhaseName, RequestRecord } from '../records/record.js';
import { type ClockOrigin, openClock } from '../util/clock.js';
import { openCounter } from './open-counter.js';
import { type ShardSends, ShardSendsCollector } from './shard-sends.js';
import type { SpanSampling } from './span-sampler.js';

/** How the record thread processes records: plain data. */
export interface CollectPlan {
  readonly origin: ClockOrigin;
  readonly traits: RunTraits;
  readonly thresholds: Thresholds;
  /** Tokenizer of each model; undefined: the server's counts are used. */
  readonly tokenizers: ReadonlyMap<string, TokenizerSource> | undefined;
  /** Path of the file with a line for each profiling record. Paths are undefined for files that are not written. */
  readonly recordsFile: string | undefined;
  readonly rawFile: string | undefined;
  /** Records of the warm-up. */
  readonly warmupFile: string | undefined;
  /** Telemetry over time. */
  readonly seriesFile: string | undefined;
  /** Text of the responses. */
  readonly outputsFile: string | undefined;
  readonly hasWarmup: boolean;
  /** Live views show the run: figures hold every metric. Absent: only those of the progress bar. */
  readonly isWatched?: boolean;
  /** Number of the shard that all records are of; absent: of none. */
  readonly shard?: number | undefined;
  /** The request table is sent to the main thread with the results, for its page. */
  readonly handsOverRequests: boolean;
  /** What other programs get of the records during the run; absent: nothing. */
  readonly streams?: RecordStreams | undefined;
}

/** What is sent to the main thread every few seconds. */
export interface RecordStreams {
  readonly histograms: boolean;
  /** Undefined: no request is sent as a span. */
  readonly spans: SpanSampling | undefined;
}

/** Results by phase. */
export interface PhaseSummaries {
  readonly profiling: RunSummary;
  readonly warmup: RunSummary | undefined;
  /** Of profiling. */
  readonly sends: SendStats;
  /** By machine; empty where one sends the load. */
  readonly shardSends: ReadonlyMap<number, ShardSends>;
}

/** A finished record with its metrics. */
export interface MeasuredRecord {
  readonly record: RequestRecord;
  readonly metrics: RecordMetrics;
}

/** Computes the metrics of finished records, and at the end those of the run. */
export class RecordProcessor {
  readonly #profiling: MetricStore;
  readonly #warmup: MetricStore | undefined;
  readonly #prewarm: MetricStore;
  readonly #sends = new SendStatsCollector();
  readonly #shardSends: ShardSendsCollector;
  /** Undefined unless the plan asks for them. */
  readonly histograms: RecordHistograms | undefined;
  /** Counts the tokens of a record in this thread. */
  readonly count: (record: RequestRecord) => Counted;

  constructor(plan: CollectPlan) {
    const newStore = (traits = plan.traits) => new MetricStore(traits, plan.thresholds, plan.origin);
    this.#profiling = newStore();
    this.#shardSends = new ShardSendsCollector(this.#profiling.table);
    this.#warmup = plan.hasWarmup ? newStore(warmupTraits(plan.traits)) : undefined;
    this.#prewarm = newStore();
    this.count = openCounter(plan.tokenizers);
    if (plan.streams?.histograms) this.histograms = this.#observe(plan);
  }

  /** @param tokens of the record; absent: they are counted. */
  add(finished: RequestRecord, tokens = this.count(finished)): MeasuredRecord {
    const counted = countedRecord(finished, tokens);
    const { record } = counted;
    const isProfiling = record.phase === 'profiling';
    if (isProfiling) this.#sends.add(record);
    this.histograms?.begin(record);
    const store = isProfiling ? this.#profiling : this.#warmup;
    const metrics = store?.add(counted) ?? [];
    if (isProfiling) this.#shardSends.add(record);
    return { record, metrics };
  }

  /** Runs a made-up record through the same code without counting it. */
  prewarm(record: RequestRecord): MeasuredRecord {
    return { record, metrics: this.#prewarm.add(countedRecord(record, this.count(record))) };
  }

  /** Of profiling. */
  get requests(): RequestTable {
    return this.#profiling.table;
  }

  /** Results of a phase so far; undefined for a phase that the run does not have. */
  liveResults(phase: PhaseName): LiveResults | undefined {
    const store = phase === 'profiling' ? this.#profiling : this.#warmup;
    return store && new LiveResults(store.table, store.objectives);
  }

  /** Statistics of the profiling requests so far. */
  get sends(): SendStats {
    return this.#sends.stats;
  }

  /** The same by machine; empty where one sends the load. */
  get shardSends(): ReadonlyMap<number, SendStats> {
    return this.#shardSends.stats;
  }

  /** @param ns mean round-trip time to the servers; NaN: unknown. */
  setNetworkRtt(ns: number): void {
    if (!Number.isNaN(ns)) this.#profiling.table.networkRttNs = ns;
  }

  #observe({ origin }: CollectPlan): RecordHistograms {
    const { table } = this.#profiling;
    const histograms = new RecordHistograms(table.metrics, origin, openClock(origin).nowNs());
    for (const store of [this.#profiling, this.#warmup])
      if (store !== undefined) store.table.onValue = ({ tag }, value) => histograms.add(tag, value);
    return histograms;
  }

  summaries(): PhaseSummaries {
    return {
      profiling: this.#profiling.summary(),
      warmup: this.#warmup?.summary(),
      sends: this.sends,
      shardSends: this.#shardSends.summaries(),
    };
  }
}
