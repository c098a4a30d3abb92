import type { JsonObject } from '../util/json.js';
import type { Printable } from './python-json.js';

/** Which of several runs a run is. */
export interface RunOfSeries {
  /** A UUID that all runs share. */
  readonly sweepId: string;
  /** Repeat, from 0. */
  readonly trial: number;
  /** `run_0001` for the first repeat. */
  readonly label: string;
  /** The point, by the places of the swept options in the configuration; `base` for repeats without a sweep. */
  readonly variation: {
    readonly index: number;
    readonly label: string;
    readonly values: Readonly<Record<string, Printable>>;
  };
}

const placeKeys = [
  'sweep_id',
  'trial',
  'run_label',
  'variation_label',
  'variation_index',
  'variation_values',
  'first_session',
] as const;

/** The members of a summary's `run_info` that say which of several runs it is of. */
export type Place = { readonly [Key in (typeof placeKeys)[number]]?: Printable | undefined };

/** @param firstSession number of the first session that was measured, which tells the run's prompts. */
export function placeOf({ sweepId, trial, label, variation }: RunOfSeries, firstSession: number): Place {
  return {
    sweep_id: sweepId,
    trial,
    run_label: label,
    variation_label: variation.label,
    variation_index: variation.index,
    variation_values: variation.values,
    first_session: firstSession,
  };
}

/** Those members as a file holds them. */
export function storedPlace(runInfo: JsonObject): Place {
  return Object.fromEntries(placeKeys.map((key) => [key, runInfo[key]]));
}
