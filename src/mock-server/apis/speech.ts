import { wavFile } from '../../util/wav.js';
import { badRequest } from '../refusal.js';
import { type AnswerForm, type AskedReader, streamEnd } from './api.js';

const RATE = 24_000;
/** Silence for one token: a tenth of a second of 16 bits. */
const silence = '\0'.repeat(2 * (RATE / 10));
const head = wavFile(new Float32Array(0), { rate: RATE, depth: 16, channels: 1 }).toString('latin1');

/** `/v1/audio/speech`: WAV audio of a tenth of a second per token, as it is made. */
export const readSpeech: AskedReader = (body) => {
  if (typeof body.input !== 'string') return badRequest('input is missing or has the wrong form.', 'input');
  return { form, prompt: body.input, stream: true, includeUsage: false };
};

const form: AnswerForm = {
  idPrefix: 'speech',
  generates: true,
  reasons: false,
  streamType: 'audio/wav',
  stream: () => ({
    opening: chunk(head),
    content: (text) => soundOf(text),
    reasoning: () => '',
    last: (text) => soundOf(text) + streamEnd,
  }),
  whole: () => '',
};

/** A tenth of a second for each word. */
function soundOf(text: string): string {
  return chunk(silence.repeat(text.trim().split(' ').length));
}

function chunk(bytes: string): string {
  return `${bytes.length.toString(16)}\r\n${bytes}\r\n`;
}
