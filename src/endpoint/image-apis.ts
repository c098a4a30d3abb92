import { UserError } from '../util/errors.js';
import { isObject, type Json, type JsonObject } from '../util/json.js';
import type { BodyOptions, BodyRequest, Chunk, Endpoint } from './endpoint.js';
import { encodedMedia, fileOf, mediaValues, tokenlessWarnings } from './media.js';
import { encodeForm } from './multipart.js';
import { hasMembers, textsOf, withExtras } from './payload.js';
import { singleTurn } from './single-turn.js';

const imageAnswers = {
  producesTokens: false,
  contentName: 'images',
  hasSystemSlot: false,
  inputKeys: ['prompt'],
  capKeys: [],
  streamTextKeys: [],
  // Streams end with a last image.
  endsUnmarked: true,
  read: readImages,
  cannedTexts: [{ name: 'text', contents: ['a blue square'] }],
} satisfies Partial<Endpoint>;

const cannedImage = { b64_json: 'iVBORw0KGgo=' };
const cannedImages = JSON.stringify({ created: 0, data: [cannedImage] });

/** OpenAI's image generation: a prompt in, images out, also as a stream of partial images. */
export const imageGeneration: Endpoint = {
  ...imageAnswers,
  path: '/v1/images/generations',
  canStream: true,
  title: 'Image Generation Metrics',
  media: [],
  checkTurn: singleTurn('image_generation'),
  body: (request, options) =>
    withExtras({ ...promptOf(request), ...(options.streaming ? { stream: true } : {}) }, request, options),
  cannedAnswer: (streaming) =>
    streaming
      ? [`data: ${JSON.stringify({ type: 'image_generation.completed', ...cannedImage })}\n\n`]
      : [cannedImages],
  warnings: tokenlessWarnings,
};

/** OpenAI's image edits: a form with a prompt and an image in, images out. */
export const imageEdit: Endpoint = {
  ...imageAnswers,
  path: '/v1/images/edits',
  canStream: false,
  title: 'Image Edit Metrics',
  media: ['image'],
  countsImages: false,
  checkTurn(request) {
    singleTurn('image_edit')(request);
    requireImage(request);
  },
  body: editBody,
  encode: encodeForm,
  cannedMedia: [{ kind: 'image', value: 'data:image/png;base64,iVBORw0KGgo=' }],
  cannedAnswer: () => [cannedImages],
  warnings: tokenlessWarnings,
};

/** NVIDIA's image retrieval: images in, what is found in them out. */
export const imageRetrieval: Endpoint = {
  ...imageAnswers,
  path: '/v1/infer',
  canStream: false,
  title: 'Image Retrieval Metrics',
  contentName: 'data',
  media: ['image'],
  placesMedia: true,
  takesText: false,
  fetchesImages: true,
  inputKeys: [],
  checkTurn(request) {
    singleTurn('image_retrieval')(request);
    requireImage(request);
    if (mediaValues(request.turn, 'image').some((url) => encodedMedia(url) === undefined)) {
      throw new UserError(
        'the image_retrieval endpoint takes no links',
        'download the images and give their paths',
      );
    }
  },
  body: (request, options) =>
    withExtras(
      { input: mediaValues(request.turn, 'image').map((url) => ({ type: 'image_url', url })) },
      request,
      options,
    ),
  read: (unit) => {
    if (!isObject(unit) || !Array.isArray(unit.data)) return undefined;
    return unit.data.length === 0 ? {} : { counts: { images: unit.data.length } };
  },
  cannedTexts: [],
  cannedMedia: [{ kind: 'image', value: 'data:image/png;base64,iVBORw0KGgo=' }],
  cannedAnswer: () => ['{"data":[{"bounding_boxes":{}}]}'],
  warnings: tokenlessWarnings,
};

function promptOf({ turn }: BodyRequest): JsonObject {
  return { prompt: textsOf(turn).join(' '), model: turn.model, response_format: 'b64_json', n: 1 };
}

/** The image keeps its place behind the fields, whatever the extras are. */
function editBody(request: BodyRequest, options: BodyOptions): JsonObject {
  const [url = ''] = mediaValues(request.turn, 'image');
  const file = fileOf(url, 'image');
  const image: JsonObject = file === undefined ? { url } : { image: file };
  return { ...withExtras({ ...promptOf(request), ...image }, request, options), ...image };
}

function requireImage({ turn }: BodyRequest): void {
  if (mediaValues(turn, 'image').length === 0) {
    throw new UserError(
      'the request holds no image, which this endpoint type needs',
      'give each row an image, or add --image-batch-size 1',
    );
  }
}

/** A whole answer, or an event with one image. */
function readImages(unit: Json): Chunk | undefined {
  if (!isObject(unit)) return undefined;
  const { data, b64_json: single, usage } = unit;
  const images = Array.isArray(data) ? data.filter(isImage).length : isImage(unit) ? 1 : 0;
  if (images === 0 && !Array.isArray(data) && single === undefined && !hasMembers(usage)) return undefined;
  return {
    ...(images > 0 ? { counts: { images } } : {}),
    ...(hasMembers(usage) ? { usage } : {}),
  };
}

function isImage(item: Json): boolean {
  return (
    isObject(item) && [item.b64_json, item.url].some((value) => typeof value === 'string' && value !== '')
  );
}
