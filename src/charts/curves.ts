import type { RunColumns } from './run-columns.js';

/** Step curves of a run as their means within windows of equal width. */
export interface RunCurves {
  /** Width of a window, seconds; the first starts at 0. */
  readonly width: number;
  readonly inFlight: Float64Array;
  /** Of those in flight, the ones before their first token. */
  readonly waiting: Float64Array;
  /** Output tokens a second, spread evenly from first token to end of each request. */
  readonly tokenRate: Float64Array;
  /** Input tokens of the requests in flight and what they have of their output, grown evenly. */
  readonly tokens: Float64Array;
}

/** Curves over `bins` windows. A request without a first token streams from its start; one that failed, nothing. */
export function curvesOf(run: RunColumns, bins: number): RunCurves {
  const width = run.seconds / bins;
  const none = () => new Float64Array(bins);
  const curves = { width, inFlight: none(), waiting: none(), tokenRate: none(), tokens: none() };
  for (let row = 0; row < run.length; row++) {
    const start = run.startS(row);
    const end = run.endS(row);
    const ttftMs = run.value('time_to_first_token', row);
    const first = Number.isNaN(ttftMs) ? start : Math.min(end, start + ttftMs / 1000);
    const last = Math.max(first, start + (run.value('request_latency', row) || 0) / 1000);
    const input = run.value('input_sequence_length', row) || 0;
    const output = run.value('output_sequence_length', row) || 0;
    spread(curves.inFlight, width, start, end, (covered) => covered / width);
    spread(curves.waiting, width, start, first, (covered) => covered / width);
    spread(curves.tokens, width, start, end, (covered) => (input * covered) / width);
    if (output === 0) continue;
    if (last > first) {
      const rate = output / (last - first);
      spread(curves.tokenRate, width, first, last, (covered) => (rate * covered) / width);
      spread(
        curves.tokens,
        width,
        first,
        last,
        (covered, middle) => (rate * (middle - first) * covered) / width,
      );
    } else {
      const bin = Math.min(bins - 1, Math.floor(first / width));
      curves.tokenRate[bin] = (curves.tokenRate[bin] ?? 0) + output / width;
    }
    spread(curves.tokens, width, last, end, (covered) => (output * covered) / width);
  }
  return curves;
}

/** Adds to every window that [from, to) touches what its covered seconds come to, given their middle. */
function spread(
  curve: Float64Array,
  width: number,
  from: number,
  to: number,
  share: (coveredS: number, middleS: number) => number,
): void {
  const lastBin = Math.min(curve.length - 1, Math.floor(to / width));
  for (let bin = Math.floor(from / width); bin <= lastBin; bin++) {
    const left = Math.max(from, bin * width);
    const right = Math.min(to, (bin + 1) * width);
    if (right > left) curve[bin] = (curve[bin] ?? 0) + share(right - left, (left + right) / 2);
  }
}
