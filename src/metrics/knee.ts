import { scaleOf, type TradeOff } from './pareto.js';

/**
 * The knee of a curve that rises ever more slowly, such as throughput over load: where more load stops to pay. By
 * Kneedle (Satopää, Albrecht, Irwin, Raghavan: Finding a "Kneedle" in a Haystack, 2011), without its smoothing, since
 * every point is the mean of a whole run: both axes are scaled to run from 0 to 1, and the knee is where the curve lies
 * highest above the diagonal, if it then falls by more than `sensitivity` mean steps of x before it rises again.
 * @returns an index into `points`, in any order; undefined where no knee is that clear.
 */
export function kneedle(points: readonly TradeOff[], sensitivity = 1): number | undefined {
  const sorted = points.map((point, index) => ({ ...point, index })).sort((a, b) => a.x - b.x);
  const x = scaleOf(sorted.map((point) => point.x));
  const y = scaleOf(sorted.map((point) => point.y));
  const above = sorted.map((point) => y(point.y) - x(point.x));
  const drop = sensitivity / (sorted.length - 1);
  let knee: number | undefined;
  let highest = Number.NEGATIVE_INFINITY;
  for (let i = 1; i < sorted.length - 1; i++) {
    const height = above[i] ?? 0;
    const isTop = height >= (above[i - 1] ?? 0) && height > (above[i + 1] ?? 0);
    if (isTop && height > highest && lowestBehind(above, i) < height - drop) {
      knee = sorted[i]?.index;
      highest = height;
    }
  }
  return knee;
}

/** How far a curve falls behind a top of it before it rises again. */
function lowestBehind(curve: readonly number[], top: number): number {
  let lowest = curve[top] ?? 0;
  for (const height of curve.slice(top + 1)) {
    if (height > lowest) break;
    lowest = height;
  }
  return lowest;
}
