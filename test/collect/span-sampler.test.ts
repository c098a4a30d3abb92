import { expect, it } from 'vitest';
import { isSampled, SpanSampler } from '../../src/collect/span-sampler.js';
import { fourRequests, ms, origin, storeOf } from '../metrics/records.js';

const measured = () => {
  const store = storeOf([]);
  return fourRequests.map((one) => ({ record: one.record, metrics: store.add(one) }));
};

function sampled(share: number, seed: number) {
  return Array.from({ length: 10_000 }, (_, sessionNum) => sessionNum).filter((sessionNum) =>
    isSampled({ share, seed }, { phase: 'profiling', sessionNum }),
  );
}

it('samples the share, the same requests for the same seed', () => {
  // A binomial count of 10,000 draws at 0.1 has a deviation of 30.
  expect(Math.abs(sampled(0.1, 7).length - 1000)).toBeLessThan(150);
  expect(sampled(0.1, 7)).toEqual(sampled(0.1, 7));
  expect(sampled(0.1, 7)).not.toEqual(sampled(0.1, 8));
  expect(sampled(1, 7)).toHaveLength(10_000);
  expect(sampled(0, 7)).toHaveLength(0);
});

it('a larger share contains the requests of a smaller one', () => {
  const more = new Set(sampled(0.2, 7));
  expect(sampled(0.1, 7).every((number) => more.has(number))).toBe(true);
});

it('a span has the times and tokens of its request', () => {
  const sampler = new SpanSampler({ share: 1, seed: 0 }, origin);
  for (const one of measured()) sampler.add(one);
  const { spans, dropped } = sampler.take();
  expect(dropped).toBe(0);
  const at = (afterMs: number) => origin.epochNs + BigInt(ms(afterMs));
  expect(spans[1]).toMatchObject({
    ...{ sessionNum: 1, startNs: at(50), endNs: at(382), inputTokens: 30, outputTokens: 7 },
    ...{ chunkCount: 4, error: undefined, wasCancelled: false },
  });
  expect(spans[1]?.chunks).toEqual([
    ...[200, 230, 290, 380].map((afterMs, index) => ({ index, atNs: at(afterMs) })),
  ]);
  expect(spans[3]).toMatchObject({ error: { code: 400, type: 'Bad Request' }, chunkCount: 0 });
  expect(sampler.take()).toEqual({ spans: [], dropped: 0 });
});

it('of many chunks the first ones and the last one are kept; of many spans, a thousand', () => {
  const sampler = new SpanSampler({ share: 1, seed: 0 }, origin);
  const [one] = measured();
  if (one === undefined) throw new Error('no record');
  const contentNs = Float64Array.from({ length: 500 }, (_, i) => ms(i + 1));
  for (let i = 0; i < 1005; i++) sampler.add({ ...one, record: { ...one.record, contentNs } });
  const { spans, dropped } = sampler.take();
  expect([spans.length, dropped]).toEqual([1000, 5]);
  expect(spans[0]?.chunks).toHaveLength(64);
  expect(spans[0]?.chunks.slice(-2).map(({ index }) => index)).toEqual([62, 499]);
});
