import { existsSync } from 'node:fs';
import type { TimeSeries } from '../telemetry/time-series.js';
import type { ClockOrigin } from '../util/clock.js';
import { UserError } from '../util/errors.js';
import { isObject, type Json, type JsonObject } from '../util/json.js';
import { readLines } from '../util/lines.js';

/** A series that is being read. */
interface Begun extends Omit<TimeSeries, 'times' | 'values'> {
  readonly times: number[];
  readonly values: number[];
}

/**
 * Reads `profile_export_series.jsonl`, as `export/series-jsonl.ts` describes it; a last line that is cut off, as a killed run leaves it, is left out.
 * @param origin what times count from. @returns none where there is no file.
 * @throws UserError with the place of a line that belongs to no series.
 */
export function readSeries(path: string, origin: ClockOrigin): TimeSeries[] {
  if (!existsSync(path)) return [];
  const begun = new Map<number, Begun>();
  for (const { text, number, ended } of readLines(path)) {
    const line = parsed(text);
    const isRead =
      line !== undefined && (readDefinition(line, begun) || readValues(line, text, origin, begun));
    if (isRead || !ended) continue;
    throw new UserError(
      `${path}:${number}: this line is not one of a time series.`,
      'Delete the file to go on without what it has over time.',
    );
  }
  return [...begun.values()]
    .filter(({ times }) => times.length > 0)
    .map(({ times, values, ...series }) => ({
      ...series,
      times: Float64Array.from(times),
      values: Float64Array.from(values),
    }));
}

function parsed(text: string): JsonObject | undefined {
  try {
    const json: unknown = JSON.parse(text);
    return isObject(json) ? json : undefined;
  } catch {
    return undefined;
  }
}

/** @returns whether the line defines a series. */
function readDefinition(
  { id = null, metric: name = null, kind = null, unit = null, source = null, labels = null }: JsonObject,
  begun: Map<number, Begun>,
): boolean {
  if (typeof id !== 'number' || typeof name !== 'string' || typeof unit !== 'string') return false;
  if (typeof source !== 'string' || !isObject(labels)) return false;
  const texts = Object.fromEntries(Object.entries(labels).map(([label, value]) => [label, String(value)]));
  const metric = { name, unit, kind: kind === 'counter' ? 'counter' : 'gauge' } as const;
  begun.set(id, { metric, source, labels: texts, times: [], values: [] });
  return true;
}

/** @returns whether the line is an observation. */
function readValues(
  { ids = null, values = null }: JsonObject,
  text: string,
  origin: ClockOrigin,
  begun: ReadonlyMap<Json, Begun>,
): boolean {
  // JSON.parse keeps 53 bits, and epochs in ns have more.
  const digits = /"timestamp_ns":\s*(\d+)/.exec(text)?.[1];
  if (digits === undefined || !Array.isArray(ids) || !Array.isArray(values)) return false;
  const atNs = Number(BigInt(digits) - origin.epochNs);
  return ids.every((id, i) => {
    const series = begun.get(id);
    const value = values[i];
    if (series === undefined || typeof value !== 'number') return false;
    series.times.push(atNs);
    series.values.push(value);
    return true;
  });
}
