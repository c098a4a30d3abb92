import { wantsAudio } from './audio-options.js';
import { wantsImages } from './image-options.js';
import { needs, type Rule } from './rule.js';
import { wantsVideo } from './video-options.js';

/** Conflicts among the options of generated prompts, and of how tokens are counted. */
export const promptConflicts: readonly Rule[] = [
  {
    keys: ['isl', 'inputFile', 'imageBatchSize', 'audioBatchSize', 'videoBatchSize'],
    check: (config, _isSet, name) =>
      config.isl === 0 &&
      config.inputFile === undefined &&
      !wantsImages(config) &&
      !wantsAudio(config) &&
      !wantsVideo(config) &&
      `${name('isl')} must be an integer of at least 1 without --input-file, got 0: synthetic requests need text, images, audio or video.`,
  },
  {
    keys: ['promptBatchSize', 'inputFile'],
    check: (config, _isSet, name) =>
      config.promptBatchSize === 0 &&
      config.inputFile === undefined &&
      `${name('promptBatchSize')} must be at least 1 without --input-file, got 0; --isl 0 leaves texts out.`,
  },
  needs(
    ['perChunkUsage'],
    ['useServerTokenCount'],
    ': the tokens of the first chunk are those that the server reports',
  ),
  needs(['perChunkUsage'], ['streaming'], ': a whole response has no chunks'),
  {
    keys: ['islAsTokenIds', 'isl', 'inputFile'],
    check: (config, _isSet, name) =>
      config.islAsTokenIds &&
      config.inputFile === undefined &&
      config.isl === 0 &&
      `${name('islAsTokenIds')} needs --isl of at least 1, got 0.`,
  },
  {
    keys: ['oslStddev', 'osl'],
    check: (config, isSet, name) =>
      isSet('oslStddev') && config.osl === undefined && `${name('oslStddev')} needs --osl, its mean.`,
  },
];
