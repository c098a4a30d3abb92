import type { ConfigOf, OptionTable } from './option.js';
import { choice, integer, number, text } from './option-kinds.js';

const group = 'Video';
const MAX_SIDE = 16_384;
const MAX_SECONDS = 3600;
const MAX_BATCH = 1000;

/** Options of synthetic video. */
export const videoOptions = {
  videoWidth: integer({
    flags: ['--video-width'],
    group,
    min: 1,
    max: MAX_SIDE,
    defaultText: 'no video',
    help: 'Width of synthetic videos, pixels; needs --video-height and the program ffmpeg.',
  }),
  videoHeight: integer({
    flags: ['--video-height'],
    group,
    min: 1,
    max: MAX_SIDE,
    defaultText: 'no video',
    help: 'Height of synthetic videos, pixels; needs --video-width.',
  }),
  videoBatchSize: integer({
    flags: ['--video-batch-size', '--batch-size-video'],
    group,
    min: 0,
    max: MAX_BATCH,
    defaultText: '1',
    help: 'Videos per request; 0: none.',
  }),
  videoDuration: number({
    flags: ['--video-duration'],
    group,
    above: 0,
    max: MAX_SECONDS,
    default: 1,
    help: 'Length of synthetic videos, seconds.',
  }),
  videoFps: integer({
    flags: ['--video-fps'],
    group,
    min: 1,
    max: 240,
    default: 4,
    help: 'Frames per second.',
  }),
  videoSynthType: choice(['moving_shapes', 'grid_clock', 'noise'], {
    flags: ['--video-synth-type'],
    group,
    default: 'moving_shapes',
    help: 'Content: moving shapes, a grid with a clock hand, or random noise.',
  }),
  videoFormat: choice(['webm', 'mp4'], {
    flags: ['--video-format'],
    group,
    default: 'webm',
    help: 'Container of synthetic videos.',
  }),
  videoCodec: text({
    flags: ['--video-codec'],
    group,
    metavar: '<encoder>',
    default: 'libvpx-vp9',
    help: "ffmpeg's name of the video encoder, e.g. libx264 for mp4.",
  }),
  videoAudioNumChannels: integer({
    flags: ['--video-audio-num-channels'],
    group,
    min: 0,
    max: 2,
    default: 0,
    help: 'Channels of the audio track; 0: no track.',
  }),
  videoAudioSampleRate: integer({
    flags: ['--video-audio-sample-rate'],
    group,
    min: 1000,
    max: 192_000,
    default: 44_100,
    help: 'Sample rate of the audio track, Hz.',
  }),
  videoAudioCodec: text({
    flags: ['--video-audio-codec'],
    group,
    metavar: '<encoder>',
    defaultText: 'libvorbis for webm, aac for mp4',
    help: "ffmpeg's name of the audio encoder.",
  }),
  videoAudioDepth: integer({
    flags: ['--video-audio-depth'],
    group,
    min: 8,
    max: 32,
    default: 16,
    help: 'Bit depth of the audio before encoding: 8, 16, 24 or 32.',
  }),
} satisfies OptionTable;

/** Whether synthetic requests hold video: both sides are given, and the batch size is not 0. */
export function wantsVideo({
  videoWidth,
  videoHeight,
  videoBatchSize,
}: ConfigOf<typeof videoOptions>): boolean {
  return videoWidth !== undefined && videoHeight !== undefined && videoBatchSize !== 0;
}
