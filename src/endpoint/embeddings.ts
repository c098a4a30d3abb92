import { UserError } from '../util/errors.js';
import { isObject, type Json } from '../util/json.js';
import { chat } from './chat.js';
import type { BodyRequest, Chunk, Endpoint, EndpointOptions, OptionName } from './endpoint.js';
import { textsOf, withExtras } from './payload.js';
import { cannedVectors, readVectors, withoutNumbers } from './vectors.js';

const vectorApi = {
  path: '/v1/embeddings',
  canStream: false,
  producesTokens: false,
  contentName: 'vectors',
  hasSystemSlot: false,
  capKeys: [],
  streamTextKeys: [],
  read: readVectors,
  shorten: withoutNumbers,
  cannedTexts: [{ name: 'text', contents: ['Some text to start with.'] }],
  cannedAnswer: cannedVectors,
  warnings: capWarnings,
} satisfies Partial<Endpoint>;

/** OpenAI's embeddings: every text of a turn becomes a vector. */
export const embeddings: Endpoint = {
  ...vectorApi,
  title: 'Embeddings Metrics',
  media: [],
  inputKeys: ['input'],
  batchKey: 'input',
  checkTurn: checkTexts,
  probeBody: (model) => ({ input: 'Lo', model }),
  body: (request, options) =>
    withExtras({ model: request.turn.model, input: textsOf(request.turn) }, request, options),
};

/** NVIDIA NIM's embeddings: an item is a text, an image, or a text with its image. */
export const nimEmbeddings: Endpoint = {
  ...vectorApi,
  title: 'NIM Embeddings Metrics',
  media: ['image'],
  placesMedia: true,
  countsImages: false,
  inputKeys: ['input'],
  batchKey: 'input',
  inputText: (turn) => textsOf(turn).join(' '),
  checkTurn: checkTexts,
  body: (request, options) =>
    withExtras({ model: request.turn.model, input: pairs(request) }, request, options),
};

/** Embeddings of chats, as vLLM makes them. */
export const chatEmbeddings: Endpoint = {
  ...vectorApi,
  title: 'Embeddings Metrics',
  media: ['image'],
  placesMedia: true,
  hasSystemSlot: true,
  holdsChat: true,
  inputKeys: ['messages'],
  body: (request, options) => chat.body(withoutCap(request), { ...options, streaming: false }),
  read: (unit) => readVectors(unit) ?? readTop(unit),
};

function withoutCap(request: BodyRequest): BodyRequest {
  const { maxTokens: _, ...turn } = request.turn;
  return { ...request, turn };
}

function checkTexts({ turn, follows }: BodyRequest): void {
  if (follows) throw new UserError('Embeddings endpoint only supports one turn.');
  if (turn.messages) {
    throw new UserError(
      'this embeddings endpoint takes texts and cannot send a message array',
      'use --endpoint-type chat_embeddings',
    );
  }
}

function pairs({ turn }: BodyRequest): string[] {
  const texts = textsOf(turn);
  const images = (turn.media ?? []).map((item) => item.value());
  if (images.length === 0) return texts;
  if (texts.length === 0) return images;
  if (texts.length !== images.length) {
    throw new UserError(
      `the nim_embeddings endpoint pairs texts with images, and a turn has ${texts.length} texts and ${images.length} images`,
      'give equal numbers with --batch-size and --image-batch-size, or images alone',
    );
  }
  return texts.map((text, place) => `${text} ${images[place]}`);
}

/** One vector, or a list of them, at the top. */
function readTop(unit: Json): Chunk | undefined {
  if (!isObject(unit)) return undefined;
  const { embedding, embeddings } = unit;
  const vectors = isVector(embedding)
    ? 1
    : Array.isArray(embeddings)
      ? embeddings.filter(isVector).length
      : 0;
  return vectors === 0 ? undefined : { counts: { vectors } };
}

function isVector(value: Json | undefined): boolean {
  return (Array.isArray(value) || typeof value === 'string') && value.length > 0;
}

/** Options of output lengths, which these APIs do not have. */
export function capWarnings({ osl = 0, useLegacyMaxTokens }: EndpointOptions, name: OptionName): string[] {
  return [
    ...(osl > 0 ? [`${name('osl')} has no effect: this endpoint generates no text.`] : []),
    ...(useLegacyMaxTokens
      ? [`${name('useLegacyMaxTokens')} has no effect: this endpoint generates no text.`]
      : []),
  ];
}
