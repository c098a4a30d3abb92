import { beaterOf, isTie, type OperatingPoint, type TradeOffVerdict } from '../metrics/trade-off.js';

/** Of each point that is not on the frontier, which one beats it, or cannot be told from it. */
export function beatenWords(
  points: readonly OperatingPoint[],
  { frontier }: TradeOffVerdict,
  nameOf: (index: number) => string,
): string[] {
  return points.flatMap((point, i) => {
    const by = frontier.includes(i) ? undefined : beaterOf(i, points);
    if (by === undefined) return [];
    return isTie(point, points[by])
      ? `${nameOf(i)} is a tie with ${nameOf(by)}: the intervals overlap on both`
      : `${nameOf(i)} is beaten by ${nameOf(by)}`;
  });
}

/** A sentence behind a recommendation, a space before it; empty where nothing is tied with it. */
export function tieWords(names: readonly string[]): string {
  return names.length === 0 ? '' : ` A tie with ${list(names)}: the intervals overlap.`;
}

/** `a`, `a and b`, `a, b and c`. */
export function list(names: readonly string[]): string {
  return new Intl.ListFormat('en-GB', { type: 'conjunction' }).format(names);
}
