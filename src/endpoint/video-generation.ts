import { isObject, type Json, type JsonObject } from '../util/json.js';
import type { Chunk, Endpoint } from './endpoint.js';
import { tokenlessWarnings } from './media.js';
import { encodeForm } from './multipart.js';
import { hasMembers, textsOf, withExtras } from './payload.js';
import { singleTurn } from './single-turn.js';

const POLL_EVERY_MS = 100;

/** OpenAI's video generation: a form with a prompt in, a job out, whose end is polled. */
export const videoGeneration: Endpoint = {
  path: '/v1/videos',
  canStream: false,
  producesTokens: false,
  title: 'Video Generation Metrics',
  contentName: 'a finished video',
  media: [],
  hasSystemSlot: false,
  inputKeys: ['prompt'],
  capKeys: [],
  streamTextKeys: [],
  isJob: true,
  open: ({ downloadContent }) => (downloadContent ? downloading : videoGeneration),
  checkTurn: singleTurn('video_generation'),
  body: (request, options) =>
    withExtras({ prompt: textsOf(request.turn).join(' '), model: request.turn.model }, request, options),
  encode: encodeForm,
  failure: ({ message }) => failureOf(message),
  read: (unit) => readJob(unit, { counts: { videos: 1 } }),
  cannedTexts: [{ name: 'text', contents: ['a cat that plays the piano'] }],
  cannedAnswer: () => ['{"id":"video_0","status":"completed"}'],
  warnings: tokenlessWarnings,
};

/** Fetches each video: its bytes are the content, and no JSON. */
const downloading: Endpoint = {
  ...videoGeneration,
  read: (unit) =>
    readJob(unit, (id) => ({ followUp: { path: `/${encodeURIComponent(id)}/content`, everyMs: 0 } })),
  readText: (bytes) => (bytes === '' ? {} : { counts: { videos: 1 } }),
};

/** @param done what a finished job is, besides what it reports. */
function readJob(unit: Json, done: Chunk | ((id: string) => Chunk)): Chunk | undefined {
  if (!isObject(unit)) return undefined;
  const { id, status } = unit;
  if (typeof id !== 'string' || typeof status !== 'string') return undefined;
  if (status === 'completed') {
    const report = reportOf(unit);
    return {
      ...(typeof done === 'function' ? done(id) : done),
      ...(hasMembers(report) ? { usage: report } : {}),
    };
  }
  if (status === 'failed') return { failure: failureOf('the server gives no reason') };
  return { followUp: { path: `/${encodeURIComponent(id)}`, everyMs: POLL_EVERY_MS } };
}

/** What the server measured, beside its usage. */
function reportOf({ usage, inference_time_s: seconds, peak_memory_mb: megabytes }: JsonObject): JsonObject {
  return {
    ...(isObject(usage) ? usage : {}),
    ...(typeof seconds === 'number' ? { inference_time_s: seconds } : {}),
    ...(typeof megabytes === 'number' ? { peak_memory_mb: megabytes } : {}),
  };
}

function failureOf(message: string) {
  return { code: 500, type: 'VideoGenerationError', message: `Video generation failed: ${message}` };
}
