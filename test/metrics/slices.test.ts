import { expect, test } from 'vitest';
import { counted, ms, storeOf, streamingChat } from './records.js';

test('the steady part: its requests, over the time of its complete slices', () => {
  // Four requests a second for ten seconds and one behind; those of the first two seconds take twice as long.
  const records = Array.from({ length: 41 }, (_, i) => {
    const at = 250 * i;
    const slower = at < 2000 ? 2 : 1;
    const contentNs = Float64Array.of(ms(at + 50 * slower), ms(at + 100 * slower));
    return counted({ startNs: ms(at), dueNs: ms(at), contentNs, endNs: ms(at + 100 * slower) });
  });
  const { sliced } = storeOf(records, { ...streamingChat, sliceSeconds: 1 }).summary();
  expect(sliced?.slices.map(({ isComplete }) => isComplete)).toEqual([...Array(10).fill(true), false]);
  expect(sliced?.trends.steadyFrom).toBe(2);
  const steady = new Map(sliced?.steady?.map(({ tag, statistics }) => [tag, statistics]));
  expect(steady.get('request_count')?.avg).toBe(32);
  expect(steady.get('request_throughput')?.avg).toBe(32 / 8);
  expect(steady.get('time_to_first_token')).toMatchObject({ count: 32, min: 50, max: 50 });
  // 100 of every 250 ms.
  expect(steady.get('effective_concurrency')?.avg).toBeCloseTo(0.4, 12);
});
