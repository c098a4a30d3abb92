import type { Window } from '../metrics/request-table.js';
import type { ServerStats } from '../metrics/server-statistics.js';
import { serverUnit } from '../metrics/server-units.js';
import type { SliceGrid } from '../metrics/server-windows.js';
import type { PhaseName } from '../records/record.js';
import type { MetricFamily, ScrapedSource } from '../telemetry/server-series.js';
import type { Labels } from '../telemetry/time-series.js';
import { type ClockOrigin, wallNs } from '../util/clock.js';
import type { JsonObject } from '../util/json.js';
import { Float, type Printable } from '../util/python-json.js';
import { holdsSecret, withoutUnmistakable } from '../util/secrets.js';

// What the server-metrics files have in common.

/** What these files hold besides the series. */
export interface ServerMetricsFacts {
  readonly version: string;
  readonly benchmarkId: string;
  /** Secrets masked. */
  readonly inputConfig: JsonObject;
  readonly origin: ClockOrigin;
  /** Pages of servers, also those that were never reached. */
  readonly sources: readonly ScrapedSource[];
  /** The phases that sent something, in their order. */
  readonly phases: readonly ServerPhase[];
  /** Undefined for none. */
  readonly slices: SliceGrid | undefined;
}

/** A phase with the window that its statistics are of. */
export interface ServerPhase extends Window {
  readonly name: PhaseName;
  readonly wasCancelled: boolean;
}

/** Labels in the order of their names. */
export function sortedLabels(labels: Labels): readonly (readonly [name: string, value: string])[] {
  return Object.entries(labels)
    .map(([name, value]) => [holdsSecret(name) ? withoutUnmistakable(name) : name, value] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

/** What series of one metric are sorted by. */
export function labelsKey(labels: Labels): string {
  return sortedLabels(labels)
    .map(([name, value]) => `'${name}': '${value}'`)
    .join(', ');
}

/** Series in the order of JSON and CSV. */
export function compareKeys(a: readonly string[], b: readonly string[]): number {
  const at = a.findIndex((key, i) => key !== b[i]);
  return at < 0 ? 0 : (a[at] ?? '') < (b[at] ?? '') ? -1 : 1;
}

/** What CSV and phase files call a page: its URL without scheme and `/metrics`. */
export function shortUrl(url: string): string {
  return url.replace(/^\w+:\/\//, '').replace(/\/metrics$/, '');
}

/** The unit of a family, as far as it is known. */
export function unitOf({ name, help }: MetricFamily): string | undefined {
  return serverUnit(name, help);
}

/** Statistics as members of a JSON file; a number of observations is an integer, all others are floats. */
export function statMembers(stats: ServerStats): [string, Printable][] {
  return Object.entries(stats).map(([name, value]) => [
    name,
    name === 'count' ? BigInt(Math.round(value)) : new Float(value),
  ]);
}

/** How far cumulative buckets grew, by their bounds. */
export function bucketMembers(bounds: readonly string[], grown: readonly number[]): Map<string, Printable> {
  return new Map(bounds.map((bound, i) => [bound, BigInt(Math.round(grown[i] ?? 0))]));
}

/** When a page was read: the first byte counts, as in AIPerf. */
export function timestampNs({ firstByteNs }: ScrapedSource, index: number, origin: ClockOrigin): bigint {
  return wallNs(origin, firstByteNs[index] ?? 0);
}

/** Members that describe how a page was read. @param within leaves out scrapes that were sent outside. */
export function sourceInfo(
  source: ScrapedSource,
  origin: ClockOrigin,
  within?: Window,
): Record<string, Printable | undefined> | undefined {
  const { sentNs, receivedNs, firstByteNs, changed } = source;
  const all = Array.from(sentNs.keys()).filter(
    (i) => within === undefined || isInside(sentNs[i] ?? 0, within),
  );
  const [first, last] = [all[0], all.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const updates = all.filter((i) => i === first || changed[i] === 1);
  const [firstUpdate = first, lastUpdate = first] = [updates[0], updates.at(-1)];
  const seconds = ((firstByteNs[lastUpdate] ?? 0) - (firstByteNs[firstUpdate] ?? 0)) / 1e9;
  const intervals = updates
    .slice(1)
    .map((i, at) => (firstByteNs[i] ?? 0) - (firstByteNs[updates[at] ?? 0] ?? 0));
  const latencies = all.map((i) => (receivedNs[i] ?? 0) - (sentNs[i] ?? 0));
  return {
    total_fetches: all.length,
    first_fetch_ns: timestampNs(source, first, origin),
    last_fetch_ns: timestampNs(source, last, origin),
    avg_fetch_latency_ms: inMs(meanOf(latencies)),
    unique_updates: updates.length,
    first_update_ns: timestampNs(source, firstUpdate, origin),
    last_update_ns: timestampNs(source, lastUpdate, origin),
    duration_seconds: new Float(seconds),
    avg_update_interval_ms:
      intervals.length === 0 ? undefined : new Float((seconds * 1000) / intervals.length),
    median_update_interval_ms: inMs(medianOf(intervals)),
  };
}

function isInside(atNs: number, { fromNs, toNs }: Window): boolean {
  return fromNs <= atNs && atNs <= toNs;
}

function inMs(ns: number | undefined): Float | undefined {
  return ns === undefined ? undefined : new Float(ns / 1e6);
}

function meanOf(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function medianOf(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return low === undefined || high === undefined ? undefined : (low + high) / 2;
}
