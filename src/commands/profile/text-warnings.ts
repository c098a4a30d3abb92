import type { Findings, Loaded } from '../../config/load.js';
import type { profileOptions } from '../../config/options.js';
import { shapingKeys } from '../../config/prompt-conflicts.js';
import { rankingsOptions } from '../../config/rankings-options.js';
import { verbFor } from '../../config/rule.js';
import type { Endpoint } from '../../endpoint/endpoint.js';

type Options = typeof profileOptions;
type Key = keyof Options;

const rankingKeys = Object.keys(rankingsOptions) as Key[];
const promptKeys: readonly Key[] = ['isl', 'islStddev', 'promptBatchSize', ...shapingKeys];

/** Options of generated texts that have no effect on this endpoint, or on a file. */
export function textWarnings(
  { config, sources }: Loaded<Options>,
  { ranks }: Endpoint,
  name: (...keys: Key[]) => string,
): Findings['warnings'] {
  const ignored = (keys: readonly Key[], why: string) => {
    const set = keys.filter((key) => sources.has(key));
    return set.length === 0 ? [] : [`${name(...set)} ${verbFor(set, 'has', 'have')} no effect ${why}.`];
  };
  if (config.publicDataset !== undefined)
    return ignored(rankingKeys, 'on --public-dataset: its texts are sent as they are');
  if (config.inputFile !== undefined)
    return ignored(
      config.customDatasetType === 'random_pool' ? rankingKeys : [...rankingKeys, 'promptBatchSize'],
      'on --input-file: its texts are sent as they are',
    );
  return ranks
    ? ignored(
        promptKeys,
        `on ${config.endpointType}: --rankings-query-… and --rankings-passages-… set its texts`,
      )
    : ignored(rankingKeys, `on ${config.endpointType}, which ranks nothing`);
}
