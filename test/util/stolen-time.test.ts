import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readStolenNs, stolenBetween } from '../../src/util/stolen-time.js';

it('reads steal, which /proc/stat counts in hundredths of a second', () => {
  const proc = mkdtempSync(join(tmpdir(), 'aiperf-stolen-'));
  const stat = (stolen: number) =>
    writeFileSync(
      join(proc, 'stat'),
      `cpu  10 20 30 40 50 60 70 ${stolen} 90 100\ncpu0 1 2 3 4 5 6 7 8 9 10\nctxt 5\n`,
    );
  stat(80);
  expect(readStolenNs(proc)).toBe(800e6);
  // A host that reports none cannot be told from one that took none.
  stat(0);
  expect(readStolenNs(proc)).toBeUndefined();
  expect(readStolenNs(join(proc, 'missing'))).toBeUndefined();
});

it.each([
  [800e6, 950e6, 150e6],
  [undefined, 20e6, 20e6],
  [800e6, undefined, undefined],
  [undefined, undefined, undefined],
])('between %s and %s: %s', (before, after, stolen) => {
  expect(stolenBetween(before, after)).toBe(stolen);
});
