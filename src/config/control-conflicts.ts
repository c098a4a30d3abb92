import { type Key, needs, noEffect, type Rule, refuses } from './rule.js';

/** Conflicts among the options for requests around the load. */
export const controlConflicts: readonly Rule[] = [
  refuses(
    'authType',
    { keys: ['authType'], holds: ({ authType }) => authType === 'sigv4' },
    ['apiKey'],
    ' sigv4: both set the header Authorization',
  ),
  refuses(
    'networkLatencyMean',
    { keys: ['networkLatencyMean'], holds: ({ networkLatencyMean: mean }) => mean !== undefined },
    ['networkLatencyAutomatic'],
    ': one measures the round-trip time, the other sets it',
  ),
  needs(['networkLatencyPingInterval'], ['networkLatencyAutomatic'], ', which connects at that interval'),
  needsWait('waitForModelMode', 'inference'),
  needsWait('waitForModelInterval', 5),
];

/** Options around the load that have no effect. */
export const controlWarnings: readonly Rule[] = [
  noEffect(['awsRegion', 'awsService', 'awsProfile'], 'without --auth-type sigv4', {
    keys: ['authType'],
    holds: ({ authType }) => authType !== 'sigv4',
  }),
  noEffect(['resetKvCachePath', 'resetKvCacheTimeoutSeconds'], 'without --reset-kv-cache', {
    keys: ['resetKvCache'],
    holds: ({ resetKvCache }) => !resetKvCache,
  }),
  noEffect(
    ['serverProfilerStartPath', 'serverProfilerStopPath', 'serverProfilerTimeoutSeconds'],
    'without --server-profiler',
    { keys: ['serverProfiler'], holds: ({ serverProfiler }) => !serverProfiler },
  ),
];

/** How to wait says nothing where nothing is waited for; the default value is harmless. */
function needsWait(key: Key, harmless: unknown): Rule {
  return {
    keys: [key, 'waitForModelTimeout'],
    check: (config, _isSet, name) =>
      config[key] !== harmless &&
      config.waitForModelTimeout === 0 &&
      `${name(key)} needs --wait-for-model-timeout above 0: nothing is waited for without it.`,
  };
}
