import type { Config } from './options.js';

/** What triggers a request: recorded timestamps, per-user intervals, a rate, or a free concurrency slot. */
export type LoadMode = 'fixed-schedule' | 'user-centric' | 'rate' | 'concurrency';

/** The mode that the options select; in all but the last, --concurrency is only an upper limit. */
export function loadMode(
  config: Pick<Config, 'fixedSchedule' | 'userCentricRate' | 'requestRate' | 'requestRateSeries'>,
): LoadMode {
  if (config.fixedSchedule) return 'fixed-schedule';
  if (config.userCentricRate !== undefined) return 'user-centric';
  const hasRate = config.requestRate !== undefined || config.requestRateSeries !== undefined;
  return hasRate ? 'rate' : 'concurrency';
}

/** Whether a warmup phase runs; the other warmup options do not enable it. */
export function hasWarmup(
  config: Pick<Config, 'warmupRequestCount' | 'warmupDuration' | 'numWarmupSessions'>,
): boolean {
  return (
    (config.warmupRequestCount ?? 0) > 0 ||
    config.warmupDuration !== undefined ||
    config.numWarmupSessions !== undefined
  );
}

/** Resolves `--requests-per-load` to a request count. */
export function withRequests(config: Config): Config {
  const { requestsPerLoad, requestRate = 0, numUsers = 1, concurrency = 1 } = config;
  if (requestsPerLoad === undefined) return config;
  const mode = loadMode(config);
  const load = mode === 'rate' ? requestRate : mode === 'user-centric' ? numUsers : concurrency;
  return { ...config, requestCount: Math.max(1, Math.round(requestsPerLoad * load)) };
}
