import { clientMetrics } from '../telemetry/client-metrics.js';
import type { RunChart } from './chart.js';
import { type CurvesOverTime, curvesOption, pointsOf } from './load-over-time.js';

/** Observations are a second apart, and so are windows at least. */
const FEWEST_WINDOWS = 3;
/** As many as a wide picture shows. */
const MOST_WINDOWS = 300;

/** Whether the client was held up, and by what: a share of the time of the load thread that had most of it. */
export const clientDelaysOverTime: RunChart<CurvesOverTime> = {
  name: 'client_delays_over_time',
  title: 'Client delays over time',
  data(run) {
    const { seconds } = run;
    const windows = Math.min(MOST_WINDOWS, Math.floor(seconds));
    if (windows < FEWEST_WINDOWS) return undefined;
    const { late, coreWait, gc } = clientMetrics;
    const causes = [
      ['More than 10 ms late', late],
      ['Waiting for a core', coreWait],
      ['Garbage collection', gc],
    ] as const;
    const curves = causes.flatMap(([name, metric]) => {
      // Milliseconds a second; a tenth of it is per cent.
      const shares = run.growth(metric, windows)?.map((rate) => rate / 10);
      return shares === undefined ? [] : [{ name, points: pointsOf(shares, seconds) }];
    });
    if (curves.length === 0) return undefined;
    return { subtitle: 'of the load thread with the longest in each window', seconds, curves };
  },
  option: (data, theme) =>
    curvesOption(data, theme, clientDelaysOverTime.title, { label: 'Share of the time', displayUnit: '%' }),
};
