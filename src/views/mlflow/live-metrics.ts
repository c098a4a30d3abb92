import type { Snapshot } from '../../collect/snapshot.js';
import { instrumentsOf } from '../../metrics/instruments.js';
import { type HistogramState, readHistograms } from '../../metrics/record-histograms.js';
import { findMetric } from '../../metrics/table.js';
import { progressSums } from '../progress-sums.js';

/** Sum and number of the values of a metric so far. */
interface Total {
  readonly sum: number;
  readonly count: number;
}

/**
 * Live figures of a run by the names of MLflow: of each metric the mean over the requests since the last call, counts
 * as their sum so far. Values are in the units of the summary, those of `gen_ai.*` in seconds and tokens.
 */
export class LiveMetrics {
  #last = new Map<string, Total>();

  since(state: HistogramState | undefined, snapshots: Iterable<Snapshot>): Map<string, number> {
    const values = new Map<string, number>();
    const totals = totalsOf(state);
    for (const [tag, { sum, count }] of totals) {
      const before = this.#last.get(tag) ?? { sum: 0, count: 0 };
      const added = count - before.count;
      if (added === 0) continue;
      const metric = findMetric(tag);
      const value = metric?.kind === 'count' ? sum : (sum - before.sum) / added;
      for (const { name, divisor, genAi } of instrumentsOf(tag)) {
        // Both token counts have this name; MLflow has no attributes to tell them apart.
        if (genAi?.tokenType === 'input') continue;
        values.set(`live.${name}`, genAi === undefined ? value * (metric?.factor ?? 1) : value / divisor);
      }
    }
    this.#last = totals;
    for (const snapshot of snapshots) {
      for (const { name, value } of progressSums)
        values.set(`live.${name}.${snapshot.phase}`, value(snapshot));
    }
    return values;
  }
}

/** By tag, over all series of profiling. */
function totalsOf(state: HistogramState | undefined): Map<string, Total> {
  const totals = new Map<string, Total>();
  for (const series of state?.series ?? []) {
    if (series.phase !== 'profiling') continue;
    for (const { tag, sum, count } of readHistograms(state?.tags ?? [], series)) {
      const total = totals.get(tag) ?? { sum: 0, count: 0 };
      totals.set(tag, { sum: total.sum + sum, count: total.count + count });
    }
  }
  return totals;
}
