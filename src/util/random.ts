import { createHash } from 'node:crypto';
import { randomNormal } from 'd3-random';
import { xoroshiro128plus, xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';

/** A seeded random number generator. */
export interface Random {
  /** Uniform in [0, 1), 53 bits. */
  uniform(): number;
  /** Uniform integer in [0, below). */
  integer(below: number): number;
  /** Normal with the given mean and standard deviation. */
  normal(mean: number, stddev: number): number;
}

/**
 * One generator per index. The draws depend only on `(seed, purpose, index)`, so any thread can draw the numbers of any
 * entry in any order, and a new purpose does not change others.
 */
export type RandomStreams = (index: number) => Random;

/** @param seed the run's seed. @param purpose a fixed name, e.g. `prompt-length`. */
export function randomStreams(seed: number, purpose: string): RandomStreams {
  const digest = createHash('sha256').update(`${seed}:${purpose}`).digest();
  const base = digest.readUInt32BE(0);
  return (index) => stream(mix(base, index));
}

/** Like `randomStreams`, for indexes of two 32-bit words: different indexes have different streams. */
export function wideStreams(seed: number, purpose: string): (low: number, high: number) => Random {
  const digest = createHash('sha256').update(`${seed}:${purpose}`).digest();
  const [a, b] = [digest.readUInt32BE(0), digest.readUInt32BE(4)];
  return (low, high) => {
    // For a fixed first word, mix() is injective in the second: so is this pair.
    const [first, second] = [mix(a, low), mix(b, high)];
    const state = [first, second, mix(first, high), mix(second, low)].map((word) => word | 0);
    return streamOf(xoroshiro128plusFromState(state));
  };
}

/** The generator of one purpose. */
export function randomStream(seed: number, purpose: string): Random {
  return randomStreams(seed, purpose)(0);
}

/** A 32-bit hash of two integers (the finaliser of MurmurHash3 over both). */
export function mix(a: number, b: number): number {
  let h = Math.imul((a ^ Math.imul(b | 0, 0x9e3779b1) ^ Math.floor(b / 0x1_0000_0000)) | 0, 0x85ebca6b);
  h ^= h >>> 16;
  h = Math.imul(h, 0xc2b2ae35);
  h ^= h >>> 13;
  h = Math.imul(h, 0x27d4eb2f);
  return (h ^ (h >>> 16)) >>> 0;
}

function stream(seed: number): Random {
  return streamOf(xoroshiro128plus(seed));
}

function streamOf(generator: ReturnType<typeof xoroshiro128plus>): Random {
  const uniform = () => {
    const high = generator.next() >>> 5;
    const low = generator.next() >>> 6;
    return (high * 67_108_864 + low) / 9_007_199_254_740_992;
  };
  return {
    uniform,
    integer: (below) => Math.floor(uniform() * below),
    normal: (mean, stddev) => randomNormal.source(uniform)(mean, stddev)(),
  };
}
