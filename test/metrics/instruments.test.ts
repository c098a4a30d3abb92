import { expect, it } from 'vitest';
import { boundsOf, hasValues, instrumentsOf, requestTimestamps } from '../../src/metrics/instruments.js';
import { metrics } from '../../src/metrics/table.js';

const tags = [...metrics.filter(hasValues).map(({ tag }) => tag), ...requestTimestamps];

it('the bounds of every metric ascend', () => {
  for (const tag of tags) {
    const bounds = boundsOf(tag);
    expect(bounds, tag).toEqual([...new Set(bounds)].sort((a, b) => a - b));
  }
});

it('bounds fit the unit', () => {
  // ns: 0.1 ms to 1000 s.
  expect(boundsOf('decode_duration')).toHaveLength(22);
  expect(boundsOf('decode_duration').slice(0, 4)).toEqual([100_000, 200_000, 500_000, 1_000_000]);
  expect(boundsOf('decode_duration').at(-1)).toBe(1_000_000_000_000);
  expect(boundsOf('input_sequence_length')).toEqual(Array.from({ length: 13 }, (_, i) => 4 ** i));
  expect(boundsOf('request_count')).toEqual([0, 1]);
  // Wall-clock times fit no bounds.
  expect(boundsOf('min_request_timestamp')).toEqual([]);
});

it('no two values have the same name, but for the two token counts', () => {
  const names = tags.flatMap(instrumentsOf).map(({ name, genAi }) => `${name} ${genAi?.tokenType ?? ''}`);
  expect(new Set(names).size).toBe(names.length);
  expect(names.filter((name) => name.startsWith('gen_ai.client.token.usage'))).toEqual([
    'gen_ai.client.token.usage input',
    'gen_ai.client.token.usage output',
  ]);
});

it('the bounds of gen_ai metrics are those of the semantic conventions, in seconds', () => {
  const [duration] = instrumentsOf('request_latency');
  expect(duration).toMatchObject({ name: 'gen_ai.client.operation.duration', unit: 's' });
  expect(boundsOf('request_latency').map((ns) => ns / (duration?.divisor ?? 1))).toEqual([
    ...[0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92],
  ]);
  const [chunk] = instrumentsOf('inter_token_latency');
  expect(boundsOf('inter_token_latency').map((ns) => ns / (chunk?.divisor ?? 1))).toEqual([
    ...[0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.12, 0.14, 0.16, 0.18, 0.2, 0.25, 0.3, 0.35],
    ...[0.4, 0.45, 0.5, 0.75, 1, 2, 5],
  ]);
});
