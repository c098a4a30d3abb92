/** Bytes at the start of a WAV file in which the length of its samples is found. */
export const WAV_HEAD_BYTES = 4096;

export function isWav(head: Buffer): boolean {
  return head.toString('latin1', 0, 4) === 'RIFF' && head.toString('latin1', 8, 12) === 'WAVE';
}

/**
 * Length of a WAV file; undefined if its header does not tell.
 * @param head its first bytes. @param fileBytes its whole length: streamed files declare no length, cut ones too much.
 */
export function wavSeconds(head: Buffer, fileBytes: number): number | undefined {
  if (!isWav(head)) return undefined;
  let bytesPerSecond = 0;
  for (let at = 12; at + 8 <= head.length; ) {
    const chunk = head.toString('latin1', at, at + 4);
    const size = head.readUInt32LE(at + 4);
    const start = at + 8;
    if (chunk === 'fmt ' && start + 12 <= head.length) bytesPerSecond = head.readUInt32LE(start + 8);
    if (chunk === 'data') {
      const bytes = Math.min(size === 0 ? Number.POSITIVE_INFINITY : size, fileBytes - start);
      return bytesPerSecond === 0 ? undefined : bytes / bytesPerSecond;
    }
    // Chunks are padded to an even length.
    at = start + size + (size % 2);
  }
  return undefined;
}

/** Layout of the samples of a WAV file. */
export interface WavLayout {
  /** Frames per second. */
  readonly rate: number;
  /** Bits per sample: 8, 16, 24 or 32. */
  readonly depth: number;
  readonly channels: number;
}

/** A WAV file of integer samples (format tag 1). @param samples from -1 to 1, channels interleaved. */
export function wavFile(samples: Float32Array, { rate, depth, channels }: WavLayout): Buffer {
  const width = depth / 8;
  const data = Buffer.alloc(samples.length * width);
  const largest = 2 ** (depth - 1) - 1;
  for (let i = 0, at = 0; i < samples.length; i++, at += width) {
    const value = Math.round((samples[i] ?? 0) * largest);
    // Samples of one byte are unsigned.
    if (width === 1) data.writeUInt8(value + 128, at);
    else data.writeIntLE(value, at, width);
  }
  const head = Buffer.alloc(44);
  head.write('RIFF', 0, 'latin1');
  head.writeUInt32LE(36 + data.length, 4);
  head.write('WAVEfmt ', 8, 'latin1');
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(channels, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(rate * channels * width, 28);
  head.writeUInt16LE(channels * width, 32);
  head.writeUInt16LE(depth, 34);
  head.write('data', 36, 'latin1');
  head.writeUInt32LE(data.length, 40);
  return Buffer.concat([head, data]);
}
