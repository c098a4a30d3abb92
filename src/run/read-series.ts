import { statSync } from 'node:fs';
import type { TimeSeries } from '../telemetry/time-series.js';
import type { ClockOrigin } from '../util/clock.js';
import { UserError } from '../util/errors.js';
import { isObject, type Json, type JsonObject, objectIn } from '../util/json.js';
import { readLines } from '../util/lines.js';

/** A series that is being read. */
interface Begun extends Omit<TimeSeries, 'times' | 'values'> {
  readonly times: number[];
  readonly values: number[];
}

/**
 * Reads `profile_export_series.jsonl`, as `export/series-jsonl.ts` describes it. Damaged lines are skipped: the charts
 * over time lose those observations, and no result depends on them.
 * @param origin what times count from. @returns none where there is no regular file.
 */
export function readSeries(path: string, origin: ClockOrigin): TimeSeries[] {
  // Reading a named pipe would block.
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return [];
  const all: Begun[] = [];
  const begun = new Map<number, Begun>();
  try {
    for (const { text } of readLines(path)) {
      const line = objectIn(text);
      if (line === undefined) continue;
      const defined = readDefinition(line);
      if (defined === undefined) {
        readValues(line, text, origin, begun);
      } else {
        begun.set(defined.id, defined.series);
        all.push(defined.series);
      }
    }
  } catch (thrown) {
    // Not UTF-8, or an endless line: what follows cannot be read.
    if (!(thrown instanceof UserError)) throw thrown;
  }
  return all
    .filter(({ times }) => times.length > 0)
    .map(({ times, values, ...series }) => ({
      ...series,
      times: Float64Array.from(times),
      values: Float64Array.from(values),
    }));
}

/** @returns undefined for a line that defines no series. */
function readDefinition({
  id = null,
  metric: name = null,
  kind = null,
  unit = null,
  source = null,
  labels = null,
}: JsonObject): { readonly id: number; readonly series: Begun } | undefined {
  if (typeof id !== 'number' || typeof name !== 'string' || typeof unit !== 'string') return undefined;
  if (typeof source !== 'string' || !isObject(labels)) return undefined;
  const texts = Object.fromEntries(Object.entries(labels).map(([label, value]) => [label, String(value)]));
  const metric = { name, unit, kind: kind === 'counter' ? 'counter' : 'gauge' } as const;
  return { id, series: { metric, source, labels: texts, times: [], values: [] } };
}

/** Adds an observation; one that is not complete is skipped. */
function readValues(
  { ids = null, values = null }: JsonObject,
  text: string,
  origin: ClockOrigin,
  begun: ReadonlyMap<Json, Begun>,
): void {
  // JSON.parse keeps 53 bits, and epochs in ns have more.
  const digits = /"timestamp_ns":\s*(\d+)/.exec(text)?.[1];
  if (digits === undefined || !Array.isArray(ids) || !Array.isArray(values)) return;
  const atNs = Number(BigInt(digits) - origin.epochNs);
  const samples = ids.map((id, i) => ({ series: begun.get(id), value: values[i] }));
  if (!samples.every(({ series, value }) => series !== undefined && typeof value === 'number')) return;
  for (const { series, value } of samples) {
    series?.times.push(atNs);
    series?.values.push(Number(value));
  }
}
