import { wavFile } from '../../util/wav.js';
import { RowError } from '../loaders/format.js';

/** A FLAC file as a WAV file of 16 bits. @throws RowError if it is broken. */
export async function wavOf(flac: Uint8Array): Promise<Buffer> {
  const { FLACDecoder } = await import('@wasm-audio-decoders/flac');
  const decoder = new FLACDecoder();
  try {
    await decoder.ready;
    const { channelData, samplesDecoded, sampleRate, errors } = await decoder.decodeFile(flac);
    if (errors.length > 0 || samplesDecoded === 0) throw new RowError('the FLAC audio is broken');
    const channels = channelData.length;
    const samples = new Float32Array(samplesDecoded * channels);
    for (const [channel, values] of channelData.entries()) {
      for (let i = 0; i < samplesDecoded; i++) samples[i * channels + channel] = values[i] ?? 0;
    }
    return wavFile(samples, { rate: sampleRate, depth: 16, channels });
  } finally {
    decoder.free();
  }
}
