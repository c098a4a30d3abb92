import { sampleRatesOf, wantsAudio } from '../../config/audio-options.js';
import { wantsImages } from '../../config/image-options.js';
import type { Config } from '../../config/options.js';
import { wantsVideo } from '../../config/video-options.js';
import type { AudioOptions } from '../../dataset/media/audio.js';
import type { ImageOptions } from '../../dataset/media/images.js';
import type { SyntheticMedia } from '../../dataset/media/synthetic-media.js';
import type { VideoOptions } from '../../dataset/media/video.js';

/** Media of synthetic requests, as far as options ask for them. */
export function syntheticMedia(config: Config): SyntheticMedia {
  return {
    ...(wantsImages(config) ? { images: imagesOf(config) } : {}),
    ...(wantsAudio(config) ? { audio: audioOf(config) } : {}),
    ...(wantsVideo(config) ? { video: videoOf(config) } : {}),
  };
}

const DEFAULT_SIDE = 512;
const DEFAULT_SECONDS = 10;

function imagesOf(config: Config): ImageOptions {
  return {
    batchSize: config.imageBatchSize ?? 1,
    widthMean: config.imageWidthMean ?? DEFAULT_SIDE,
    widthStddev: config.imageWidthStddev,
    heightMean: config.imageHeightMean ?? DEFAULT_SIDE,
    heightStddev: config.imageHeightStddev,
    format: config.imageFormat,
    source: config.imageSource ?? 'noise',
    sampling: samplings[config.imageSourceSampling],
  };
}

const samplings = {
  'random-with-replacement': 'random',
  'shuffle-cycle': 'shuffle',
  'sequential-cycle': 'sequential',
} as const;

function audioOf(config: Config): AudioOptions {
  return {
    batchSize: config.audioBatchSize ?? 1,
    lengthMean: config.audioLengthMean ?? DEFAULT_SECONDS,
    lengthStddev: config.audioLengthStddev,
    format: config.audioFormat,
    depths: config.audioDepths,
    sampleRates: sampleRatesOf(config),
    channels: config.audioNumChannels,
  };
}

function videoOf(config: Config): VideoOptions {
  const { videoFormat, videoAudioNumChannels: channels } = config;
  const audio = {
    channels,
    sampleRate: config.videoAudioSampleRate,
    codec: config.videoAudioCodec ?? (videoFormat === 'webm' ? 'libvorbis' : 'aac'),
    depth: config.videoAudioDepth,
  };
  return {
    batchSize: config.videoBatchSize ?? 1,
    width: config.videoWidth ?? 0,
    height: config.videoHeight ?? 0,
    seconds: config.videoDuration,
    fps: config.videoFps,
    synthType: config.videoSynthType,
    format: videoFormat,
    codec: config.videoCodec,
    ...(channels === 0 ? {} : { audio }),
  };
}
