import { join } from 'node:path';
import { loadMode } from './load-mode.js';
import type { Config } from './options.js';
import { readRateSeries } from './rate-series.js';

type NamingOptions =
  | 'artifactDir'
  | 'models'
  | 'endpointType'
  | 'concurrency'
  | 'requestRate'
  | 'requestRateSeries'
  | 'userCentricRate'
  | 'numUsers'
  | 'fixedSchedule';

/** The output directory of a run: the given one, or one named after the run's settings. */
export function artifactDirectory(config: Pick<Config, NamingOptions>): string {
  if (config.artifactDir !== undefined) return config.artifactDir;
  const [first = ''] = config.models;
  const model = (config.models.length > 1 ? `${first}_multi` : first).replaceAll('/', '_');
  return join('artifacts', `${model}-openai-${config.endpointType}-${stimulus(config)}`);
}

/** The load settings as part of a directory name. */
function stimulus(config: Pick<Config, NamingOptions>): string {
  const { concurrency, requestRateSeries, userCentricRate = 0, numUsers } = config;
  switch (loadMode(config)) {
    case 'fixed-schedule':
      return 'fixed_schedule';
    case 'user-centric':
      return `user_centric-users${numUsers}-qps${decimal(userCentricRate)}`;
    case 'rate': {
      const ceiling = concurrency === undefined ? '' : `concurrency${concurrency}-`;
      const series = requestRateSeries === undefined ? [] : readRateSeries(requestRateSeries);
      return `${ceiling}request_rate${decimal(series[0]?.perSecond ?? config.requestRate ?? 0)}`;
    }
    case 'concurrency':
      return `concurrency${concurrency ?? 1}`;
  }
}

/** Formats a rate with at least one decimal: `32.0`, `0.5`. */
function decimal(rate: number): string {
  return Number.isInteger(rate) ? rate.toFixed(1) : String(rate);
}
