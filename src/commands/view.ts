import type { ConfigOf } from '../config/option.js';
import { profileOptions } from '../config/options.js';
import type { Thresholds } from '../metrics/metric.js';
import type { ViewTraits } from '../run/configuration.js';
import { slosOf } from './slos.js';

/** Options for how a finished run is looked at. @param groups of help that they are in. */
export function viewOptions(groups: { readonly goodput: string; readonly slices: string }) {
  return {
    goodput: { ...profileOptions.goodput, group: groups.goodput, defaultText: "the run's" },
    sliceDuration: { ...profileOptions.sliceDuration, group: groups.slices, defaultText: "the run's" },
  } as const;
}

/** The keys of `viewOptions`. */
export const viewKeys = ['goodput', 'sliceDuration'] as const;

/** The options that results are cut and judged by, of `profile` too. */
export type ViewConfig = ConfigOf<Pick<typeof profileOptions, (typeof viewKeys)[number]>>;

/** Objectives and slices that these options ask for. */
export function viewTraitsOf({ goodput, sliceDuration }: ViewConfig): ViewTraits {
  return { slos: goodput && slosOf(goodput), sliceSeconds: sliceDuration };
}

/** The settings of the environment that warnings hang on. */
export function thresholdsOf(config: {
  readonly oslMismatchPctThreshold: number;
  readonly oslMismatchMaxTokenThreshold: number;
  readonly usagePctDiffThreshold: number;
}): Thresholds {
  return {
    oslMismatchPct: config.oslMismatchPctThreshold,
    oslMismatchTokens: config.oslMismatchMaxTokenThreshold,
    usageDiffPct: config.usagePctDiffThreshold,
  };
}
