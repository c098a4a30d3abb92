import { isObject } from '../util/json.js';
import type { Endpoint } from './endpoint.js';
import { tokenlessWarnings } from './media.js';
import { textsOf, withExtras } from './payload.js';
import { singleTurn } from './single-turn.js';

/** OpenAI's speech: text in, audio out, as bytes that arrive while they are made. */
export const audioSpeech: Endpoint = {
  path: '/v1/audio/speech',
  canStream: false,
  producesTokens: false,
  title: 'Speech Metrics',
  contentName: 'audio',
  media: [],
  hasSystemSlot: false,
  inputKeys: ['input'],
  capKeys: [],
  streamTextKeys: [],
  answersAudio: true,
  checkTurn: singleTurn('audio_speech'),
  body: (request, options) =>
    withExtras(
      {
        model: request.turn.model,
        input: textsOf(request.turn).join(' '),
        voice: 'alloy',
        response_format: 'wav',
      },
      request,
      options,
    ),
  // JSON instead of audio: some servers wrap it.
  read: (unit) =>
    isObject(unit) && typeof unit.audio === 'string' && unit.audio !== ''
      ? { counts: { audio: 1 } }
      : undefined,
  cannedTexts: [{ name: 'text', contents: ['Some text to say.'] }],
  cannedAnswer: () => ['{"audio":"UklGRg=="}'],
  warnings: tokenlessWarnings,
};
