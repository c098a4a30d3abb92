import type { CalibratedMetric, RecordMetric } from './metric.js';
import { requestLatency, timeToFirstOutputToken, timeToFirstToken } from './request-metrics.js';

const absent = 'the round-trip time is not known';

/** A latency of each request without the network: the mean round-trip time is taken off, down to zero at most. */
function withoutNetwork(base: RecordMetric, order: number): CalibratedMetric {
  const { unit, displayUnit, factor, requires } = base;
  return {
    kind: 'calibrated',
    base,
    tag: `network_adjusted_${base.tag}`,
    label: `Network-Adjusted ${base.label}`,
    short: `Net-Adj. ${base.short}`,
    ...{ unit, displayUnit, factor, order, absent },
    requires: [...requires, 'network calibration'],
    largerIsBetter: false,
    table: 'main',
    wholeRunOnly: false,
    formula: `max(0, ${base.label} - Network RTT) of each request`,
  };
}

const networkRtt: CalibratedMetric = {
  kind: 'calibrated',
  base: undefined,
  tag: 'network_rtt',
  label: 'Network RTT',
  short: 'Network RTT',
  unit: 'ns',
  displayUnit: 'ms',
  factor: 1e-6,
  requires: ['network calibration'],
  largerIsBetter: false,
  table: 'main',
  order: 302,
  wholeRunOnly: false,
  formula:
    'mean time of a TCP connect to the servers, or `--network-latency-mean`; every statistic is that one value',
  absent,
};

export const networkMetrics = [
  withoutNetwork(timeToFirstToken, 101),
  withoutNetwork(timeToFirstOutputToken, 211),
  withoutNetwork(requestLatency, 301),
  networkRtt,
];
