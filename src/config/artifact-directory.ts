import { join } from 'node:path';
import { loadMode } from './load-mode.js';
import type { Config } from './options.js';

type NamingOptions =
  | 'artifactDir'
  | 'models'
  | 'endpointType'
  | 'concurrency'
  | 'requestRate'
  | 'userCentricRate'
  | 'numUsers'
  | 'fixedSchedule';

/** Where the files of a run go: the folder that was named, or one named after the run. */
export function artifactDirectory(config: Pick<Config, NamingOptions>): string {
  if (config.artifactDir !== undefined) return config.artifactDir;
  const [first = ''] = config.models;
  const model = (config.models.length > 1 ? `${first}_multi` : first).replaceAll('/', '_');
  return join('artifacts', `${model}-openai-${config.endpointType}-${stimulus(config)}`);
}

/** The load, in the words of a folder's name. */
function stimulus(config: Pick<Config, NamingOptions>): string {
  const { concurrency, requestRate = 0, userCentricRate = 0, numUsers } = config;
  switch (loadMode(config)) {
    case 'fixed-schedule':
      return 'fixed_schedule';
    case 'user-centric':
      return `user_centric-users${numUsers}-qps${decimal(userCentricRate)}`;
    case 'rate': {
      const ceiling = concurrency === undefined ? '' : `concurrency${concurrency}-`;
      return `${ceiling}request_rate${decimal(requestRate)}`;
    }
    case 'concurrency':
      return `concurrency${concurrency ?? 1}`;
  }
}

/** `32.0`, `0.5`: a rate always has a decimal point. */
function decimal(rate: number): string {
  return Number.isInteger(rate) ? rate.toFixed(1) : String(rate);
}
