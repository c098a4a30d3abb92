import type { Config } from '../../config/options.js';
import { hubAddress, publicDatasetName } from '../../config/public-datasets.js';
import type { PublicRequest } from '../../dataset/public/plan.js';
import { openTokenizer } from '../../dataset/tokenizer/open.js';
import type { Io } from '../../util/io.js';
import type { Log } from '../../util/log.js';
import { datasetEntries } from './dataset-entries.js';
import { firstOf, type Tokenizers } from './tokenizers.js';

/** What of which public data set is sent; undefined for other data. */
export function publicRequest(
  config: Config,
  env: Io['env'],
  resolveTokenizers: () => Promise<Tokenizers>,
  log: Log,
): PublicRequest | undefined {
  const { publicDataset: name } = config;
  if (name === undefined) return undefined;
  const dataset = publicDatasetName(name) ?? hubAddress(name);
  if (dataset === undefined) throw new Error(`${name} has passed its check`);
  const { output_length: outputLength, ...columns } = config.datasetColumns;
  return {
    ...{ name, dataset, env, log },
    subset: config.hfSubset,
    split: config.hfSplit,
    columns: { ...columns, ...(outputLength === undefined ? {} : { outputLength }) },
    filters: config.datasetFilter,
    limit: config.numDatasetEntries ?? mostConversations(config),
    limitOfTrace: config.numDatasetEntries ?? (hasStop(config) ? mostConversations(config) : undefined),
    limitOfLarge: datasetEntries(config),
    isScheduled: config.fixedSchedule,
    openCounter: async () => {
      const tokenizer = openTokenizer(firstOf(await resolveTokenizers()));
      return (text) => tokenizer.count(text);
    },
  };
}

/** The conversations that a run can start, where they are sent in order; undefined: all may be needed. */
function mostConversations(config: Config): number | undefined {
  const { conversationNum, requestCount, benchmarkDuration, concurrency = 0 } = config;
  const { numWarmupSessions, warmupRequestCount, warmupDuration } = config;
  if (config.datasetSamplingStrategy !== 'sequential' || config.fixedSchedule) return undefined;
  if (!hasStop(config) && benchmarkDuration !== undefined) return undefined;
  const hasWarmupStop = numWarmupSessions !== undefined || warmupRequestCount !== undefined;
  if (!hasWarmupStop && warmupDuration !== undefined) return undefined;
  const profiling = hasStop(config)
    ? Math.min(conversationNum ?? Number.POSITIVE_INFINITY, requestCount ?? Number.POSITIVE_INFINITY)
    : Math.max(10, 2 * concurrency);
  const warmup = hasWarmupStop
    ? Math.min(numWarmupSessions ?? Number.POSITIVE_INFINITY, warmupRequestCount ?? Number.POSITIVE_INFINITY)
    : 0;
  return profiling + warmup;
}

function hasStop({ conversationNum, requestCount }: Config): boolean {
  return conversationNum !== undefined || requestCount !== undefined;
}
