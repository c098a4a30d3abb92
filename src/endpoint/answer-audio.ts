import { WAV_HEAD_BYTES, wavSeconds } from '../util/wav.js';

/** Samples of OpenAI's `pcm` format: 24 kHz, 16 bits, one channel. */
const PCM_BYTES_PER_SECOND = 48_000;

/** Audio of an answer as it arrives; only its beginning is kept. */
export class AnswerAudio {
  readonly #contentType: string;
  readonly #onRead: (atNs: number) => void;
  readonly #head = Buffer.alloc(WAV_HEAD_BYTES);
  #bytes = 0;

  /** @param onRead called with the time of every read. */
  constructor(contentType: string, onRead: (atNs: number) => void) {
    this.#contentType = contentType;
    this.#onRead = onRead;
  }

  feed(bytes: Buffer, start: number, end: number, atNs: number): void {
    if (this.#bytes < WAV_HEAD_BYTES) bytes.copy(this.#head, this.#bytes, start, end);
    this.#bytes += end - start;
    this.#onRead(atNs);
  }

  end(): void {}

  /** Length of WAV and PCM audio; undefined for compressed audio. */
  get seconds(): number | undefined {
    if (/^audio\/(?:pcm|l16)\b/i.test(this.#contentType)) return this.#bytes / PCM_BYTES_PER_SECOND;
    return wavSeconds(this.#head.subarray(0, Math.min(this.#bytes, WAV_HEAD_BYTES)), this.#bytes);
  }
}
