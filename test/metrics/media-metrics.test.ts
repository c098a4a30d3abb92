import { expect, it } from 'vitest';
import { counted, ms, storeOf, streamingChat } from './records.js';

const traits = { ...streamingChat, sendsImages: true, sendsAudio: true };
const mediaTags = /image|audio|rtfx/;
const averages = (...records: Parameters<typeof storeOf>[0]) =>
  Object.fromEntries(
    storeOf(records, traits)
      .summary()
      .results.filter(({ tag }) => mediaTags.test(tag))
      .map(({ tag, unit, statistics }) => [tag, [statistics.avg, unit]]),
  );

it('images by latency, per request', () => {
  // The last content chunk at 20 ms, and at 40 ms: 2 / 0.02 s and 1 / 0.04 s.
  const later = { images: 1, contentNs: Float64Array.of(ms(40)), endNs: ms(41) };
  expect(averages(counted({ images: 2 }), counted(later), counted())).toEqual({
    num_images: [1.5, 'images'],
    image_throughput: [62.5, 'images/sec'],
    image_latency: [25, 'ms/image'],
  });
});

it('audio by latency', () => {
  const [duration, factor] = [
    ['audio_duration', [0.5, 'sec']],
    ['rtfx', [25, 'ratio']],
  ] as const;
  const found = averages(counted({ audioSeconds: 0.5 }), counted());
  expect(Object.keys(found)).toEqual([duration[0], factor[0]]);
  expect(found[duration[0]]).toEqual(duration[1]);
  expect(found[factor[0]]?.[0]).toBeCloseTo(factor[1][0], 12);
});

it('nothing without media', () => {
  expect(averages(counted())).toEqual({});
});
