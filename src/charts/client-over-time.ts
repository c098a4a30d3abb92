import { clientMetrics } from '../telemetry/client-metrics.js';
import type { SeriesMetric } from '../telemetry/time-series.js';
import type { RunChart } from './chart.js';
import type { ChartRun } from './chart-run.js';
import { type CurvesOverTime, curvesOption, pointsOf } from './load-over-time.js';

/** Observations are a second apart, and so are windows at least. */
const FEWEST_WINDOWS = 3;
/** As many as a wide picture shows. */
const MOST_WINDOWS = 300;

const { late, coreWait, gc, loopDelay, readLag } = clientMetrics;

/** Whether the client was held up, and by what. */
export const clientDelaysOverTime: RunChart<CurvesOverTime> = {
  name: 'client_delays_over_time',
  title: 'Client delays over time',
  data: (run) =>
    // Milliseconds a second; a tenth of it is per cent.
    curvesData(run, 'share of the load thread with the longest', 0.1, [
      ['More than 10 ms late', late],
      ['Waiting for a core', coreWait],
      ['Garbage collection', gc],
    ]),
  option: (data, theme) =>
    curvesOption(data, theme, clientDelaysOverTime.title, { label: 'Share of the time', displayUnit: '%' }),
};

/** How much later than it should a load thread stamps what arrives. */
export const clientLagOverTime: RunChart<CurvesOverTime> = {
  name: 'client_lag_over_time',
  title: 'Client lag over time',
  data: (run) =>
    curvesData(run, 'longest of all load threads', 1, [
      ['Event-loop delay', loopDelay],
      ['Read lag', readLag],
    ]),
  option: (data, theme) =>
    curvesOption(data, theme, clientLagOverTime.title, { label: 'Lag', displayUnit: loopDelay.unit }),
};

/** @param factor from the values of the series to those of the chart. */
function curvesData(
  run: ChartRun,
  subtitle: string,
  factor: number,
  named: readonly (readonly [name: string, metric: SeriesMetric])[],
): CurvesOverTime | undefined {
  const { seconds } = run;
  const windows = Math.min(MOST_WINDOWS, Math.floor(seconds));
  if (windows < FEWEST_WINDOWS) return undefined;
  const curves = named.flatMap(([name, metric]) => {
    const values = run.telemetry(metric, windows)?.map((value) => value * factor);
    return values === undefined ? [] : [{ name, points: pointsOf(values, seconds) }];
  });
  return curves.length === 0 ? undefined : { subtitle, seconds, curves };
}
