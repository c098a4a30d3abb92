import { cancelledOnPurpose } from './measure.js';
import type { Metric } from './metric.js';
import { requestLatency, timeToFirstToken } from './request-metrics.js';
import type { StoredRecord } from './stored-request.js';

/** Requests of a run that are worth a look one by one. */
export interface NotableRequests {
  /** The longest request latency first. */
  readonly slowest: readonly StoredRecord[];
  /** The longest time to first token first. */
  readonly slowestToStart: readonly StoredRecord[];
  /** The first of each kind of failure, in the order in which they were seen. */
  readonly failures: readonly StoredRecord[];
}

/** What says whether a request is worth a look. */
export interface Candidate extends Pick<StoredRecord, 'error' | 'cancelled' | 'dropped'> {
  /** Numbers by the tag of their metric, in display units. */
  readonly values: { get(tag: string): number | Float64Array | undefined };
}

/** Requests shown of each sort. */
const MOST = 20;

/** Keeps the requests worth a look while all go by. */
export class NotableFinder {
  readonly #slowest = new Longest(requestLatency);
  readonly #slowestToStart = new Longest(timeToFirstToken);
  readonly #failures = new Map<string, StoredRecord>();

  /** @param read gives the record of a request that is kept. */
  add(request: Candidate, read: () => StoredRecord): void {
    const { error, cancelled, dropped } = request;
    if (error === undefined) {
      this.#slowest.add(request, read);
      this.#slowestToStart.add(request, read);
      return;
    }
    if (this.#failures.size >= MOST || cancelledOnPurpose({ failure: error, cancelled, dropped })) return;
    const kind = JSON.stringify(error);
    if (!this.#failures.has(kind)) this.#failures.set(kind, read());
  }

  get found(): NotableRequests {
    return {
      slowest: this.#slowest.found,
      slowestToStart: this.#slowestToStart.found,
      failures: [...this.#failures.values()],
    };
  }
}

/** The requests with the greatest values of one metric; of equals, the earlier in the file. */
class Longest {
  readonly #metric: Metric;
  readonly #found: { readonly value: number; readonly request: StoredRecord }[] = [];

  constructor(metric: Metric) {
    this.#metric = metric;
  }

  add(request: Candidate, read: () => StoredRecord): void {
    const value = request.values.get(this.#metric.tag);
    const least = this.#found.length < MOST ? Number.NEGATIVE_INFINITY : (this.#found.at(-1)?.value ?? 0);
    if (typeof value !== 'number' || !(value > least)) return;
    const after = this.#found.findIndex((other) => other.value < value);
    this.#found.splice(after === -1 ? this.#found.length : after, 0, { value, request: read() });
    if (this.#found.length > MOST) this.#found.pop();
  }

  get found(): readonly StoredRecord[] {
    return this.#found.map(({ request }) => request);
  }
}
