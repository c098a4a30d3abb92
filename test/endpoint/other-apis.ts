import type { Endpoint } from '../../src/endpoint/endpoint.js';
import { withExtras } from '../../src/endpoint/payload.js';
import { UserError } from '../../src/util/errors.js';
import { isObject, type JsonObject } from '../../src/util/json.js';

// APIs that the program does not have yet, each different in all that an endpoint may be different in.

const noText = {
  cannedTexts: [
    { name: 'text', contents: ['blue'] },
    { name: 'image', contents: ['QQ=='] },
  ],

  media: [],
  canStream: false,
  producesTokens: false,
  hasSystemSlot: false,
  capKeys: [],
  streamTextKeys: [],
};

/** Texts in, vectors out. */
export const vectors: Endpoint = {
  ...noText,
  path: '/v1/embeddings',
  title: 'Embeddings Metrics',
  contentName: 'vectors',
  inputKeys: ['input'],
  checkTurn({ follows }) {
    if (follows) throw new UserError('Embeddings endpoint only supports one turn.');
  },
  body: (request, options) =>
    withExtras(
      { model: request.turn.model, input: request.turn.texts.flatMap(({ contents }) => contents) },
      request,
      options,
    ),
  read(unit) {
    if (!isObject(unit) || !Array.isArray(unit.data)) return undefined;
    const embeddings = unit.data.filter((item) => isObject(item) && Array.isArray(item.embedding));
    return {
      ...(embeddings.length > 0 ? { counts: { vectors: embeddings.length } } : {}),
      ...(isObject(unit.usage) ? { usage: unit.usage } : {}),
    };
  },
  cannedAnswer: () => ['{"object":"list","data":[{"object":"embedding","embedding":[0.5]}]}'],
  warnings: () => [],
};

/** A form with a file in, images out, in a stream if that is asked for. */
export const pictures: Endpoint = {
  ...noText,
  canStream: true,
  path: '/v1/images/edits',
  title: 'Image Edit Metrics',
  contentName: 'images',
  inputKeys: ['prompt'],
  checkTurn({ turn }) {
    if (!turn.texts.some(({ name }) => name === 'image')) throw new UserError('an image is missing');
  },
  body(request, options) {
    const named = (name: string) =>
      request.turn.texts.find((texts) => texts.name === name)?.contents[0] ?? '';
    const image = { b64_data: named('image'), filename: 'image.png', content_type: 'image/png' };
    return withExtras({ prompt: named('text'), model: request.turn.model, image }, request, options);
  },
  encode: (body) => ({
    data: Buffer.concat([
      ...Object.entries(body).map(([name, value]) => part(name, value)),
      Buffer.from('--b--\r\n'),
    ]),
    contentType: 'multipart/form-data; boundary=b',
  }),
  read(unit) {
    if (!isObject(unit)) return undefined;
    const { type } = unit;
    return {
      ...('b64_json' in unit ? { counts: { images: 1 } } : {}),
      ...(type === 'completed' ? { finishReason: type } : {}),
    };
  },
  cannedAnswer: (streaming) =>
    streaming
      ? ['data: {"type":"partial","b64_json":"QQ=="}\n\n', 'data: {"type":"completed","b64_json":"QQ=="}\n\n']
      : ['{"b64_json":"QQ=="}'],
  warnings: () => [],
};

function part(name: string, value: JsonObject[string]): Buffer {
  const isFile = isObject(value);
  const type = isFile ? value.content_type : 'text/plain; charset=utf-8';
  const file = isFile ? `; filename="${value.filename}"` : '';
  const head = `--b\r\nContent-Type: ${type}\r\nContent-Disposition: form-data; name="${name}"${file}\r\n\r\n`;
  const data = isFile ? Buffer.from(String(value.b64_data), 'base64') : Buffer.from(String(value));
  return Buffer.concat([Buffer.from(head), data, Buffer.from('\r\n')]);
}
