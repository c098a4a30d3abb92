import type { Metric, Unit } from './metric.js';
import { findMetric } from './table.js';

/**
 * A metric of requests as an OpenTelemetry histogram. Names, units and bounds of `gen_ai.client.*` are those of
 * OpenTelemetry's semantic conventions for generative AI.
 */
export interface Instrument {
  readonly name: string;
  readonly unit: string;
  readonly description: string;
  /** Exported values and bounds are those of the metric's own unit divided by this. */
  readonly divisor: number;
  /** Set for `gen_ai.client.*`, which have attributes of their own. */
  readonly genAi?: { readonly tokenType?: 'input' | 'output' };
}

/** Wall-clock ns of requests, which are no metrics of a run: AIPerf's names. */
export const requestTimestamps = ['min_request_timestamp', 'max_response_timestamp'] as const;

/** Tags whose values go by another name, or by a second one. */
const renamed: Readonly<Record<string, readonly Partial<Instrument>[]>> = {
  request_latency: [{ name: 'gen_ai.client.operation.duration', unit: 's', divisor: 1e9, genAi: {} }],
  time_to_first_token: [
    { name: 'gen_ai.client.operation.time_to_first_chunk', unit: 's', divisor: 1e9, genAi: {} },
  ],
  inter_token_latency: [
    { name: 'gen_ai.client.operation.time_per_output_chunk', unit: 's', divisor: 1e9, genAi: {} },
  ],
  output_token_count: [
    { name: 'gen_ai.client.token.usage', unit: '{token}', genAi: { tokenType: 'output' } },
  ],
  input_sequence_length: [
    {},
    { name: 'gen_ai.client.token.usage', unit: '{token}', genAi: { tokenType: 'input' } },
  ],
  // AIPerf's internal name of the same time.
  credit_to_start_latency: [{}, { name: 'aiperf.credit_drop_latency' }],
};

/** The histograms that the values of a tag are exported as. @throws Error for a tag that has none. */
export function instrumentsOf(tag: string): readonly Instrument[] {
  const metric = findMetric(tag);
  if (metric === undefined && !isTimestamp(tag)) throw new Error(`no histogram has the tag ${tag}`);
  const plain: Instrument = {
    name: `aiperf.${tag}`,
    unit: metric?.unit ?? 'ns',
    description: metric === undefined ? 'Wall-clock times, ns since 1970' : metric.label,
    divisor: 1,
  };
  return (renamed[tag] ?? [{}]).map((other) => ({ ...plain, ...other }));
}

/** Upper bounds of the buckets of a tag's values, ascending, in the metric's own unit; values above them have a bucket too. */
export function boundsOf(tag: string): readonly number[] {
  return (
    boundsOfTag[tag] ??
    (isTimestamp(tag) ? [] : (boundsOfUnit[findMetric(tag)?.unit ?? 'count'] ?? series125(0.01, 1e6)))
  );
}

/** Whether the values of a metric can be put into a histogram one by one. */
export function hasValues({ kind }: Metric): boolean {
  return kind === 'record' || kind === 'list' || kind === 'count';
}

function isTimestamp(tag: string): boolean {
  return requestTimestamps.some((name) => name === tag);
}

/** 1, 2, 5, 10, … times a power of ten, from `first` to `last`, both powers of ten. */
function series125(first: number, last: number): readonly number[] {
  const bounds: number[] = [];
  for (let exponent = Math.log10(first); 10 ** exponent < last; exponent++)
    bounds.push(...[1, 2, 5].map((factor) => Number(`${factor}e${exponent}`)));
  return [...bounds, last];
}

/** Powers of four. */
const tokenBounds = Array.from({ length: 13 }, (_, i) => 4 ** i);
const seconds = (...bounds: number[]) => bounds.map((bound) => Math.round(bound * 1e9));
const chunkBounds = [
  ...[0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.12, 0.14, 0.16, 0.18, 0.2],
  ...[0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.75, 1, 2, 5],
];

/** Those of the semantic conventions, with more for chunks as AIPerf has them. */
const boundsOfTag: Readonly<Record<string, readonly number[]>> = {
  request_latency: seconds(...Array.from({ length: 14 }, (_, i) => 0.01 * 2 ** i)),
  time_to_first_token: seconds(...chunkBounds),
  inter_token_latency: seconds(...chunkBounds),
};

const boundsOfUnit: Readonly<Partial<Record<Unit, readonly number[]>>> = {
  // 0.1 ms to 1000 s.
  ns: series125(1e5, 1e12),
  tokens: tokenBounds,
  requests: [0, 1],
  count: [0, ...series125(1, 1e5)],
  ratio: [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1],
  '%': [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000],
  // 64 B to 1 GiB.
  B: Array.from({ length: 13 }, (_, i) => 64 * 4 ** i),
  'tokens/sec/user': series125(1, 1e6),
};
