import { type Spread, spreadOf } from './quantiles.js';
import type { Sent, Stamps } from './stamps.js';

/** How far a client's stamps lie behind the times at which the server wrote, µs. */
export interface Distance {
  readonly first: Spread;
  readonly last: Spread;
  readonly every: Spread;
  /** Of each gap between two tokens, whichever way it is off. */
  readonly gap: Spread;
  /** Median of the first and of the last quarter of all tokens by the server's time: a growing lag shows here. */
  readonly earlyP50: number;
  readonly lateP50: number;
  /** Of each wave: as many requests as there are streams, in order of their start. */
  readonly waves: readonly Wave[];
  readonly tokensPerSecond: number;
  /** Requests whose events are not as many as the server's tokens, or that the log does not know. */
  readonly unmatched: number;
  /** What causality allows the clocks to be apart, µs: nothing is received before it was sent, either way. */
  readonly clock: { readonly least: number; readonly most: number };
}

interface Wave {
  readonly first: Spread;
  readonly last: Spread;
}

interface DistanceOptions {
  /** Events of each answer that come before its first token; default: 0. */
  readonly before?: number;
  /** Requests of a wave; default: all. */
  readonly waveLength?: number;
}

/**
 * @param stamps on the server's clock, as far as known.
 */
export function distance(
  sent: ReadonlyMap<string, Sent>,
  stamps: readonly Stamps[],
  { before = 0, waveLength = stamps.length }: DistanceOptions = {},
): Distance {
  const all: { sentNs: number; behindNs: number }[] = [];
  const first: number[] = [];
  const last: number[] = [];
  const gaps: number[] = [];
  let unmatched = 0;
  let leastNs = Number.NEGATIVE_INFINITY;
  let mostNs = Number.POSITIVE_INFINITY;
  for (const { id, startNs, eventNs } of [...stamps].sort((a, b) => a.startNs - b.startNs)) {
    const there = sent.get(id);
    const tokens = there?.tokenNs.length ?? 0;
    if (there === undefined || tokens === 0 || eventNs.length < before + tokens) {
      unmatched++;
      continue;
    }
    leastNs = Math.max(leastNs, startNs - there.receivedNs);
    let previousNs = 0;
    for (let token = 0; token < tokens; token++) {
      const sentNs = there.tokenNs[token] ?? 0;
      const behindNs = (eventNs[before + token] ?? 0) - sentNs;
      mostNs = Math.min(mostNs, behindNs);
      all.push({ sentNs, behindNs });
      if (token > 0) gaps.push(Math.abs(behindNs - previousNs));
      if (token === 0) first.push(behindNs);
      if (token === tokens - 1) last.push(behindNs);
      previousNs = behindNs;
    }
  }
  // Clocks that read outside of what causality allows are off by at least so much.
  const shiftNs = mostNs < 0 ? mostNs : Math.max(leastNs, 0);
  all.sort((a, b) => a.sentNs - b.sentNs);
  const micros = (values: number[], shift: number) => spreadOf(values.map((value) => (value - shift) / 1000));
  const behind = all.map(({ behindNs }) => behindNs);
  const wave = (behindNs: number[], start: number) =>
    micros(behindNs.slice(start, start + waveLength), shiftNs);
  const quarter = Math.ceil(all.length / 4);
  return {
    first: micros(first, shiftNs),
    last: micros(last, shiftNs),
    every: micros(behind, shiftNs),
    gap: micros(gaps, 0),
    earlyP50: micros(behind.slice(0, quarter), shiftNs).p50,
    lateP50: micros(behind.slice(-quarter), shiftNs).p50,
    waves: Array.from({ length: Math.ceil(first.length / waveLength) }, (_, at) => ({
      first: wave(first, at * waveLength),
      last: wave(last, at * waveLength),
    })),
    tokensPerSecond: ((all.length - 1) * 1e9) / ((all.at(-1)?.sentNs ?? 0) - (all[0]?.sentNs ?? 0)),
    unmatched,
    clock: { least: leastNs / 1000, most: mostNs / 1000 },
  };
}

/** Wall clock less CLOCK_MONOTONIC, ns: read at the edges of a few milliseconds, good to a microsecond. */
export function clockOffsetNs(): bigint {
  let most = 0n;
  for (let edge = 0; edge < 9; edge++) {
    const before = Date.now();
    let nowMs = before;
    let monotonic = 0n;
    while (nowMs === before) {
      nowMs = Date.now();
      monotonic = process.hrtime.bigint();
    }
    const offset = BigInt(nowMs) * 1_000_000n - monotonic;
    // A pause between the two readings makes an offset too small, never too large.
    if (edge === 0 || offset > most) most = offset;
  }
  return most;
}
