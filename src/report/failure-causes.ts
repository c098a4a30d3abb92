import { contextOverflowOf } from '../metrics/context-overflow.js';
import type { ErrorGroup } from '../metrics/metric-store.js';
import { counted, withThousands } from '../util/counted.js';

// The reason phrase of a status is the server's, of any length.
const LONGEST_TYPE = 60;

/**
 * The dominant cause of failures, and requests beyond the context window where those are not it:
 * `75 requests exceeded the 32K context window`.
 * @param total number of failures. @returns undefined where no failure has a cause:
 * cancelled requests have none.
 */
export function failureCauses(errors: readonly ErrorGroup[], total: number): string | undefined {
  const causes = new Map<string, { count: number; limits: Set<number | undefined>; isOverflow: boolean }>();
  for (const { error, count: requests } of errors) {
    const isCut = /still in flight when the grace period/.test(error.message);
    if (error.type === 'RequestCancellationError' && !isCut) continue;
    const overflow = contextOverflowOf(error);
    const name =
      overflow !== undefined
        ? ''
        : isCut
          ? 'still in flight when the grace period ended'
          : [error.code ?? '', error.type.slice(0, LONGEST_TYPE)].join(' ').trim() || 'unknown error';
    const cause = causes.get(name) ?? { count: 0, limits: new Set(), isOverflow: overflow !== undefined };
    cause.count += requests;
    cause.limits.add(overflow?.limit);
    causes.set(name, cause);
  }
  const sorted = [...causes].sort(([, a], [, b]) => b.count - a.count);
  const shown = sorted.filter(([, { isOverflow }], i) => i === 0 || isOverflow);
  const sentences = shown.map(([name, { count: requests, limits, isOverflow }]) => {
    if (isOverflow) return `${counted(requests, 'request')} exceeded the ${windowName([...limits])}`;
    return requests === total ? name : `${withThousands(requests)} of them ${name}`;
  });
  return sentences.length === 0 ? undefined : sentences.join('; ');
}

/** `32K context window`, `4,000-token context window`; without its size where it is not one and known. */
function windowName(limits: readonly (number | undefined)[]): string {
  const known = limits.filter((limit) => limit !== undefined);
  const [limit] = known;
  if (limit === undefined || known.length > 1) return 'context window';
  const size = limit % 1024 === 0 ? `${withThousands(limit / 1024)}K` : `${withThousands(limit)}-token`;
  return `${size} context window`;
}
