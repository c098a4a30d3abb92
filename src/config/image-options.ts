import type { ConfigOf, OptionTable } from './option.js';
import { choice, integer, number, text } from './option-kinds.js';

const group = 'Images';

/** Largest width and height, pixels. */
const MAX_SIDE = 16_384;
const MAX_BATCH = 1000;

/** Options of synthetic images. */
export const imageOptions = {
  imageWidthMean: number({
    flags: ['--image-width-mean'],
    group,
    min: 0,
    max: MAX_SIDE,
    defaultText: '512 if another image option is given',
    help: 'Mean width of synthetic images, pixels; 0: no images.',
  }),
  imageWidthStddev: number({
    flags: ['--image-width-stddev'],
    group,
    min: 0,
    max: MAX_SIDE,
    default: 0,
    help: 'Standard deviation of the width; needs --image-width-mean.',
  }),
  imageHeightMean: number({
    flags: ['--image-height-mean'],
    group,
    min: 0,
    max: MAX_SIDE,
    defaultText: '512 if another image option is given',
    help: 'Mean height of synthetic images, pixels; 0: no images.',
  }),
  imageHeightStddev: number({
    flags: ['--image-height-stddev'],
    group,
    min: 0,
    max: MAX_SIDE,
    default: 0,
    help: 'Standard deviation of the height; needs --image-height-mean.',
  }),
  imageBatchSize: integer({
    flags: ['--image-batch-size', '--batch-size-image'],
    group,
    min: 0,
    max: MAX_BATCH,
    defaultText: '1',
    help: 'Images per request; 0: none.',
  }),
  imageFormat: choice(['png', 'jpeg', 'random'], {
    flags: ['--image-format'],
    group,
    default: 'jpeg',
    help: 'Format of synthetic images; random: either, half of them each.',
  }),
  imageSource: text({
    flags: ['--image-source'],
    group,
    metavar: '<noise|assets|folder>',
    defaultText: 'noise',
    help: 'Pixels of synthetic images: random noise; assets: drawn shapes; a folder: its PNG and JPEG files, resized.',
  }),
  imageSourceSampling: choice(['random-with-replacement', 'shuffle-cycle', 'sequential-cycle'], {
    flags: ['--image-source-sampling'],
    group,
    default: 'random-with-replacement',
    help: 'Order in which the pictures of --image-source are used; shuffle-cycle: each once per pass.',
  }),
} satisfies OptionTable;

/** Whether synthetic requests hold images: a size, a batch size or a source is given, and none of them is 0. */
export function wantsImages(config: ConfigOf<typeof imageOptions>): boolean {
  const { imageWidthMean, imageHeightMean, imageBatchSize, imageSource } = config;
  const asked = [imageWidthMean, imageHeightMean, imageBatchSize, imageSource];
  return asked.some((value) => value !== undefined) && !asked.includes(0);
}
