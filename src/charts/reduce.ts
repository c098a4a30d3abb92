import { percentile } from '../metrics/statistics.js';

/** A place in a chart. */
export type Point = readonly [x: number, y: number];

/** How many points a chart draws at most. */
const MOST_POINTS = 6000;
const COLUMNS = 320;
const ROWS = 180;

/**
 * Points that look like all of them: one of each cell of a grid that is as fine as keeps them few. Outliers stay,
 * each being alone in its cell. Places where a coordinate is not finite are left out.
 */
export function thinned(
  length: number,
  x: (i: number) => number,
  y: (i: number) => number,
  most = MOST_POINTS,
): Point[] {
  const [xLeast, xMost, yLeast, yMost] = [...extent(length, x), ...extent(length, y)];
  const stride = length > most ? strideOver(length) : 1;
  for (let coarser = 1; ; coarser *= 1.25) {
    const across = COLUMNS / coarser / (xMost - xLeast || 1);
    const up = ROWS / coarser / (yMost - yLeast || 1);
    const taken = new Set<number>();
    const points: Point[] = [];
    for (let k = 0; k < length && points.length <= most; k++) {
      const i = (k * stride) % length;
      const [px, py] = [x(i), y(i)];
      if (!Number.isFinite(px) || !Number.isFinite(py)) continue;
      if (length > most) {
        const cell = Math.floor((px - xLeast) * across) * 65536 + Math.floor((py - yLeast) * up);
        if (taken.has(cell)) continue;
        taken.add(cell);
      }
      points.push([fewDigits(px), fewDigits(py)]);
    }
    if (points.length <= most) return points;
  }
}

/** A step width that visits every index once and neighbours far apart, so that the first point of a cell is a random one. */
function strideOver(length: number): number {
  let stride = Math.round(length * 0.618);
  while (greatestCommonDivisor(stride, length) > 1) stride++;
  return stride;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

function extent(length: number, of: (i: number) => number): readonly [number, number] {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < length; i++) {
    const value = of(i);
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return [least, most];
}

/** The next of 1, 2, 5, 10, 20 … (and 0.5, 0.2 …) that is not less. */
export function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  const digit = [1, 2, 5].find((one) => one * power >= least * (1 - 1e-9)) ?? 10;
  return digit * power;
}

/** Six digits: more are not seen, and weigh in a page. */
export function fewDigits(value: number): number {
  return Number(value.toPrecision(6));
}

/** Values that share a window of x. */
export interface Bin {
  /** Multiples of the width. */
  readonly from: number;
  readonly to: number;
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
}

/** Median and 90th percentile within windows of equal width from 0 on; windows without a value are left out. */
export function quantileBins(
  length: number,
  x: (i: number) => number,
  y: (i: number) => number,
  width: number,
): Bin[] {
  const bins = new Map<number, number[]>();
  for (let i = 0; i < length; i++) {
    const value = y(i);
    if (!Number.isFinite(value)) continue;
    const bin = Math.floor(x(i) / width);
    const values = bins.get(bin);
    if (values === undefined) bins.set(bin, [value]);
    else values.push(value);
  }
  return [...bins]
    .sort(([a], [b]) => a - b)
    .map(([bin, values]) => {
      const sorted = Float64Array.from(values).sort();
      return {
        from: fewDigits(bin * width),
        to: fewDigits((bin + 1) * width),
        count: sorted.length,
        p50: fewDigits(percentile(sorted, 50)),
        p90: fewDigits(percentile(sorted, 90)),
      };
    });
}
