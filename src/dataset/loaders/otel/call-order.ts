import type { Call } from './call.js';
import type { Span } from './span.js';

/** Shorter answers may be repeated by chance. */
const MIN_OUTPUT_CHARACTERS = 20;

/** A call and the calls that had returned when it began. */
export interface OrderedCall {
  readonly call: Call;
  /** Its span and those around it, from the innermost. */
  readonly path: readonly Span[];
  /** Calls that it waits for, in the order of their ends, without those that others of them wait for. */
  readonly waitsFor: readonly OrderedCall[];
}

/**
 * The calls of a session in the order of their starts. A call waits for all that had returned when it began; not for
 * those of branches of the span tree that ran at the same time as its own, unless one of its messages is their answer.
 */
export function orderedCalls(
  calls: readonly Call[],
  tree: { path(span: Span): readonly Span[] },
): OrderedCall[] {
  const ordered: OrderedCall[] = [];
  const byOutput = new Map<string, OrderedCall>();
  for (const call of [...calls].sort(
    (a, b) => a.span.startMs - b.span.startMs || a.span.endMs - b.span.endMs,
  )) {
    const path = tree.path(call.span);
    const waitsFor: OrderedCall[] = [];
    const isCovered = (earlier: OrderedCall) =>
      waitsFor.some((later) => later === earlier || isBefore(earlier.path, later.path));
    // From the latest start, so that those that others wait for come after them.
    for (let at = ordered.length - 1; at >= 0; at--) {
      const earlier = ordered[at];
      if (earlier !== undefined && isBefore(earlier.path, path) && !isCovered(earlier))
        waitsFor.push(earlier);
    }
    for (const { content } of call.messages ?? []) {
      const source = typeof content === 'string' ? byOutput.get(content) : undefined;
      if (source === undefined || source.call.span.endMs > call.span.startMs) continue;
      if (!isCovered(source)) waitsFor.push(source);
    }
    waitsFor.sort((a, b) => a.call.span.endMs - b.call.span.endMs);
    const made = { call, path, waitsFor };
    const { output = '' } = call;
    if (output.length >= MIN_OUTPUT_CHARACTERS) byOutput.set(output, made);
    ordered.push(made);
  }
  return ordered;
}

/**
 * Whether a call ended before another began. Where the two have a span around them in common, its parts that they are in
 * count in their place.
 */
export function isBefore(earlier: readonly Span[], later: readonly Span[]): boolean {
  let a = earlier.length - 1;
  let b = later.length - 1;
  while (a >= 0 && b >= 0 && earlier[a] === later[b]) {
    a--;
    b--;
  }
  // A call may itself be around the other.
  return (earlier[Math.max(a, 0)]?.endMs ?? 0) <= (later[Math.max(b, 0)]?.startMs ?? 0);
}
