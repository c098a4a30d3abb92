import type { Chart } from './chart.js';
import {
  concurrencyOverTime,
  dispersedThroughputOverTime,
  tokensInFlightOverTime,
} from './load-over-time.js';
import { itl, latency, ttft } from './measures.js';
import { overTime } from './over-time.js';

/** The pictures of one run, in the order to show them. What `data` gives goes to the `option` of the same chart only. */
export const runCharts: readonly Chart<unknown>[] = [
  overTime(ttft),
  overTime(itl),
  overTime(latency),
  dispersedThroughputOverTime,
  concurrencyOverTime,
  tokensInFlightOverTime,
];
