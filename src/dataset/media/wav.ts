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
