import type { Sink } from '../collect/sink.js';
import type { Labels, Observation, SeriesMetric } from '../telemetry/time-series.js';
import { type ClockOrigin, wallNsText } from '../util/clock.js';
import { withoutSecrets } from '../util/secrets.js';
import { LineFile } from './line-file.js';

/*
 * `profile_export_series.jsonl` has two kinds of line. Before the first value of a series, a line defines it; another
 * definition of the same id holds for the lines after it:
 *
 *   {"id":0,"metric":"client_cpu_time","kind":"counter","unit":"ms","source":"client","labels":{"thread":"0"}}
 *
 * Each observation is a line with its time, ns since 1970, and the values of some series:
 *
 *   {"timestamp_ns":1764000000123456789,"ids":[0,1,2],"values":[12.5,0,3]}
 *
 * Those of the client are written as they come: a killed run keeps what it had, and nothing waits in memory. Those of
 * servers and GPUs follow at the end of the run.
 */

/** Writes observations to a new file. @throws Error as the constructor of `LineFile`. */
export function seriesSink(path: string, origin: ClockOrigin): Sink {
  const { add, file } = seriesWriter(new LineFile(path), origin);
  return {
    onObservation(observation) {
      add(observation);
      file.flush();
    },
    onEnd: () => file.close(),
  };
}

/** Writes observations at the end of a file. @throws Error as the constructor of `LineFile`. */
export function appendSeries(path: string, origin: ClockOrigin, observations: Iterable<Observation>): void {
  const { add, file } = seriesWriter(new LineFile(path, true), origin);
  for (const observation of observations) add(observation);
  file.close();
}

function seriesWriter(file: LineFile, origin: ClockOrigin) {
  const ids = new Map<string, number>();
  const idOf = (source: string, { name, kind, unit }: SeriesMetric, labels: Labels): number => {
    const key = JSON.stringify([source, name, labels]);
    const known = ids.get(key);
    if (known !== undefined) return known;
    const id = ids.size;
    ids.set(key, id);
    // Pages may show the keys that they were sent.
    file.add(`${withoutSecrets(JSON.stringify({ id, metric: name, kind, unit, source, labels }))}\n`);
    return id;
  };
  const add = ({ source, atNs, samples }: Observation) => {
    const seen = samples.map(({ metric, labels }) => idOf(source, metric, labels));
    const values = samples.map(({ value }) => value);
    const rest = JSON.stringify({ ids: seen, values }).slice(1);
    file.add(`{"timestamp_ns":${wallNsText(origin, atNs)},${rest}\n`);
  };
  return { add, file };
}
