/** A point of a trade-off: the larger, the better, on both axes; negate what is better when smaller. */
export interface TradeOff {
  readonly x: number;
  readonly y: number;
}

/**
 * The Pareto frontier: points that no other one beats, that is, equals on one axis and passes on the other. Points
 * that are equal on both do not beat each other; one without finite values is never on it.
 * @returns indices into `points`, by ascending x.
 */
export function paretoFrontier(points: readonly TradeOff[]): number[] {
  const finite = points
    .map((point, index) => ({ ...point, index }))
    .filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y));
  const byX = finite.sort((a, b) => b.x - a.x || b.y - a.y || b.index - a.index);
  let last: TradeOff | undefined;
  const frontier: number[] = [];
  for (const point of byX) {
    if (last !== undefined && point.y <= last.y && !(point.x === last.x && point.y === last.y)) continue;
    frontier.push(point.index);
    last = point;
  }
  return frontier.reverse();
}

/**
 * The compromise on a frontier: the point nearest to the ideal, which has the best x and the best y of them all, where
 * each axis is scaled to run from 0 to 1 (compromise programming, Zeleny 1973). Of equals, the first.
 * @returns its place in `frontier`; undefined for an empty one.
 */
export function nearestToIdeal(frontier: readonly TradeOff[]): number | undefined {
  const x = scaleOf(frontier.map((point) => point.x));
  const y = scaleOf(frontier.map((point) => point.y));
  let nearest: number | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const [i, point] of frontier.entries()) {
    const distance = Math.hypot(1 - x(point.x), 1 - y(point.y));
    if (distance < least) [nearest, least] = [i, distance];
  }
  return nearest;
}

/** Maps the least of `values` to 0 and the greatest to 1; where they are equal, all to 1. */
export function scaleOf(values: readonly number[]): (value: number) => number {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return (value) => (most === least ? 1 : (value - least) / (most - least));
}
