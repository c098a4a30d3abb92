import { goodRequestCount } from './goodput-metrics.js';
import type { Metric, Objective } from './metric.js';
import { isMetBy } from './objective.js';
import { requestLatency } from './request-metrics.js';
import type { RequestTable } from './request-table.js';
import { type Results, resultsBy } from './results.js';
import { RunningStatistics } from './running-statistics.js';

/** Requests that ended, without planned cancellations, and how many of them met the SLOs. */
interface SloCounts {
  readonly requests: number;
  /** All SLOs. */
  readonly good: number;
  /** Each SLO alone, in the order of the options. */
  readonly each: readonly { readonly tag: string; readonly met: number }[];
}

/** How many requests met the SLOs: of all, and of those that were processed in the last seconds. */
export interface SloAttainment {
  readonly all: SloCounts;
  readonly recent: SloCounts;
}

/**
 * Results of the requests of a table so far, for live views: what is added to the table is read once. Percentiles are
 * estimates; averages, sums, extremes and deviations are those of all values. Curves, session metrics, metrics of power
 * and those without network time are left out: they need all requests at once.
 */
export class LiveResults {
  readonly #table: RequestTable;
  readonly #objectives: readonly Objective[];
  readonly #statistics = new Map<Metric, RunningStatistics>();
  #rows = 0;
  #failures = 0;
  #firstNs = Number.POSITIVE_INFINITY;
  #lastNs = Number.NEGATIVE_INFINITY;
  readonly #all: SloTally;
  #older: SloTally;
  #newer: SloTally;

  constructor(table: RequestTable, objectives: readonly Objective[]) {
    this.#table = table;
    this.#objectives = objectives;
    for (const metric of table.metrics) {
      if (metric.kind === 'record' || metric.kind === 'list')
        this.#statistics.set(metric, new RunningStatistics(scaleOf(metric)));
    }
    this.#all = new SloTally(objectives);
    this.#older = new SloTally(objectives);
    this.#newer = new SloTally(objectives);
  }

  /** Reads the requests that were added. */
  update(): void {
    const table = this.#table;
    const from = this.#rows;
    this.#rows = table.length;
    for (const [metric, statistics] of this.#statistics) {
      const list = metric.kind === 'list' ? table.list(metric) : undefined;
      const column = metric.kind === 'record' ? table.column(metric) : undefined;
      for (let row = from; row < this.#rows; row++) {
        if (column !== undefined) statistics.add(column.at(row));
        else for (const value of list?.at(row) ?? []) statistics.add(value);
      }
    }
    const latencies = table.column(requestLatency);
    for (let row = from; row < this.#rows; row++) {
      const outcome = table.outcome(row);
      if (outcome === 'failed') this.#failures++;
      if (outcome !== 'cancelled') this.#addToSlos(row, outcome === 'succeeded');
      if (outcome !== 'succeeded') continue;
      const startNs = table.startNs(row);
      this.#firstNs = Math.min(this.#firstNs, startNs);
      this.#lastNs = Math.max(this.#lastNs, startNs + (latencies?.at(row) ?? Number.NaN) || 0);
    }
  }

  /** What was recent is so no longer: called every few seconds. */
  forgetOlder(): void {
    this.#older = this.#newer;
    this.#newer = new SloTally(this.#objectives);
  }

  get results(): Results {
    const table = this.#table;
    const lengthNs = this.#lastNs - this.#firstNs;
    const durationNs = lengthNs > 0 && Number.isFinite(lengthNs) ? lengthNs : undefined;
    return resultsBy(table.metrics, { durationNs, rateNs: durationNs }, (metric) => {
      switch (metric.kind) {
        case 'record':
        case 'list':
          return this.#statistics.get(metric)?.statistics;
        case 'count': {
          const total = table.column(metric)?.total(undefined);
          return total === undefined ? undefined : { avg: total };
        }
        case 'adjusted':
          return this.#statistics.get(metric.base)?.withFailures(this.#failures);
        default:
          return undefined;
      }
    });
  }

  /** Undefined without objectives. */
  get slo(): SloAttainment | undefined {
    if (this.#objectives.length === 0) return undefined;
    return { all: this.#all.counts, recent: this.#newer.plus(this.#older) };
  }

  #addToSlos(row: number, isValid: boolean): void {
    if (this.#objectives.length === 0) return;
    const table = this.#table;
    const isGood = isValid && table.column(goodRequestCount)?.at(row) === 1;
    const met = this.#objectives.map(
      (objective) =>
        isValid && isMetBy(table.column(objective.metric)?.at(row) ?? Number.NaN, objective) === true,
    );
    this.#all.add(isGood, met);
    this.#newer.add(isGood, met);
  }
}

/** Counts requests by the SLOs that they met. */
class SloTally {
  readonly #tags: readonly string[];
  readonly #met: number[];
  #requests = 0;
  #good = 0;

  constructor(objectives: readonly Objective[]) {
    this.#tags = objectives.map(({ slo }) => slo.tag);
    this.#met = objectives.map(() => 0);
  }

  add(isGood: boolean, met: readonly boolean[]): void {
    this.#requests++;
    if (isGood) this.#good++;
    for (const [i, isMet] of met.entries()) if (isMet) this.#met[i] = (this.#met[i] ?? 0) + 1;
  }

  get counts(): SloCounts {
    const each = this.#tags.map((tag, i) => ({ tag, met: this.#met[i] ?? 0 }));
    return { requests: this.#requests, good: this.#good, each };
  }

  plus(other: SloTally): SloCounts {
    const [a, b] = [this.counts, other.counts];
    return {
      requests: a.requests + b.requests,
      good: a.good + b.good,
      each: a.each.map(({ tag, met }, i) => ({ tag, met: met + (b.each[i]?.met ?? 0) })),
    };
  }
}

/** What brings the values of a unit into the range of a sketch, which begins at 1 and ends at 1.7e13. */
function scaleOf({ unit }: Metric): number {
  if (unit === 'ns') return 1;
  return unit === 'B' ? 1e3 : 1e6;
}
