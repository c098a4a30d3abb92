import type { Metric, Requirement } from './metric.js';
import { metrics } from './table.js';

const kinds: Record<Metric['kind'], string> = {
  record: 'request',
  list: 'request (list)',
  count: 'run (count)',
  derived: 'run',
  adjusted: 'run (distribution)',
  calibrated: 'run (distribution)',
  curve: 'run (over time)',
  power: 'run',
  session: 'session',
};

const needs: Record<Requirement, string> = {
  streaming: '`--streaming`',
  'output tokens': 'an endpoint that generates tokens',
  'input tokens': 'an endpoint whose input is counted in tokens',
  images: 'an endpoint that takes images',
  audio: 'an endpoint that takes audio',
  videos: 'an endpoint that generates videos',
  speech: 'an endpoint that generates speech',
  'client token counts': '`--use-server-token-count` not given',
  objectives: '`--goodput`',
  'fixed schedule': '`--fixed-schedule`',
  'network calibration': '`--network-latency-automatic` or `-mean`',
  'GPU telemetry': 'GPU telemetry',
};

const introduction = `# Metrics

<!-- Generated from the table of metrics. Do not edit. -->

The meaning of every figure, in the order of the files. Metrics of a request have full statistics over the run (average,
percentiles 1 to 99 by linear interpolation, minimum, maximum, standard deviation of the population, count, sum),
computed from every value; metrics of the run are single numbers. Metrics over time follow what is in progress at each
moment, from the first start to the last end of any request: average, minimum, maximum, deviation and percentiles 50 to
99 are weighted by duration, and a percentile is the first value that reaches its share of the time. Unless noted, only
valid requests count: those that ended without an error and with content. A value that cannot be computed is absent,
never zero. *Content chunks* are response units that carry text, reasoning or tool calls; *start* is the moment before the
HTTP call, connecting included; *due* is when the load asked for the request: its time in a schedule, or the moment
a slot became free. *E* is the energy of all GPUs of a vendor from the start of the phase to its last response: Total GPU
Energy, or for a GPU that was measured for a part of the phase only, its mean power times the phase.

With \`n\` above 1 a response holds several choices. Choice 0 (by its \`index\`) counts, in streams and in whole bodies:
its text, reasoning and tool calls, and the times of its chunks. A stream is complete when every choice has finished.
The server's own counts (usage) cover all choices.

| tag | label | unit | of | formula | only with | absent when |
|---|---|---|---|---|---|---|
`;

/** The reference page of metrics, in Markdown. */
export function metricsReference(): string {
  return introduction + metrics.map((metric) => `| ${cells(metric).join(' | ')} |\n`).join('');
}

function cells(metric: Metric): string[] {
  const failedOnly = (metric.kind === 'record' || metric.kind === 'count') && metric.appliesTo === 'failed';
  return [
    `\`${metric.tag}\``,
    metric.label,
    metric.displayUnit,
    kinds[metric.kind] + (failedOnly ? ', failed only' : ''),
    metric.formula,
    metric.requires.map((need) => needs[need]).join(', '),
    metric.absent === 'never' ? '' : metric.absent,
  ].map((text) => text.replaceAll('|', '\\|'));
}
