import { numbers } from './numbers.js';
import type { ConfigOf, OptionTable } from './option.js';
import { choice, integer, number } from './option-kinds.js';

const group = 'Audio';
const MAX_SECONDS = 3600;
const MAX_BATCH = 1000;

/** Options of synthetic audio. */
export const audioOptions = {
  audioLengthMean: number({
    flags: ['--audio-length-mean'],
    group,
    min: 0,
    max: MAX_SECONDS,
    defaultText: '10 if --audio-batch-size is given',
    help: 'Mean length of synthetic audio, seconds, at least 0.01; 0: no audio.',
  }),
  audioLengthStddev: number({
    flags: ['--audio-length-stddev'],
    group,
    min: 0,
    max: MAX_SECONDS,
    default: 0,
    help: 'Standard deviation of that length; needs --audio-length-mean.',
  }),
  audioBatchSize: integer({
    flags: ['--audio-batch-size', '--batch-size-audio'],
    group,
    min: 0,
    max: MAX_BATCH,
    defaultText: '1',
    help: 'Audio clips per request; 0: none.',
  }),
  audioFormat: choice(['wav', 'mp3'], {
    flags: ['--audio-format'],
    group,
    default: 'wav',
    help: 'Format of synthetic audio.',
  }),
  audioDepths: numbers({
    flags: ['--audio-depths'],
    group,
    items: 'bit depths',
    min: 8,
    max: 32,
    default: [16],
    help: 'Bit depths (8, 16, 24, 32); each clip draws one of them. MP3 has none.',
  }),
  audioSampleRates: numbers({
    flags: ['--audio-sample-rates'],
    group,
    items: 'sample rates in kHz (above 96: in Hz)',
    min: 1,
    max: 192_000,
    default: [16],
    help: 'Sample rates; each clip draws one of them.',
  }),
  audioNumChannels: integer({
    flags: ['--audio-num-channels'],
    group,
    min: 1,
    max: 2,
    default: 1,
    help: 'Channels of synthetic audio.',
  }),
} satisfies OptionTable;

/** Whether synthetic requests hold audio: a length or a batch size is given, and neither is 0. */
export function wantsAudio({ audioLengthMean, audioBatchSize }: ConfigOf<typeof audioOptions>): boolean {
  const asked = [audioLengthMean, audioBatchSize];
  return asked.some((value) => value !== undefined) && !asked.includes(0);
}

/** Above, a sample rate is in Hz, else in kHz. */
const HIGHEST_KHZ = 96;

/** Sample rates in Hz. */
export function sampleRatesOf({
  audioSampleRates,
}: Pick<ConfigOf<typeof audioOptions>, 'audioSampleRates'>): number[] {
  return audioSampleRates.map((rate) => Math.round(rate > HIGHEST_KHZ ? rate : rate * 1000));
}
