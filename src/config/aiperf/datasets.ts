import { jsonIn } from '../../util/json.js';
import { orList } from '../../util/lists.js';
import { valueWords } from '../words.js';
import {
  anything,
  distribution,
  isMapping,
  mappingFault,
  member,
  option,
  type Read,
  refused,
  type Section,
  seconds,
  section,
  siteOf,
  unsupported,
  within,
} from './reading.js';

const isl = distribution('isl', 'islStddev');

const osl = distribution('osl', 'oslStddev');

/** A list of pairs as `--seq-dist` writes them. */
function mixText(list: unknown): unknown {
  if (!Array.isArray(list)) return list;
  const pairs = list.map((item) => {
    if (!isMapping(item)) return item;
    const length = (key: 'isl' | 'osl') => {
      const value = member(item, key);
      const stddev = member(item, `${key}_stddev`);
      if (!isMapping(value)) return stddev === undefined ? value : `${value}|${stddev}`;
      const mean = member(value, 'mean') ?? member(value, 'value');
      const median = member(value, 'median');
      return median === undefined ? `${mean}|${member(value, 'stddev') ?? 0}` : `${mean}~${median}`;
    };
    return { isl: length('isl'), osl: length('osl'), prob: member(item, 'probability') };
  });
  return JSON.stringify({ pairs });
}

/** AIPerf writes the option's text. */
function ratioOf(value: unknown): unknown {
  return typeof value === 'string' ? (jsonIn(value) ?? value) : value;
}

const prompts = section({
  isl,
  osl,
  block_size: option('islBlockSize'),
  batch_size: option('promptBatchSize'),
  sequence_distribution: option('seqDist', mixText),
  random_range_ratio: option('randomRangeRatio', ratioOf),
  random_corpus_style: option('randomCorpusStyle'),
  corpus: option('promptCorpus'),
  cache_bust: section({ target: option('cacheBust') }),
});

const rankings = section({
  passages: distribution('rankingsPassagesMean', 'rankingsPassagesStddev'),
  passage_tokens: distribution('rankingsPassagesPromptTokenMean', 'rankingsPassagesPromptTokenStddev'),
  query_tokens: distribution('rankingsQueryPromptTokenMean', 'rankingsQueryPromptTokenStddev'),
});

const images = section({
  batch_size: option('imageBatchSize'),
  width: distribution('imageWidthMean', 'imageWidthStddev'),
  height: distribution('imageHeightMean', 'imageHeightStddev'),
  format: option('imageFormat'),
  source: option('imageSource'),
  source_sampling: option('imageSourceSampling'),
});

const audio = section({
  batch_size: option('audioBatchSize'),
  length: distribution('audioLengthMean', 'audioLengthStddev'),
  format: option('audioFormat'),
  depths: option('audioDepths'),
  sample_rates: option('audioSampleRates'),
  channels: option('audioNumChannels'),
});

const video = section({
  batch_size: option('videoBatchSize'),
  width: option('videoWidth'),
  height: option('videoHeight'),
  duration: option('videoDuration', seconds),
  fps: option('videoFps'),
  synth_type: option('videoSynthType'),
  format: option('videoFormat'),
  codec: option('videoCodec'),
  audio: section({
    channels: option('videoAudioNumChannels'),
    sample_rate: option('videoAudioSampleRate'),
    codec: option('videoAudioCodec'),
    depth: option('videoAudioDepth'),
  }),
});

const anyDataset: Section = {
  name: anything,
  system_prompt: option('systemPrompt'),
  system_prompt_file: option('systemPromptFile'),
  type: anything,
  entries: option('numDatasetEntries'),
  random_seed: option('randomSeed'),
  sampling: option('datasetSamplingStrategy'),
};

const syntheticDataset: Section = {
  ...anyDataset,
  prompts,
  isl,
  osl,
  turns: distribution('conversationTurnMean', 'conversationTurnStddev'),
  turn_delay: distribution('conversationTurnDelayMean', 'conversationTurnDelayStddev'),
  turn_delay_ratio: option('conversationTurnDelayRatio'),
  prefix_prompts: section({
    pool_size: option('numPrefixPrompts'),
    length: option('prefixPromptLength'),
    shared_system_length: option('sharedSystemPromptLength'),
    user_context_length: option('userContextPromptLength'),
  }),
  images,
  audio,
  video,
  rankings,
};

const fileDataset: Section = {
  ...anyDataset,
  path: option('inputFile'),
  format: option('customDatasetType'),
  records: refused('write the records to a file, and name it with path'),
  osl,
  block_size: option('islBlockSize'),
  ignore_trace_delays: option('ignoreTraceDelays'),
  synthesis: section({
    speedup_ratio: option('synthesisSpeedupRatio'),
    prefix_len_multiplier: option('synthesisPrefixLenMultiplier'),
    prefix_root_multiplier: option('synthesisPrefixRootMultiplier'),
    prompt_len_multiplier: option('synthesisPromptLenMultiplier'),
    output_len_multiplier: option('synthesisOutputLenMultiplier'),
    max_isl: option('synthesisMaxIsl'),
    max_osl: option('synthesisMaxOsl'),
    allow_dataset_wrap: unsupported('allow-dataset-wrap'),
  }),
  prompts: section({ corpus: option('promptCorpus') }),
  cache_bust: section({ target: option('cacheBust') }),
  trace_session_sample_ratio: unsupported('trace-session-sample-ratio'),
  inter_turn_delay_cap_seconds: option('interTurnDelayCapSeconds'),
  max_idle_gap_cap_seconds: option('maxIdleGapCapSeconds'),
  replay_speedup: option('replaySpeedup'),
  open_loop_replay: option('openLoopReplay'),
  open_loop_strict: option('openLoopStrict'),
  omit_kv_hints: option('omitKvHints'),
  force_min_tokens: option('forceMinTokens'),
  trace_idle_gap_cap_seconds: option('traceIdleGapCapSeconds'),
  use_think_time_only: unsupported('use-think-time-only'),
  max_context_length: unsupported('max-context-length'),
};

const publicDataset: Section = {
  ...anyDataset,
  dataset: option('publicDataset'),
  hf_subset: option('hfSubset'),
  filters: option('datasetFilter'),
  osl,
  ignore_trace_delays: option('ignoreTraceDelays'),
  prompts: fileDataset.prompts ?? anything,
  cache_bust: fileDataset.cache_bust ?? anything,
  hf_weka_dataset: unsupported('hf-weka-dataset'),
  synthesis: fileDataset.synthesis ?? anything,
  inter_turn_delay_cap_seconds: option('interTurnDelayCapSeconds'),
  trace_idle_gap_cap_seconds: option('traceIdleGapCapSeconds'),
  use_think_time_only: unsupported('use-think-time-only'),
  max_context_length: unsupported('max-context-length'),
};

const datasetTypes: Readonly<Record<string, Section>> = {
  synthetic: syntheticDataset,
  file: fileDataset,
  public: publicDataset,
};

/** One data set: generated, a file, or a public one. */
export const dataset: Read = (value, site, reading) => {
  if (!isMapping(value)) return reading.refuse(siteOf(value, site), mappingFault(value));
  const type = member(value, 'type') ?? 'synthetic';
  const members = datasetTypes[String(type)];
  if (members === undefined) {
    const known = orList(Object.keys(datasetTypes));
    return reading.refuse(within(site, 'type'), `must be ${known}, got ${valueWords(type)}`);
  }
  section(members)(value, site, reading);
  // AIPerf's default number of entries.
  if (type === 'synthetic' && member(value, 'entries') === undefined)
    reading.put('numDatasetEntries', 100, site);
};
