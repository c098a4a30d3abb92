import { perRequest } from './metric-rows.js';

const numImages = perRequest({
  tag: 'num_images',
  label: 'Number of Images',
  unit: 'images',
  integer: true,
  requires: ['images'],
  formula: 'images in the request, those of its history included',
  absent: 'the request has none',
  compute: ({ record }) => record.images || undefined,
});

const imageThroughput = perRequest({
  tag: 'image_throughput',
  label: 'Image Throughput',
  unit: 'images/sec',
  largerIsBetter: true,
  requires: ['images'],
  table: 'main',
  order: 860,
  formula: 'Number of Images / Request Latency in seconds',
  absent: 'the request has no image',
  compute: ({ record: { images }, latencyNs }) => (images === 0 ? undefined : images / (latencyNs * 1e-9)),
});

const imageLatency = perRequest({
  tag: 'image_latency',
  label: 'Image Latency',
  unit: 'ms/image',
  requires: ['images'],
  table: 'main',
  order: 861,
  formula: 'Request Latency / Number of Images',
  absent: 'the request has no image',
  compute: ({ record: { images }, latencyNs }) => (images === 0 ? undefined : latencyNs / 1e6 / images),
});

const audioDuration = perRequest({
  tag: 'audio_duration',
  label: 'Audio Duration',
  unit: 'sec',
  requires: ['audio'],
  formula: 'length of all audio in the request, that of its history included',
  absent: 'the request has no audio, or its length is not known, as that of MP3 files',
  compute: ({ record }) => record.audioSeconds,
});

const realTimeFactor = perRequest({
  tag: 'rtfx',
  label: 'Inverse Real-Time Factor (RTFx)',
  short: 'RTFx',
  unit: 'ratio',
  largerIsBetter: true,
  requires: ['audio'],
  table: 'main',
  order: 850,
  formula: 'Audio Duration / Request Latency in seconds',
  absent: 'no Audio Duration',
  compute: ({ record: { audioSeconds }, latencyNs }) =>
    audioSeconds === undefined ? undefined : audioSeconds / (latencyNs * 1e-9),
});

const videoInferenceTime = perRequest({
  tag: 'video_inference_time',
  label: 'Video Inference Time',
  unit: 'ms',
  requires: ['videos'],
  table: 'main',
  order: 310,
  formula: 'time to generate the video, as the server reports it (`inference_time_s`)',
  absent: 'not reported',
  compute: ({ usage }) => (usage?.videoSeconds === undefined ? undefined : usage.videoSeconds * 1000),
});

const videoPeakMemory = perRequest({
  tag: 'video_peak_memory',
  label: 'Video Peak Memory',
  unit: 'MB',
  requires: ['videos'],
  table: 'main',
  order: 320,
  formula: 'most memory in use while generating, as the server reports it (`peak_memory_mb`)',
  absent: 'not reported',
  compute: ({ usage }) => usage?.videoMegabytes,
});

const timeToFirstAudioByte = perRequest({
  tag: 'time_to_first_audio_byte',
  label: 'Time to First Audio Byte',
  short: 'TTFAB',
  unit: 'ns',
  displayUnit: 'ms',
  requires: ['speech'],
  table: 'main',
  order: 290,
  formula: 'first read of audio - start',
  compute: ({ ttftNs }) => ttftNs,
});

const answerAudioDuration = perRequest({
  tag: 'output_audio_duration',
  label: 'Output Audio Duration',
  unit: 'sec',
  requires: ['speech'],
  table: 'main',
  order: 330,
  formula: 'length of the audio in the answer',
  absent: 'compressed audio, such as MP3: its length is not known',
  compute: ({ record }) => record.answerAudioSeconds,
});

const speechRealTimeFactor = perRequest({
  tag: 'real_time_factor',
  label: 'Real-Time Factor (RTF)',
  short: 'RTF',
  unit: 'ratio',
  requires: ['speech'],
  table: 'main',
  order: 331,
  formula: 'Request Latency in seconds / Output Audio Duration; below 1, audio is made faster than it plays',
  absent: 'no Output Audio Duration',
  compute: ({ record: { answerAudioSeconds }, latencyNs }) =>
    answerAudioSeconds ? (latencyNs * 1e-9) / answerAudioSeconds : undefined,
});

/** Metrics of images, audio and video. */
export const mediaMetrics = [
  numImages,
  imageThroughput,
  imageLatency,
  audioDuration,
  realTimeFactor,
  videoInferenceTime,
  videoPeakMemory,
  timeToFirstAudioByte,
  answerAudioDuration,
  speechRealTimeFactor,
];
