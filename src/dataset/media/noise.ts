import { createHash } from 'node:crypto';
import { randomStream } from '../../util/random.js';

/** Uniform random bytes that depend on the key only (SHAKE128): a hundred times faster than draws one by one. */
export function noiseBytes(length: number, key: string): Buffer {
  return createHash('shake128', { outputLength: length }).update(key).digest();
}

/** Standard deviation of the samples, which are cut to the range from -1 to 1. */
const LOUDNESS = 0.3;
const TABLE_SIZE = 65_536;

/** White noise: normally distributed samples from -1 to 1, by clip. They are taken from a table of 65,536 draws. */
export function openNoise(seed: number): (samples: number, clip: number) => Float32Array {
  const random = randomStream(seed, 'audio-noise');
  const table = Float32Array.from({ length: TABLE_SIZE }, () =>
    Math.max(-1, Math.min(1, random.normal(0, LOUDNESS))),
  );
  return (samples, clip) => {
    const places = noiseBytes(2 * samples, `${seed}:audio:${clip}`);
    const result = new Float32Array(samples);
    for (let i = 0; i < samples; i++) result[i] = table[places.readUInt16LE(2 * i)] ?? 0;
    return result;
  };
}
