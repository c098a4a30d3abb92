import { UserError } from '../util/errors.js';
import { isObject, type Json } from '../util/json.js';
import type { BodyRequest, Chunk, Endpoint } from './endpoint.js';
import { fileOf, mediaValues, tokenlessWarnings } from './media.js';
import { encodeForm } from './multipart.js';
import { hasMembers, withExtras } from './payload.js';
import { singleTurn } from './single-turn.js';

/** OpenAI's transcription: a form with a file of speech in, its text out. */
export const audioTranscription: Endpoint = {
  path: '/v1/audio/transcriptions',
  canStream: false,
  producesTokens: false,
  title: 'Audio Transcription Metrics',
  contentName: 'text',
  media: ['audio'],
  takesText: false,
  hasSystemSlot: false,
  inputKeys: [],
  capKeys: [],
  streamTextKeys: [],
  checkTurn(request) {
    singleTurn('audio_transcription')(request);
    requireFile(request);
  },
  body(request, options) {
    const file = fileOf(mediaValues(request.turn, 'audio')[0] ?? '', 'audio');
    const own = { ...(file === undefined ? {} : { file }), model: request.turn.model };
    return { ...withExtras(own, request, options), ...(file === undefined ? {} : { file }) };
  },
  encode: encodeForm,
  read: readTranscript,
  readText: (text) => (text.trim() === '' ? {} : { text }),
  cannedTexts: [],
  cannedMedia: [{ kind: 'audio', value: 'wav,UklGRg==' }],
  cannedAnswer: () => ['{"text":"some words"}'],
  warnings: tokenlessWarnings,
};

function requireFile({ turn }: BodyRequest): void {
  const [value] = mediaValues(turn, 'audio');
  if (value === undefined) {
    throw new UserError(
      'the request holds no audio, which this endpoint type needs',
      'give each row an audio, or add --audio-length-mean 10',
    );
  }
  if (fileOf(value, 'audio') === undefined) {
    throw new UserError(
      'the audio_transcription endpoint takes no links',
      'download the files and give their paths',
    );
  }
}

/** `--extra-inputs response_format:text` makes the whole body the transcript, which may look like JSON. */
function readTranscript(unit: Json): Chunk | undefined {
  if (!isObject(unit)) return { text: typeof unit === 'string' ? unit : JSON.stringify(unit) };
  const { text, usage } = unit;
  if (typeof text !== 'string') return undefined;
  return { ...(text === '' ? {} : { text }), ...(hasMembers(usage) ? { usage } : {}) };
}
