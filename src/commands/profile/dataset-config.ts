import { audioOptions } from '../../config/audio-options.js';
import type { Length, LengthPair } from '../../config/length-mix.js';
import type { Config } from '../../config/options.js';
import { meanOf } from '../../dataset/lengths.js';
import type { SyntheticMedia } from '../../dataset/media/synthetic-media.js';
import type { DatasetPlan } from '../../dataset/plan.js';
import type { SyntheticPlan } from '../../dataset/synthetic.js';
import type { Endpoint } from '../../endpoint/endpoint.js';
import { endpoints } from '../../endpoint/endpoints.js';
import type { JsonObject } from '../../util/json.js';
import { nonEmpty, optional, unless } from './json-members.js';
import { syntheticMedia } from './media.js';

export function datasetConfig(config: Config, dataset: DatasetPlan, size: number): JsonObject {
  const common = {
    // Not known of a streamed file.
    ...optional('entries', Number.isFinite(size) ? size : undefined),
    ...optional('random_seed', config.randomSeed),
    ...optional('system_prompt', config.systemPrompt),
    ...optional('system_prompt_file', config.systemPromptFile),
    ...unless('sequential', 'sampling', config.datasetSamplingStrategy),
  };
  if (dataset.kind === 'synthetic') {
    return { name: 'main', type: 'synthetic', ...common, ...syntheticConfig(config, dataset) };
  }
  if (config.publicDataset !== undefined) {
    return {
      ...{ name: 'main', type: 'public', dataset: config.publicDataset },
      ...common,
      ...optional('hf_subset', config.hfSubset),
      ...optional('filters', nonEmpty(config.datasetFilter)),
      ...optional('osl', outputLength(config)),
      ...optional('ignore_trace_delays', config.ignoreTraceDelays || undefined),
      ...replayConfig(config),
    };
  }
  return {
    name: 'main',
    type: 'file',
    ...optional('path', config.inputFile),
    format: dataset.kind === 'pool' ? 'random_pool' : dataset.type,
    ...common,
    ...optional('synthesis', nonEmpty(synthesisConfig(config))),
    ...optional('osl', outputLength(config)),
    ...optional('block_size', config.islBlockSize),
    ...optional('ignore_trace_delays', config.ignoreTraceDelays || undefined),
    ...replayConfig(config),
    ...optional('prompts', nonEmpty(unless('sonnet', 'corpus', config.promptCorpus))),
    ...optional('cache_bust', cacheBustConfig(config)),
  };
}

function syntheticConfig(config: Config, { isl, lengthPairs }: SyntheticPlan): JsonObject {
  const { conversationTurnMean, conversationTurnStddev } = config;
  const { conversationTurnDelayMean, conversationTurnDelayStddev, conversationTurnDelayRatio } = config;
  return {
    ...(isl > 0
      ? {
          prompts: {
            isl: distribution(isl, config.islStddev),
            ...optional('osl', outputLength(config)),
            ...optional('sequence_distribution', sequenceDistribution(config, lengthPairs)),
            ...optional('random_range_ratio', rangeText(config)),
            ...unless('vllm', 'random_corpus_style', config.randomCorpusStyle),
            ...unless(1, 'batch_size', config.promptBatchSize),
            ...unless('sonnet', 'corpus', config.promptCorpus),
            ...optional('cache_bust', cacheBustConfig(config)),
          },
        }
      : {}),
    ...optional('prefix_prompts', nonEmpty(prefixConfig(config))),
    ...rankingsConfig(config),
    ...mediaConfig(config, syntheticMedia(config)),
    ...(conversationTurnMean > 1 || conversationTurnStddev > 0
      ? { turns: { mean: conversationTurnMean, stddev: conversationTurnStddev } }
      : {}),
    ...(conversationTurnDelayMean > 0 || conversationTurnDelayStddev > 0
      ? { turn_delay: { mean: conversationTurnDelayMean, stddev: conversationTurnDelayStddev } }
      : {}),
    ...unless(1, 'turn_delay_ratio', conversationTurnDelayRatio),
  };
}

function sequenceDistribution(config: Config, pairs: readonly LengthPair[] = []): JsonObject[] | undefined {
  if (config.seqDist === undefined || pairs.length > MOST_PAIRS) return undefined;
  const sum = pairs.reduce((total, { weight }) => total + weight, 0);
  return pairs.map(({ isl, osl, weight }) => ({
    isl: lengthConfig(isl),
    osl: lengthConfig(osl),
    probability: (100 * weight) / sum,
  }));
}

/** A file of lengths is named by the command; its rows are not repeated. */
const MOST_PAIRS = 100;

function lengthConfig(length: Length): JsonObject {
  switch (length.kind) {
    case 'normal':
      return { mean: length.mean, stddev: length.stddev };
    case 'lognormal':
      return { mean: length.mean, median: length.median };
    case 'uniform':
      // AIPerf's model has no such distribution.
      return { mean: meanOf(length), stddev: 0, min: length.low, max: length.high };
  }
}

function cacheBustConfig({ cacheBust }: Config): JsonObject | undefined {
  return cacheBust === 'none' ? undefined : { target: cacheBust };
}

function rangeText({ randomRangeRatio }: Config): string | undefined {
  return randomRangeRatio === undefined ? undefined : JSON.stringify(randomRangeRatio);
}

function prefixConfig(config: Config): JsonObject {
  return {
    ...unless(0, 'pool_size', config.numPrefixPrompts),
    ...unless(0, 'length', config.prefixPromptLength),
    ...optional('shared_system_length', config.sharedSystemPromptLength),
    ...optional('user_context_length', config.userContextPromptLength),
  };
}

function rankingsConfig(config: Config): JsonObject {
  const endpoint: Endpoint = endpoints[config.endpointType];
  if (!endpoint.ranks) return {};
  return {
    rankings: {
      passages: distribution(config.rankingsPassagesMean, config.rankingsPassagesStddev),
      passage_tokens: distribution(
        config.rankingsPassagesPromptTokenMean,
        config.rankingsPassagesPromptTokenStddev,
      ),
      query_tokens: distribution(config.rankingsQueryPromptTokenMean, config.rankingsQueryPromptTokenStddev),
    },
  };
}

function mediaConfig(config: Config, { images, audio, video }: SyntheticMedia): JsonObject {
  const { audioDepths, audioSampleRates } = audioOptions;
  return {
    ...(images && {
      images: {
        batch_size: images.batchSize,
        width: distribution(images.widthMean, images.widthStddev),
        height: distribution(images.heightMean, images.heightStddev),
        ...unless('jpeg', 'format', images.format),
        ...unless('noise', 'source', images.source),
      },
    }),
    ...(audio && {
      audio: {
        batch_size: audio.batchSize,
        length: distribution(audio.lengthMean, audio.lengthStddev),
        ...unless('wav', 'format', audio.format),
        // As set, also to their defaults.
        ...(audio.depths === audioDepths.default ? {} : { depths: [...audio.depths] }),
        ...(config.audioSampleRates === audioSampleRates.default
          ? {}
          : { sample_rates: audio.sampleRates.map((rate) => rate / 1000) }),
        ...unless(1, 'channels', audio.channels),
      },
    }),
    ...(video && {
      video: {
        batch_size: video.batchSize,
        width: video.width,
        height: video.height,
        duration: video.seconds,
        fps: video.fps,
        synth_type: video.synthType,
        format: video.format,
        codec: video.codec,
        ...optional(
          'audio',
          video.audio && {
            channels: video.audio.channels,
            sample_rate: video.audio.sampleRate,
            codec: video.audio.codec,
            depth: video.audio.depth,
          },
        ),
      },
    }),
  };
}

function replayConfig(config: Config): JsonObject {
  return {
    ...optional('inter_turn_delay_cap_seconds', config.interTurnDelayCapSeconds),
    ...optional('replay_speedup', config.replaySpeedup),
    ...optional('trace_idle_gap_cap_seconds', config.traceIdleGapCapSeconds),
    ...optional('max_idle_gap_cap_seconds', config.maxIdleGapCapSeconds),
    ...unless(true, 'open_loop_replay', config.openLoopReplay),
    ...unless(false, 'open_loop_strict', config.openLoopStrict),
    ...unless(false, 'omit_kv_hints', config.omitKvHints),
    ...unless(true, 'force_min_tokens', config.forceMinTokens),
  };
}

/** Factors and limits that change a trace; those that change nothing are left out. */
function synthesisConfig(config: Config): JsonObject {
  return {
    ...unless(1, 'speedup_ratio', config.synthesisSpeedupRatio),
    ...unless(1, 'prefix_len_multiplier', config.synthesisPrefixLenMultiplier),
    ...unless(1, 'prefix_root_multiplier', config.synthesisPrefixRootMultiplier),
    ...unless(1, 'prompt_len_multiplier', config.synthesisPromptLenMultiplier),
    ...unless(1, 'output_len_multiplier', config.synthesisOutputLenMultiplier),
    ...optional('max_isl', config.synthesisMaxIsl),
    ...optional('max_osl', config.synthesisMaxOsl),
  };
}

function outputLength({ osl = 0, oslStddev }: Config): JsonObject | undefined {
  return osl > 0 ? distribution(osl, oslStddev) : undefined;
}

function distribution(mean: number, stddev: number): JsonObject {
  return { mean, ...unless(0, 'stddev', stddev) };
}

/** What AIPerf's model has no words for: which data of a public data set were sent, and which of its columns. */
export function publicSourceConfig(config: Config, dataset: DatasetPlan): JsonObject | undefined {
  const source = dataset.kind === 'rows' || dataset.kind === 'graphs' ? dataset.source : undefined;
  if (source === undefined) return undefined;
  return {
    ...optional('split', config.hfSplit),
    ...optional('columns', nonEmpty(config.datasetColumns)),
    ...optional('commit', source.commit),
    files: source.files.map((file) => ({ ...file })),
  };
}
