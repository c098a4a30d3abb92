import type { CountedRecord, RecordError } from '../records/record.js';
import { type ClockOrigin, wallNs } from '../util/clock.js';
import { withoutQuote } from '../util/excerpt.js';
import { type BatchSizeRow, BatchSizes } from './batch-sizes.js';
import { curvesOf } from './curves.js';
import { cancelledOnPurpose, measure } from './measure.js';
import type { Objective, RequestFacts, RunTraits, Thresholds } from './metric.js';
import { meets } from './objective.js';
import { type RecordMetrics, RequestTable } from './request-table.js';
import { type ResponseNotes, ResponseTally } from './response-notes.js';
import { type MetricResult, type Results, resultsOver } from './results.js';
import { requestCount } from './run-metrics.js';
import { type SessionSummary, sessionSummary } from './session-summary.js';
import { sessionsOf } from './sessions.js';
import { type SlicedRun, sliceRun } from './sliced-run.js';
import { timeSlices } from './slices.js';
import { objectivesOf, type SloResult } from './slos.js';
import { type StoredRequest, storedFacts } from './stored-request.js';
import { metricsFor } from './table.js';

/** Failures with identical details, but for what their messages quote: the quote is that of the first one. */
export interface ErrorGroup {
  readonly error: RecordError;
  readonly count: number;
  /** The requests were cancelled because the options asked for it: shown apart from failures. */
  readonly isPlanned?: true;
}

/** How many requests ended in which way; each is counted once. */
export interface Outcomes {
  readonly completed: number;
  /** Ended in an error that was not of our making. */
  readonly failed: number;
  /** Chosen to be cancelled, and cancelled. */
  readonly cancelled: number;
  /** Given up because the run ended: by grace, by an interrupt. */
  readonly dropped: number;
}

// A server may put an id or a page into every message; each is stored in full until the end.
const MOST_ERRORS = 1000;
const otherErrors: RecordError = {
  type: 'OtherErrors',
  message: `Errors beyond the first ${MOST_ERRORS} different ones; the per-request file holds each`,
};

/** Results of a run: plain data that can be sent between threads. */
export interface RunSummary {
  readonly results: Results;
  /** In the order in which each was first seen. */
  readonly errors: readonly ErrorGroup[];
  readonly validCount: number;
  /** All others but those that were cancelled on purpose: failed and dropped ones. */
  readonly failedCount: number;
  readonly outcomes: Outcomes;
  /** Wall-clock ns since 1970 of the first start and the last end of all requests; undefined for no request. */
  readonly firstStartNs: bigint | undefined;
  readonly lastEndNs: bigint | undefined;
  readonly thresholds: Thresholds;
  /** Each objective on its own; empty where there are none. */
  readonly slos: readonly SloResult[];
  /** Undefined where no slices were asked for, or there is no request. */
  readonly sliced: SlicedRun | undefined;
  readonly notes: ResponseNotes;
  /** Latency by batch size; empty where all requests have the same, absent where the sizes are not known. */
  readonly batches?: readonly BatchSizeRow[];
  /** Sessions with several requests; undefined where there are none. */
  readonly sessions?: SessionSummary | undefined;
}

/** Takes the records of one phase one by one, and computes their metrics and, at any time, those of the run. */
export class MetricStore {
  /** The requests so far. */
  readonly table: RequestTable;
  readonly #traits: RunTraits;
  readonly #thresholds: Thresholds;
  /** What requests are held against. */
  readonly objectives: readonly Objective[];
  readonly #errors = new Map<string, { error: RecordError; count: number; isPlanned?: true }>();
  /** Of each objective, the requests that met it and those that have its value. */
  readonly #kept: { passed: number; measured: number }[];
  readonly #responses: ResponseTally;
  readonly #batches = new BatchSizes();
  #validCount = 0;
  #failedCount = 0;
  #cancelledCount = 0;
  #droppedCount = 0;

  /** @param origin the clock origin that the records' times count from. */
  constructor(traits: RunTraits, thresholds: Thresholds, origin: ClockOrigin) {
    this.table = new RequestTable(metricsFor(traits), origin);
    this.#traits = traits;
    this.#thresholds = thresholds;
    this.objectives = objectivesOf(traits.slos ?? []);
    this.#kept = this.objectives.map(() => ({ passed: 0, measured: 0 }));
    this.#responses = new ResponseTally(traits);
  }

  /** Takes a record; gives its values for the per-record file. */
  add(counted: CountedRecord): RecordMetrics {
    const values: [string, number | Float64Array][] = [];
    const facts = measure(counted, this.#thresholds, this.objectives);
    this.#responses.addResponse(counted, facts.failure !== undefined);
    const { batchSize } = counted.record;
    if (batchSize !== undefined && facts.failure === undefined) this.#batches.add(batchSize, facts.latencyNs);
    this.#take(facts, values);
    return values;
  }

  /** Takes a request from its line in the per-record file. */
  addStored(stored: StoredRequest): void {
    this.#take(storedFacts(stored, this.#thresholds, this.objectives, this.table.origin));
  }

  /** Results over all records so far. Sorts every value: meant for the end of a run. */
  summary(): RunSummary {
    const { table } = this;
    const { extent } = table;
    const slices = timeSlices(table, this.#traits);
    const sessions = sessionsOf(table);
    return {
      results: [
        ...(this.#validCount === 0 && table.length > 0 ? [noRequests] : []),
        ...resultsOver(table, {
          rows: undefined,
          sessions,
          curves: table.length === 0 ? undefined : curvesOf(table, [extent])[0],
        }),
      ],
      errors: [...this.#errors.values()].map((group) => ({ ...group })),
      validCount: this.#validCount,
      failedCount: this.#failedCount,
      outcomes: {
        completed: this.#validCount,
        failed: this.#failedCount - this.#droppedCount,
        cancelled: this.#cancelledCount,
        dropped: this.#droppedCount,
      },
      firstStartNs: this.#wall(extent.fromNs),
      lastEndNs: this.#wall(extent.toNs),
      thresholds: this.#thresholds,
      slos: this.objectives.map(({ slo, metric }, i) => ({
        ...slo,
        label: metric.label,
        unit: metric.displayUnit,
        largerIsBetter: metric.largerIsBetter,
        passed: this.#kept[i]?.passed ?? 0,
        measured: this.#kept[i]?.measured ?? 0,
      })),
      sliced: slices && sliceRun(table, slices),
      notes: this.#responses.notes,
      batches: this.#batches.rows(),
      sessions: sessionSummary(table, sessions),
    };
  }

  /** @param values gets the values for the per-record file. */
  #take(facts: RequestFacts, values?: [string, number | Float64Array][]): void {
    this.table.add(facts, values);
    const { failure, dropped } = facts;
    if (failure === undefined) {
      this.#validCount++;
      this.#responses.addLength(facts);
      this.#judge(facts);
      return;
    }
    const isPlanned = cancelledOnPurpose(facts);
    if (isPlanned) this.#cancelledCount++;
    else this.#failedCount++;
    if (dropped) this.#droppedCount++;
    const details = JSON.stringify({ ...failure, message: withoutQuote(failure.message) });
    const isOther = this.#errors.size >= MOST_ERRORS && !isPlanned && !this.#errors.has(details);
    const key = isOther ? '' : details;
    const group = this.#errors.get(key);
    if (group === undefined)
      this.#errors.set(key, {
        error: isOther ? otherErrors : failure,
        count: 1,
        ...(isPlanned ? { isPlanned } : {}),
      });
    else group.count++;
  }

  #judge(facts: RequestFacts): void {
    for (const [i, objective] of this.objectives.entries()) {
      const kept = this.#kept[i];
      const verdict = meets(facts, objective);
      if (kept === undefined || verdict === undefined) continue;
      kept.measured++;
      if (verdict) kept.passed++;
    }
  }

  #wall(ns: number): bigint | undefined {
    return Number.isFinite(ns) ? wallNs(this.table.origin, ns) : undefined;
  }
}

/** The count of successful requests where there is none: scripts look for it most of all then. */
const noRequests: MetricResult = {
  tag: requestCount.tag,
  unit: requestCount.displayUnit,
  statistics: { avg: 0 },
};
