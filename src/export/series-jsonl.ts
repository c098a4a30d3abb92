import { existsSync } from 'node:fs';
import type { Sink } from '../collect/sink.js';
import { readLines } from '../run/lines.js';
import type { Labels, SeriesMetric, TimeSeries } from '../telemetry/time-series.js';
import { type ClockOrigin, wallNsText } from '../util/clock.js';
import { UserError } from '../util/errors.js';
import { isObject, type Json, type JsonObject } from '../util/json.js';
import { LineFile } from './line-file.js';

/*
 * `profile_export_series.jsonl` has two kinds of line. Before the first value of a series, a line defines it:
 *
 *   {"id":0,"metric":"client_cpu_time","kind":"counter","unit":"ms","source":"client","labels":{"thread":"0"}}
 *
 * Each observation is a line with its time, ns since 1970, and the values of some series:
 *
 *   {"timestamp_ns":1764000000123456789,"ids":[0,1,2],"values":[12.5,0,3]}
 *
 * Observations are written as they come: a killed run keeps what it had, and nothing waits in memory.
 */

/** Writes observations to a new file. @throws Error as the constructor of `LineFile`. */
export function seriesSink(path: string, origin: ClockOrigin): Sink {
  const file = new LineFile(path);
  const ids = new Map<string, number>();
  const idOf = (source: string, { name, kind, unit }: SeriesMetric, labels: Labels): number => {
    const key = JSON.stringify([source, name, labels]);
    const known = ids.get(key);
    if (known !== undefined) return known;
    const id = ids.size;
    ids.set(key, id);
    file.add(`${JSON.stringify({ id, metric: name, kind, unit, source, labels })}\n`);
    return id;
  };
  return {
    onObservation({ source, atNs, samples }) {
      const seen = samples.map(({ metric, labels }) => idOf(source, metric, labels));
      const values = samples.map(({ value }) => value);
      const rest = JSON.stringify({ ids: seen, values }).slice(1);
      file.add(`{"timestamp_ns":${wallNsText(origin, atNs)},${rest}\n`);
      file.flush();
    },
    onEnd: () => file.close(),
  };
}

/** A series that is being read. */
interface Begun extends Omit<TimeSeries, 'times' | 'values'> {
  readonly times: number[];
  readonly values: number[];
}

/**
 * Reads a file of series; a last line that is cut off, as a killed run leaves it, is left out.
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
