import type { Distribution } from './distribution.js';

/**
 * A distribution as a list of quantiles: its values at `PROBABILITIES`, in ascending order, between which it is linear.
 */
export type QuantileTable = readonly number[];

const STEPS = 512;
const TAIL_STEPS = 10;

/** Steps of 1/512, and towards 1 in halves of the rest: down to 1 in 524,288. */
const PROBABILITIES: readonly number[] = [
  ...Array.from({ length: STEPS }, (_, step) => step / STEPS),
  ...Array.from({ length: TAIL_STEPS }, (_, step) => 1 - 1 / STEPS / 2 ** (step + 1)),
  1,
];

/** Entries of every table. */
export const TABLE_LENGTH = PROBABILITIES.length;

export function tableOf(distribution: Distribution): QuantileTable {
  return PROBABILITIES.map((p) => distribution.quantile(p));
}

/** The value at a probability from 0 to 1. */
export function tableQuantile(table: QuantileTable, p: number): number {
  const [place, rest] = placeOf(p);
  const value = table[place] ?? 0;
  return value + ((table[place + 1] ?? value) - value) * rest;
}

/** The mean of the distribution. */
export function tableMean(table: QuantileTable): number {
  let mean = 0;
  for (let place = 0; place + 1 < TABLE_LENGTH; place++) {
    const width = (PROBABILITIES[place + 1] ?? 1) - (PROBABILITIES[place] ?? 0);
    mean += (width * ((table[place] ?? 0) + (table[place + 1] ?? 0))) / 2;
  }
  return mean;
}

/** The entry at or below a probability, and how far the probability is towards the next one. */
function placeOf(p: number): readonly [place: number, rest: number] {
  const steps = Math.max(0, p) * STEPS;
  if (steps < STEPS - 1) return [Math.floor(steps), steps % 1];
  if (p >= 1) return [TABLE_LENGTH - 1, 0];
  // The rest in halvings: 0 to 1 is the first tail step, and so on.
  const halvings = -Math.log2(STEPS - steps);
  const tail = Math.min(TAIL_STEPS, Math.floor(halvings));
  const place = STEPS - 1 + tail;
  const from = PROBABILITIES[place] ?? 0;
  return [place, (p - from) / ((PROBABILITIES[place + 1] ?? 1) - from)];
}
