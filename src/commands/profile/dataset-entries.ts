import type { Config } from '../../config/options.js';

/**
 * Conversations to make: as many as are asked for; those that warm-up uses come on top, so that profiling sends none
 * of them again.
 */
export function datasetEntries(config: Config): number {
  const profiling = config.conversationNum ?? config.requestCount ?? 100;
  const warmup = config.numWarmupSessions ?? config.warmupRequestCount ?? 0;
  return config.numDatasetEntries ?? profiling + warmup;
}
