import { withScheme } from '../../config/base-url.js';
import type { Config } from '../../config/options.js';
import type { LoadPlan } from '../../load/plan.js';
import type { RunFiles } from '../../run/files.js';
import type { ClockOrigin } from '../../util/clock.js';
import type { Io } from '../../util/io.js';
import type { Log } from '../../util/log.js';
import type { ServerControl } from './control.js';
import type { NetworkProbe } from './network-latency.js';

/** Requests around the load; loaded only if one is asked for, because it takes time before the first request. */
export async function controlOf(
  config: Config,
  env: Io['env'],
  log: Log,
): Promise<ServerControl | undefined> {
  const { waitForModelTimeout, resetKvCache, serverProfiler } = config;
  if (waitForModelTimeout === 0 && !resetKvCache && !serverProfiler) return undefined;
  const { openServerControl } = await import('./control.js');
  return openServerControl(config, env, log);
}

/** Measures the round-trip time during the load; loaded only if it is asked for. */
export async function networkProbeOf(
  { networkLatencyAutomatic, networkLatencyPingInterval, urls }: Config,
  targets: LoadPlan['targets'],
  artifacts: RunFiles,
  origin: ClockOrigin,
  log: Log,
): Promise<NetworkProbe | undefined> {
  if (!networkLatencyAutomatic) return undefined;
  const { openNetworkProbe } = await import('./network-latency.js');
  const options = { targets, urls: urls.map(withScheme), intervalMs: networkLatencyPingInterval * 1000 };
  return openNetworkProbe(options, artifacts.networkLatency, origin, log);
}

/** The round-trip time that the user has given, ns. */
export function givenRttNs({ networkLatencyMean }: Config): number | undefined {
  return networkLatencyMean === undefined ? undefined : networkLatencyMean * 1e6;
}
