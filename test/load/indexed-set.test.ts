import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Indexed, IndexedSet } from '../../src/load/indexed-set.js';

it('holds what a set would hold', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 9 }), { maxLength: 60 }), (steps) => {
      const items: Indexed[] = Array.from({ length: 10 }, () => ({ index: -1 }));
      const inFlight = new IndexedSet<Indexed>();
      const expected = new Set<number>();
      for (const step of steps) {
        const item = items[step];
        if (item === undefined) continue;
        if (expected.delete(step)) {
          inFlight.delete(item);
        } else {
          expected.add(step);
          inFlight.add(item);
        }
        const held = inFlight.list().map((each) => items.indexOf(each));
        expect(held.sort()).toEqual([...expected].sort());
        expect(inFlight.size).toBe(expected.size);
      }
    }),
  );
});
