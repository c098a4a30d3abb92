import { wavSeconds } from '../../util/wav.js';
import { RowError } from '../loaders/format.js';
import type { RowMapping } from './mapping.js';
import { audioIn } from './media.js';

/** Clips to transcribe, as benchmarks of speech recognition take them: those above 30 s are skipped. */
export const speech: RowMapping = {
  type: 'single_turn',
  columns: ['audio'],
  async read(row, { takesText, warn }) {
    try {
      const sound = await audioIn(row.audio);
      const seconds = sound?.wav === undefined ? undefined : wavSeconds(sound.wav, sound.wav.length);
      if (sound !== undefined && (seconds === undefined || seconds <= mostSeconds)) {
        return [{ ...(takesText ? { text: 'Transcribe this audio.' } : {}), audio: sound.source }];
      }
      warn(sound === undefined ? 'no audio: skipped' : `audio above ${mostSeconds} s: skipped`);
    } catch (error) {
      if (!(error instanceof RowError)) throw error;
      warn(`${error.message}: skipped`);
    }
    return [];
  },
};

const mostSeconds = 30;
