import type { RunChart } from './chart.js';
import { clientDelaysOverTime, clientLagOverTime } from './client-over-time.js';
import { distributionChart } from './distribution.js';
import { latencyHeatmap } from './heatmap.js';
import { runLengths } from './lengths-chart.js';
import { concurrencyOverTime, outputThroughputOverTime, tokensInFlightOverTime } from './load-over-time.js';
import { itl, latency, ttft } from './measures.js';
import { offeredLoadChart } from './offered-load.js';
import { overTime } from './over-time.js';
import { sessionLanes } from './session-lanes.js';
import { telemetryCharts } from './telemetry-over-time.js';
import { requestTimeline } from './timeline.js';
import { sliceCharts } from './timeslices.js';
import { ttftByIsl } from './ttft-by-isl.js';

/** The pictures of one run, in the order to show them. */
export const runCharts: readonly RunChart<unknown>[] = [
  offeredLoadChart,
  overTime(ttft),
  overTime(itl),
  overTime(latency),
  outputThroughputOverTime,
  concurrencyOverTime,
  tokensInFlightOverTime,
  ...telemetryCharts,
  clientDelaysOverTime,
  clientLagOverTime,
  ...sliceCharts,
  requestTimeline,
  sessionLanes,
  distributionChart(ttft),
  distributionChart(itl),
  distributionChart(latency),
  latencyHeatmap,
  ttftByIsl,
  runLengths,
];
