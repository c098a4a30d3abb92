import { type Random, randomStreams } from '../../util/random.js';
import { wavFile } from '../../util/wav.js';
import { openNoise } from './noise.js';

/** What synthetic audio sounds like. */
export interface AudioOptions {
  /** Clips per turn. */
  readonly batchSize: number;
  /** Seconds. */
  readonly lengthMean: number;
  readonly lengthStddev: number;
  readonly format: 'wav' | 'mp3';
  /** Bits per sample; each clip draws one. */
  readonly depths: readonly number[];
  /** Hz; each clip draws one. */
  readonly sampleRates: readonly number[];
  readonly channels: number;
}

/** A clip as datasets write it. */
export interface AudioClip {
  /** `<format>,<base64>`. */
  readonly value: string;
  readonly seconds: number;
}

const SHORTEST_SECONDS = 0.01;
const KBIT_PER_SECOND = 64;

/** Opens a source of clips of white noise, by index. */
export async function openAudio(options: AudioOptions, seed: number): Promise<(index: number) => AudioClip> {
  const { lengthMean, lengthStddev, depths, sampleRates, channels, format } = options;
  const streams = randomStreams(seed, 'audio-shape');
  const noise = openNoise(seed);
  const mp3 = format === 'mp3' ? await mp3Encoder() : undefined;

  return (index) => {
    const random = streams(index);
    const length = clipLength(lengthMean, lengthStddev, random);
    const rate = sampleRates[random.integer(sampleRates.length)] ?? 16_000;
    const depth = depths[random.integer(depths.length)] ?? 16;
    const frames = Math.max(1, Math.floor(length * rate));
    const samples = noise(frames * channels, index);
    const bytes = mp3?.(samples, rate, channels) ?? wavFile(samples, { rate, depth, channels });
    return { value: `${format},${bytes.toString('base64')}`, seconds: frames / rate };
  };
}

function clipLength(mean: number, stddev: number, random: Random): number {
  if (stddev <= 0) return mean;
  for (let attempt = 0; attempt < 10_000; attempt++) {
    const length = random.normal(mean, stddev);
    if (length >= SHORTEST_SECONDS) return length;
  }
  return Math.max(SHORTEST_SECONDS, mean);
}

/** Plain MPEG frames, without tags. */
async function mp3Encoder(): Promise<(samples: Float32Array, rate: number, channels: number) => Buffer> {
  const { Mp3Encoder } = await import('@breezystack/lamejs');
  return (samples, rate, channels) => {
    const encoder = new Mp3Encoder(channels, rate, KBIT_PER_SECOND);
    const channel = (number: number) =>
      Int16Array.from({ length: samples.length / channels }, (_, frame) =>
        Math.round((samples[frame * channels + number] ?? 0) * 32_767),
      );
    const frames = encoder.encodeBuffer(channel(0), channels === 2 ? channel(1) : undefined);
    return Buffer.concat(
      [frames, encoder.flush()].map(
        ({ buffer, byteOffset, length }) => new Uint8Array(buffer, byteOffset, length),
      ),
    );
  };
}
