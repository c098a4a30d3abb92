import { wantsAudio } from './audio-options.js';
import { wantsImages } from './image-options.js';
import { warmupStops } from './load-conflicts.js';
import { hasWarmup } from './load-mode.js';
import { promptOptions } from './prompt-options.js';
import { hasOwnPrompts, promptSources } from './public-conflicts.js';
import { type Key, needs, noEffect, type Rule, refuses } from './rule.js';
import { wantsVideo } from './video-options.js';

const forFilesToo: readonly Key[] = ['promptCorpus', 'cacheBust', 'systemPrompt', 'systemPromptFile'];

/** Options that shape generated prompts; a file has prompts of its own. */
export const shapingKeys: readonly Key[] = (
  Object.keys(promptOptions) as (keyof typeof promptOptions)[]
).filter((key) => !forFilesToo.includes(key));

const prefixKeys = ['numPrefixPrompts', 'prefixPromptLength'] as const;
const sharedKeys = ['sharedSystemPromptLength', 'userContextPromptLength'] as const;
const systemKeys = ['systemPrompt', 'systemPromptFile'] as const;

/** Options that need a system message, or a message before the first turn. */
export const systemSlotKeys = [...sharedKeys, ...systemKeys] as const;

/** Conflicts among the options of generated prompts, and of how tokens are counted. */
export const promptConflicts: readonly Rule[] = [
  {
    keys: ['isl', ...promptSources, 'imageBatchSize', 'audioBatchSize', 'videoBatchSize'],
    check: (config, _isSet, name) =>
      config.isl === 0 &&
      !hasOwnPrompts(config) &&
      !wantsImages(config) &&
      !wantsAudio(config) &&
      !wantsVideo(config) &&
      `${name('isl')} must be an integer of at least 1 without --input-file or --public-dataset, got 0: synthetic requests need text, images, audio or video.`,
  },
  {
    keys: ['promptBatchSize', ...promptSources],
    check: (config, _isSet, name) =>
      config.promptBatchSize === 0 &&
      !hasOwnPrompts(config) &&
      `${name('promptBatchSize')} must be at least 1 without --input-file or --public-dataset, got 0; --isl 0 leaves texts out.`,
  },
  needs(
    ['perChunkUsage'],
    ['useServerTokenCount'],
    ': the tokens of the first chunk are those that the server reports',
  ),
  needs(['perChunkUsage'], ['streaming'], ': a whole response has no chunks'),
  {
    keys: ['islAsTokenIds', 'isl', ...promptSources],
    check: (config, _isSet, name) =>
      config.islAsTokenIds &&
      !hasOwnPrompts(config) &&
      config.isl === 0 &&
      `${name('islAsTokenIds')} needs --isl of at least 1, got 0.`,
  },
  {
    keys: ['oslStddev', 'osl'],
    check: (config, isSet, name) =>
      isSet('oslStddev') && config.osl === undefined && `${name('oslStddev')} needs --osl, its mean.`,
  },
  {
    keys: ['randomRangeRatio', 'isl', 'osl'],
    check: ({ randomRangeRatio, isl, osl = 0 }, isSet, name) =>
      randomRangeRatio !== undefined &&
      (!isSet('isl') || isl === 0 || osl === 0) &&
      `${name('randomRangeRatio')} needs --isl and --osl of at least 1, the lengths that it spreads.`,
  },
  refuses(
    'seqDist',
    { keys: ['seqDist'], holds: ({ seqDist }) => seqDist !== undefined },
    ['randomRangeRatio'],
    ': both set the lengths',
  ),
  {
    keys: prefixKeys,
    check: ({ numPrefixPrompts, prefixPromptLength }, _isSet, name) => {
      if (numPrefixPrompts > 0 === prefixPromptLength > 0) return false;
      return numPrefixPrompts > 0
        ? `${name('numPrefixPrompts')} needs --prefix-prompt-length, the tokens of each.`
        : `${name('prefixPromptLength')} needs --num-prefix-prompts, the number of prefixes.`;
    },
  },
  {
    keys: [...prefixKeys, ...sharedKeys, ...systemKeys],
    check: (config, isSet, name) => {
      const others = [...sharedKeys, ...systemKeys].filter(isSet);
      return (
        config.numPrefixPrompts > 0 &&
        others.length > 0 &&
        `${name('numPrefixPrompts')} cannot be combined with ${name(...others)}: a prefix must be the beginning of the request.`
      );
    },
  },
  {
    keys: [...systemKeys, 'sharedSystemPromptLength'],
    check: (_config, isSet, name) => {
      const given = ([...systemKeys, 'sharedSystemPromptLength'] as const).filter(isSet);
      return given.length > 1 && `${name(...given)} cannot be combined: each sets the system message.`;
    },
  },
  {
    keys: ['isl', 'numPrefixPrompts', 'seqDist'],
    check: ({ isl, numPrefixPrompts, seqDist }, _isSet, name) =>
      numPrefixPrompts > 0 &&
      isl === 0 &&
      seqDist === undefined &&
      `${name('numPrefixPrompts')} needs --isl of at least 1, the prompt after the prefix.`,
  },
];

export const promptWarnings: readonly Rule[] = [
  noEffect(['cacheBust'], 'without a warm-up: warmup_isolation marks its requests only', {
    keys: ['cacheBust', ...warmupStops],
    holds: (config) => config.cacheBust.startsWith('warmup_isolation') && !hasWarmup(config),
  }),
  noEffect(['promptCorpus'], 'with --isl-as-token-ids: prompts are token ids of the whole vocabulary', {
    keys: ['islAsTokenIds'],
    holds: ({ islAsTokenIds }) => islAsTokenIds,
  }),
  noEffect(['isl', 'islStddev', 'osl', 'oslStddev'], 'with --seq-dist, which sets both lengths', {
    keys: ['seqDist'],
    holds: ({ seqDist }) => seqDist !== undefined,
  }),
  noEffect(['islStddev', 'oslStddev'], 'with --random-range-ratio, which spreads the lengths evenly', {
    keys: ['randomRangeRatio'],
    holds: ({ randomRangeRatio }) => randomRangeRatio !== undefined,
  }),
  noEffect(['randomCorpusStyle'], 'without --random-range-ratio', {
    keys: ['randomRangeRatio'],
    holds: ({ randomRangeRatio }) => randomRangeRatio === undefined,
  }),
];
