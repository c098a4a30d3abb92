import { orList } from '../util/lists.js';
import { sampleRatesOf, wantsAudio } from './audio-options.js';
import { wantsImages } from './image-options.js';
import { hasOwnPrompts, promptSources } from './public-conflicts.js';
import { eitherFlag, type Key, noEffect, type Rule } from './rule.js';
import { wantsVideo } from './video-options.js';

export const batchSizes: readonly Key[] = ['imageBatchSize', 'audioBatchSize', 'videoBatchSize'];
const imageShapes: readonly Key[] = [
  'imageWidthMean',
  'imageWidthStddev',
  'imageHeightMean',
  'imageHeightStddev',
  'imageFormat',
  'imageSource',
  'imageSourceSampling',
];
const audioShapes: readonly Key[] = [
  'audioLengthMean',
  'audioLengthStddev',
  'audioFormat',
  'audioDepths',
  'audioSampleRates',
  'audioNumChannels',
];

const videoSides: readonly Key[] = ['videoWidth', 'videoHeight'];
const videoShapes: readonly Key[] = [
  'videoDuration',
  'videoFps',
  'videoSynthType',
  'videoFormat',
  'videoCodec',
  'videoAudioNumChannels',
  'videoAudioSampleRate',
  'videoAudioCodec',
  'videoAudioDepth',
];

/** Sample rates that MPEG layer 3 has, Hz. */
const mp3Rates = [8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000];
const SHORTEST_SECONDS = 0.01;

/** Conflicts among the options of synthetic media. */
export const mediaConflicts: readonly Rule[] = [
  needsMean('imageWidthStddev', 'imageWidthMean'),
  needsMean('imageHeightStddev', 'imageHeightMean'),
  needsMean('audioLengthStddev', 'audioLengthMean'),
  {
    keys: ['imageSourceSampling', 'imageSource'],
    check: ({ imageSourceSampling, imageSource = 'noise' }, _isSet, name) =>
      imageSourceSampling !== 'random-with-replacement' &&
      imageSource === 'noise' &&
      `${name('imageSourceSampling')} ${imageSourceSampling} needs --image-source with pictures: noise has none to choose from.`,
  },
  {
    keys: ['audioLengthMean'],
    check: ({ audioLengthMean = 0 }, _isSet, name) =>
      audioLengthMean > 0 &&
      audioLengthMean < SHORTEST_SECONDS &&
      `${name('audioLengthMean')} must be 0 or at least ${SHORTEST_SECONDS} seconds, got ${audioLengthMean}.`,
  },
  {
    keys: videoSides,
    check: (_config, isSet, name) => {
      const [given, ...others] = videoSides.filter(isSet);
      return (
        given !== undefined &&
        others.length === 0 &&
        `${name(given)} needs ${eitherFlag(videoSides.filter((side) => side !== given))}: a video has both.`
      );
    },
  },
  {
    keys: ['videoAudioDepth'],
    check: ({ videoAudioDepth }, _isSet, name) =>
      ![8, 16, 24, 32].includes(videoAudioDepth) &&
      `${name('videoAudioDepth')} must be 8, 16, 24 or 32 bits, got ${videoAudioDepth}.`,
  },
  {
    keys: ['audioDepths'],
    check: ({ audioDepths }, _isSet, name) =>
      !audioDepths.every((depth) => [8, 16, 24, 32].includes(depth)) &&
      `${name('audioDepths')} must be 8, 16, 24 or 32 bits, got ${audioDepths.join(', ')}.`,
  },
  {
    keys: ['audioSampleRates', 'audioFormat'],
    check: (config, _isSet, name) => {
      const unknown = sampleRatesOf(config).filter((rate) => !mp3Rates.includes(rate));
      const known = orList(mp3Rates.map((rate) => String(rate / 1000)));
      return (
        config.audioFormat === 'mp3' &&
        unknown.length > 0 &&
        `${name('audioSampleRates')} must be ${known} kHz for mp3, got ${orList(unknown.map((rate) => String(rate / 1000)))}.`
      );
    },
  },
];

/** Options of synthetic media without effect. */
export const mediaWarnings: readonly Rule[] = [
  noEffect(
    [...imageShapes, ...audioShapes, ...videoSides, ...videoShapes],
    'on the media of a file or public data set, which are sent as they are',
    {
      keys: [...promptSources],
      holds: hasOwnPrompts,
    },
  ),
  noEffect(imageShapes, 'without images: --image-batch-size 1 turns them on', {
    keys: [...promptSources, 'imageBatchSize'],
    holds: (config) => !hasOwnPrompts(config) && !wantsImages(config),
  }),
  noEffect(audioShapes, 'without audio: --audio-length-mean turns it on', {
    keys: [...promptSources, 'audioBatchSize'],
    holds: (config) => !hasOwnPrompts(config) && !wantsAudio(config),
  }),
  noEffect(videoShapes, 'without video: --video-width and --video-height turn it on', {
    keys: [...promptSources, ...videoSides, 'videoBatchSize'],
    holds: (config) => !hasOwnPrompts(config) && !wantsVideo(config),
  }),
  noEffect(['audioDepths'], 'on mp3, which has no bit depth', {
    keys: ['audioFormat'],
    holds: ({ audioFormat }) => audioFormat === 'mp3',
  }),
];

function needsMean(stddev: Key, mean: Key): Rule {
  return {
    keys: [stddev, mean],
    check: (config, isSet, name) =>
      isSet(stddev) && config[mean] === undefined && `${name(stddev)} needs its mean, ${eitherFlag([mean])}.`,
  };
}
