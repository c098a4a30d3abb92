import type { Config } from './options.js';

/** What decides when a request is sent: recorded times, users, a rate, or room for one more. */
export type LoadMode = 'fixed-schedule' | 'user-centric' | 'rate' | 'concurrency';

/** The mode that the options select; --concurrency is a mere ceiling in all but the last. */
export function loadMode(
  config: Pick<Config, 'fixedSchedule' | 'userCentricRate' | 'requestRate'>,
): LoadMode {
  if (config.fixedSchedule) return 'fixed-schedule';
  if (config.userCentricRate !== undefined) return 'user-centric';
  return config.requestRate === undefined ? 'concurrency' : 'rate';
}

/** Whether a warm-up comes first; other options of it alone make none. */
export function hasWarmup(
  config: Pick<Config, 'warmupRequestCount' | 'warmupDuration' | 'numWarmupSessions'>,
): boolean {
  return (
    (config.warmupRequestCount ?? 0) > 0 ||
    config.warmupDuration !== undefined ||
    config.numWarmupSessions !== undefined
  );
}

/** With the requests that `--requests-per-load` comes to. */
export function withRequests(config: Config): Config {
  const { requestsPerLoad, requestRate = 0, numUsers = 1, concurrency = 1 } = config;
  if (requestsPerLoad === undefined) return config;
  const mode = loadMode(config);
  const load = mode === 'rate' ? requestRate : mode === 'user-centric' ? numUsers : concurrency;
  return { ...config, requestCount: Math.max(1, Math.round(requestsPerLoad * load)) };
}
