import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HitCurve } from '../../src/trace/hit-curve.js';
import { LruCache } from '../../src/trace/lru-cache.js';
import { PrefixKeys } from '../../src/trace/prefix-keys.js';
import { randomStream } from '../../src/util/random.js';

function curveOf(requests: readonly (readonly number[])[], mostBlocks?: number) {
  const curve = new HitCurve(mostBlocks);
  const keys = new PrefixKeys();
  for (const ids of requests) curve.add(keys.of(ids));
  return curve.figures();
}

/** The hit rate of one cache, simulated. */
function simulated(requests: readonly (readonly number[])[], blocks: number): number {
  const cache = new LruCache(blocks);
  const keys = new PrefixKeys();
  const hits = requests.reduce((sum, ids) => sum + cache.request(keys.of(ids)), 0);
  return hits / requests.reduce((sum, ids) => sum + ids.length, 0);
}

describe('the hit rate by cache size', () => {
  it('is that worked out by hand', () => {
    // Stack, the last used first, before each request: nothing; 1 12; 3 1 12; 1 12 3.
    // Depths: request 3 finds 1 at depth 2 and 12 at 3; request 4 finds 3 at depth 3.
    const { points, sampledShare } = curveOf([[1, 2], [3], [1, 2], [3]]);
    expect(sampledShare).toBe(1);
    expect(points).toEqual([
      { blocks: 1, hitRate: 0 },
      { blocks: 2, hitRate: 1 / 6 },
      { blocks: 3, hitRate: 3 / 6 },
    ]);
  });

  it('is that of an LRU cache of each size, simulated', () => {
    const ids = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(fc.array(ids, { minLength: 1, maxLength: 40 }), (requests) => {
        for (const { blocks, hitRate } of curveOf(requests).points) {
          expect([blocks, hitRate]).toEqual([blocks, simulated(requests, blocks)]);
        }
      }),
      { numRuns: 60 },
    );
  });

  const random = randomStream(1, 'hit-curve-test');
  // Prompts of 1 to 40 blocks that begin with one of 400 documents, some much more often than others.
  const requests = Array.from({ length: 4000 }, (_, i) => {
    const document = Math.floor(400 * random.uniform() ** 3);
    const shared = Array.from({ length: 1 + (document % 20) }, (_, block) => 1000 * document + block);
    return [
      ...shared,
      ...Array.from({ length: random.integer(20) }, (_, block) => 10 ** 6 * (i + 1) + block),
    ];
  });

  it('is exact when use times are renumbered many times', () => {
    // 80,000 uses of 44,000 blocks, in 2 x 50,000 slots.
    for (const { blocks, hitRate } of curveOf(requests, 50_000).points.filter((_, i) => i % 10 === 0)) {
      expect([blocks, hitRate]).toEqual([blocks, simulated(requests, blocks)]);
    }
  });

  it('is close when only a sample of the blocks is followed', () => {
    const { points, sampledShare } = curveOf(requests, 4096);
    // 44,000 distinct blocks are halved four times to fit.
    expect(sampledShare).toBe(1 / 16);
    const some = points.filter((_, i) => i % 4 === 0);
    const off = some.map(({ blocks, hitRate }) => Math.abs(hitRate - simulated(requests, blocks)));
    // 2,700 followed blocks: an error of some 1 / √2,700 = 2 %.
    expect(Math.max(...off)).toBeLessThan(0.04);
    expect(points[0]?.blocks).toBeGreaterThanOrEqual(160);
  });
});
