import { CLIENT } from '../telemetry/client-metrics.js';
import type { TimeSeries } from '../telemetry/time-series.js';
import type { Window } from './request-table.js';

/** Without reads of servers and GPUs for so long after the start, their figures are not those of the run. */
const LEAST_SECONDS = 5;

/** How long nothing of servers and GPUs was read from the start of a run, seconds; undefined if it is not worth a word, or nothing ever was. */
export function unreadStartSeconds(series: readonly TimeSeries[], { fromNs }: Window): number | undefined {
  const firsts = series.flatMap(({ source, times }) => (source === CLIENT ? [] : (times[0] ?? [])));
  const seconds = (Math.min(...firsts) - fromNs) / 1e9;
  return firsts.length === 0 || seconds < LEAST_SECONDS ? undefined : seconds;
}
