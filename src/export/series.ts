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
