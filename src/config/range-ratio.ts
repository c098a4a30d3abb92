import { isObject, jsonIn } from '../util/json.js';
import { decimalIn } from '../util/numerals.js';
import type { LengthPair } from './length-mix.js';
import type { Facts, Kind } from './option.js';
import * as z from './zod.js';

/** How far lengths spread around `--isl` and `--osl`. */
export interface RangeRatio {
  readonly input: number;
  readonly output: number;
}

const ratio = z.number().min(0).lt(1);

/** `--random-range-ratio`: one number for both lengths, or `{"input":0.2,"output":0.5}`. */
export function rangeRatio<F extends Facts<number | RangeRatio>>(facts: F): F & Kind<number | RangeRatio> {
  return {
    ...facts,
    takes: 'one',
    repeats: false,
    metavar: '<ratio>',
    expects: 'a number from 0 to below 1, or {"input":0.2,"output":0.5}',
    read: ([word = '']) => decimalIn(word) ?? jsonIn(word) ?? word,
    schema: z.union([
      ratio,
      z.custom<RangeRatio>(
        (value) =>
          isObject(value) &&
          Object.keys(value).sort().join() === 'input,output' &&
          Object.values(value).every((part) => ratio.safeParse(part).success),
      ),
    ]),
  };
}

/**
 * The lengths between the ends of a range, all equally likely, as vLLM's and SGLang's own benchmarks draw them.
 * `vllm`: from L(1 - r) to L(1 + r); `sglang`: from L r to L. Ends are rounded down, and are 1 at least.
 */
export function rangePair(
  given: number | RangeRatio,
  style: 'vllm' | 'sglang',
  lengths: { readonly isl: number; readonly osl: number },
): LengthPair {
  const { input, output } = typeof given === 'number' ? { input: given, output: given } : given;
  const range = (length: number, r: number) => {
    const [low, high] = style === 'vllm' ? [length * (1 - r), length * (1 + r)] : [length * r, length];
    return { kind: 'uniform', low: whole(low), high: whole(high) } as const;
  };
  return { isl: range(lengths.isl, input), osl: range(lengths.osl, output), weight: 1 };
}

/** Rounded down, where a product such as 20 x 0.7 must not fall below its own integer. */
function whole(tokens: number): number {
  return Math.max(1, Math.floor(tokens + 1e-9));
}
