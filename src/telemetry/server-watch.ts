import { withoutSecrets } from '../util/secrets.js';
import { familyOf } from './families.js';
import { keptMetric } from './known-servers.js';
import type { LiveServer } from './live-telemetry.js';
import type { PageReader } from './page-reader.js';
import { serverMetrics } from './server-metrics.js';
import type { Reading } from './source.js';

/** Rates are computed over at least this time, ns. */
const RATE_NS = 2e9;

/** The samples of a metric by family: some versions of a server have a figure under two names on one page. */
type Samples = Map<string, number[]>;

/** Watches the main figures of a known server on its page. */
export class ServerWatch {
  readonly #url: string;
  readonly #samples = new Map<string, Samples>();
  /** Tokens of the newest pages, oldest first: one of them is at least as old as rates need. */
  #tokens: readonly { readonly atNs: number; readonly total: number }[] = [];
  #running: number | undefined;
  #waiting: number | undefined;
  #kvCacheShare: number | undefined;

  constructor(url: string) {
    this.#url = withoutSecrets(url);
  }

  /** Takes a page of the server. */
  takePage({ receivedNs }: Pick<Reading, 'receivedNs'>, pages: PageReader): void {
    for (const { id, name, labels } of pages.fresh) {
      const sample = familyOf(name, labels, pages);
      // Of a histogram of tokens, the sum counts tokens.
      if (sample === undefined || !['value', 'sum'].includes(sample.role)) continue;
      const { family } = sample;
      const metric = keptMetric(family.name, Object.fromEntries(sample.labels));
      if (metric === undefined) continue;
      const samples: Samples = this.#samples.get(metric.name) ?? new Map();
      this.#samples.set(metric.name, samples);
      samples.set(family.name, [...(samples.get(family.name) ?? []), id]);
    }
    const values = (metric: { readonly name: string }) => this.#valuesOf(metric.name, pages.values);
    this.#running = sum(values(serverMetrics.running));
    this.#waiting = sum(values(serverMetrics.waiting));
    const usage = values(serverMetrics.kvCacheUsage);
    this.#kvCacheShare = usage.length === 0 ? undefined : (sum(usage) ?? 0) / usage.length;
    this.#addTokens(receivedNs, sum(values(serverMetrics.generationTokens)));
  }

  /** Undefined where the page has none of the figures. */
  get latest(): LiveServer | undefined {
    if (this.#samples.size === 0) return undefined;
    return {
      url: this.#url,
      running: this.#running,
      waiting: this.#waiting,
      kvCacheShare: this.#kvCacheShare,
      outputTokensPerSecond: this.#tokensPerSecond,
    };
  }

  #valuesOf(metric: string, values: Float64Array): number[] {
    const [ids = []] = this.#samples.get(metric)?.values() ?? [];
    return ids.map((id) => values[id] ?? Number.NaN).filter((value) => !Number.isNaN(value));
  }

  #addTokens(atNs: number, total: number | undefined): void {
    if (total === undefined) return;
    // The server has restarted: its counter begins again.
    const before = (this.#tokens.at(-1)?.total ?? 0) > total ? [] : this.#tokens;
    const old = before.findLastIndex((one) => atNs - one.atNs >= RATE_NS);
    this.#tokens = [...before.slice(Math.max(0, old)), { atNs, total }];
  }

  get #tokensPerSecond(): number | undefined {
    const [first, last] = [this.#tokens[0], this.#tokens.at(-1)];
    if (first === undefined || last === undefined || first === last) return undefined;
    return ((last.total - first.total) * 1e9) / (last.atNs - first.atNs);
  }
}

/** Undefined for no values. */
function sum(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((total, value) => total + value, 0);
}
