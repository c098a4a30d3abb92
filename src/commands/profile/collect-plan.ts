import type { CollectPlan } from '../../collect/record-processor.js';
import type { Config } from '../../config/options.js';
import type { RunFiles } from '../../run/files.js';
import type { ClockOrigin } from '../../util/clock.js';
import { thresholdsOf } from '../view.js';
import type { PreparedRun } from './prepare.js';
import { traitsOf } from './traits.js';
import { recordStreams } from './view-plan.js';

/** What the record thread is to compute and to write. @param isWatched whether there are live views. */
export function collectPlan(
  config: Config,
  origin: ClockOrigin,
  prepared: PreparedRun,
  artifacts: RunFiles,
  isWatched: boolean,
): CollectPlan {
  const { load, tokenizers } = prepared;
  const keepsRecords = config.exportLevel !== 'summary';
  const hasWarmup = load.phases.some(({ name }) => name === 'warmup');
  return {
    origin,
    traits: traitsOf(config),
    thresholds: thresholdsOf(config),
    tokenizers,
    recordsFile: keepsRecords ? artifacts.records : undefined,
    rawFile: config.exportLevel === 'raw' ? artifacts.raw : undefined,
    warmupFile: hasWarmup && keepsRecords ? artifacts.warmup : undefined,
    seriesFile: keepsRecords ? artifacts.series : undefined,
    outputsFile: config.exportOutputsJson ? artifacts.outputs : undefined,
    ...{ hasWarmup, isWatched, shard: config.shard?.index },
    streams: recordStreams(config),
    // The page draws them, and the series of servers are compared with them.
    handsOverRequests:
      config.nats !== undefined ||
      ((config.report || config.live || !config.noServerMetrics) && keepsRecords),
  };
}
