import type { PhaseName } from '../records/record.js';
import type { Scrape, SeriesHead } from '../telemetry/server-series.js';
import { wallNsText } from '../util/clock.js';
import { pythonFloat } from '../util/python-json.js';
import { holdsSecret, withoutSecrets } from '../util/secrets.js';
import { type ServerMetricsFacts, sortedLabels } from './server-metrics.js';

/** The lines of `server_metrics_export.jsonl`: one per scrape and page with the raw values, infos left out. */
export function* serverMetricsLines(facts: ServerMetricsFacts, scrapes: Iterable<Scrape>): Generator<string> {
  // Names and labels of a series are the same in every line.
  const heads = new Map<SeriesHead, string>();
  for (const scrape of scrapes) {
    if (scrape.source.of !== 'server') continue;
    const line = lineOf(scrape, facts, heads);
    yield holdsSecret(line) ? withoutSecrets(line) : line;
  }
}

function lineOf(
  { source, index, samples }: Scrape,
  { origin, phases }: ServerMetricsFacts,
  heads: Map<SeriesHead, string>,
): string {
  const [sent, firstByte, received] = [source.sentNs, source.firstByteNs, source.receivedNs].map(
    (times) => times[index] ?? 0,
  ) as [number, number, number];
  const byMetric = new Map<string, string[]>();
  for (const { series, values } of samples) {
    const { family } = series;
    if (family.isInfo) continue;
    const head = heads.get(series) ?? headOf(series);
    heads.set(series, head);
    const texts = byMetric.get(family.name);
    const text = `{${head}${valueText(series, values)}}`;
    if (texts === undefined) byMetric.set(family.name, [text]);
    else texts.push(text);
  }
  const metrics = [...byMetric].map(([name, texts]) => `${JSON.stringify(name)}:[${texts.join(',')}]`);
  const members = [
    `"endpoint_url":${JSON.stringify(source.url)}`,
    `"timestamp_ns":${wallNsText(origin, firstByte)}`,
    `"endpoint_latency_ns":${Math.round(received - sent)}`,
    `"metrics":{${metrics.join(',')}}`,
    `"request_sent_ns":${wallNsText(origin, sent)}`,
    `"first_byte_ns":${wallNsText(origin, firstByte)}`,
    ...phaseMembers(phases.findLast(({ fromNs }) => fromNs <= sent)?.name, phases.length),
  ];
  return `{${members.join(',')}}\n`;
}

function headOf({ labels }: SeriesHead): string {
  const names = sortedLabels(labels).map(
    ([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`,
  );
  return names.length === 0 ? '' : `"labels":{${names.join(',')}},`;
}

function valueText({ bounds }: SeriesHead, values: Float64Array): string {
  if (bounds.length === 0) return `"value":${pythonFloat(values[0] ?? 0)}`;
  const buckets = bounds.map((bound, i) => `${JSON.stringify(bound)}:${pythonFloat(values[i] ?? 0)}`);
  const [sum = 0, count = 0] = values.subarray(bounds.length);
  return `"buckets":{${buckets.join(',')}},"sum":${pythonFloat(sum)},"count":${pythonFloat(count)}`;
}

/** The phase that a scrape belongs to; nothing before the first. */
function phaseMembers(name: PhaseName | undefined, phases: number): string[] {
  if (name === undefined) return [];
  return [
    `"benchmark_phase":"${name}"`,
    `"phase_index":${name === 'profiling' ? phases - 1 : 0}`,
    ...(name === 'profiling' ? ['"profiling_index":0'] : []),
    `"phase_name":"${name}"`,
    `"phase_kind":"${name}"`,
  ];
}
