import { isObject, type JsonObject } from '../../util/json.js';
import { badRequest } from '../refusal.js';
import { type AnswerForm, type AskedReader, asciiJson, frame, streamEnd, type UsageCounts } from './api.js';

/** A PNG image of one pixel, in base64. */
const pixel =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

/** `/v1/images/generations` */
export const readImageGeneration: AskedReader = (body) => {
  if (typeof body.prompt !== 'string')
    return badRequest('prompt is missing or has the wrong form.', 'prompt');
  return { form: imagesForm(body), prompt: body.prompt, ...tokenless, stream: body.stream === true };
};

/** `/v1/images/edits` */
export const readImageEdit: AskedReader = (body) => {
  if (typeof body.prompt !== 'string')
    return badRequest('prompt is missing or has the wrong form.', 'prompt');
  if (!isFile(body.image) && typeof body.url !== 'string') return badRequest('image is missing.', 'image');
  return { form: imagesForm(body), prompt: body.prompt, ...tokenless };
};

/** `/v1/infer` */
export const readImageRetrieval: AskedReader = (body) => {
  const { input } = body;
  if (
    !Array.isArray(input) ||
    input.length === 0 ||
    !input.every((item) => isObject(item) && typeof item.url === 'string')
  ) {
    return badRequest('input must be a list of images.', 'input');
  }
  const data = input.map((_, index) => ({
    index,
    bounding_boxes: { table: [{ x_min: 0.1, y_min: 0.2, confidence: 0.9 }] },
  }));
  return { form: { ...wholeForm, whole: () => asciiJson({ data }) }, prompt: '', ...tokenless };
};

/** `/v1/audio/transcriptions` */
export const readTranscription: AskedReader = (body) => {
  if (!isFile(body.file)) return badRequest('file is missing.', 'file');
  const form: AnswerForm = {
    ...wholeForm,
    idPrefix: 'transcript',
    generates: true,
    whole: (_dialect, _name, { content }, _reason, usage) =>
      asciiJson({ text: content, ...(usage && { usage: usageOf(usage) }) }),
  };
  return { form, prompt: '', ...tokenless };
};

const tokenless = { stream: false, includeUsage: true };

const wholeForm: AnswerForm = {
  idPrefix: 'media',
  generates: false,
  reasons: false,
  stream: () => {
    throw new Error('the API does not stream');
  },
  whole: () => '',
};

function imagesForm({ n }: JsonObject): AnswerForm {
  const data = Array.from({ length: Math.max(1, Number(n ?? 1)) }, () => ({ b64_json: pixel }));
  return {
    ...wholeForm,
    idPrefix: 'img',
    stream: () => ({
      opening: event({ type: 'image_generation.partial_image', partial_image_index: 0, b64_json: pixel }),
      content: () => '',
      reasoning: () => '',
      last: (_text, _isReasoning, _reason, usage) =>
        event({
          type: 'image_generation.completed',
          b64_json: pixel,
          ...(usage && { usage: usageOf(usage) }),
        }) + streamEnd,
    }),
    whole: (_dialect, { created }, _text, _reason, usage) =>
      asciiJson({ created, data, ...(usage && { usage: usageOf(usage) }) }),
  };
}

function event(data: { readonly type: string } & JsonObject): string {
  return frame(`event: ${data.type}\ndata: ${asciiJson(data)}`);
}

function usageOf({ promptTokens, completionTokens }: UsageCounts): JsonObject {
  return {
    input_tokens: promptTokens,
    output_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  };
}

function isFile(value: unknown): boolean {
  return isObject(value) && 'filename' in value;
}
