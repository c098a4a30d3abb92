import { describe, expect, it } from 'vitest';
import type { Conversation, Turn } from '../../src/dataset/conversation.js';
import { Answer } from '../../src/endpoint/answer.js';
import type { Endpoint } from '../../src/endpoint/endpoint.js';
import { knownInputTokens, makePayload, outputCapOf } from '../../src/endpoint/payload.js';
import { EventStreamParser } from '../../src/transport/event-stream.js';
import { joined } from '../../src/util/byte-pieces.js';
import { pictures, vectors } from './other-apis.js';

const options = { streaming: false, extraInputs: {}, legacyMaxTokens: false };

function requestOf(turn: Partial<Turn>) {
  const whole: Turn = { role: 'user', model: 'm', texts: [], ...turn };
  const conversation: Conversation = { sessionId: 's', turns: [whole], history: 'self-contained' };
  return { conversation, turn: whole, past: [] };
}

const texts = requestOf({
  texts: [{ name: 'text', contents: ['one', 'two'] }],
  inputTokens: 2,
  maxTokens: 9,
});
// The bytes ff 00 80 are no UTF-8.
const edit = requestOf({
  texts: [
    { name: 'text', contents: ['möre'] },
    { name: 'image', contents: ['/wCA'] },
  ],
});

function answerOf(endpoint: Endpoint, text: string, streamed = false): Answer {
  const answer = new Answer({ endpoint, streamEnd: 'marked', keepUnits: false });
  if (streamed) {
    const parser = new EventStreamParser(answer);
    const bytes = Buffer.from(text);
    parser.feed(bytes, 0, bytes.length, 5);
    parser.end();
  } else {
    answer.onWholeBody(text, 'application/json', 5, 'it is no JSON');
  }
  return answer;
}

describe('an API of vectors', () => {
  it('makes JSON whose input text is under its own key, and has no cap', () => {
    const payload = makePayload(vectors, texts, options);
    const { data, byteLength, contentType, model, outputCap } = payload;
    expect([data, byteLength, contentType]).toEqual([
      '{"model":"m","input":["one","two"]}',
      35,
      'application/json',
    ]);
    expect([model, outputCap]).toEqual(['m', undefined]);
    expect(payload.body()).toEqual({ model: 'm', input: ['one', 'two'] });
    expect(payload.inputText()).toBe('one two');
    expect(outputCapOf(vectors, { ...payload.body(), max_tokens: 9 })).toBeUndefined();
  });

  it('knows the input length unless an extra input sets the text', () => {
    expect(knownInputTokens(vectors, texts, options)).toBe(2);
    expect(knownInputTokens(vectors, texts, { ...options, extraInputs: { messages: [] } })).toBe(2);
    expect(knownInputTokens(vectors, texts, { ...options, extraInputs: { input: 'x' } })).toBeUndefined();
  });

  it('refuses a second turn', () => {
    expect(() => makePayload(vectors, { ...texts, follows: true }, options)).toThrow(
      'only supports one turn',
    );
  });

  it('counts vectors', () => {
    const answer = answerOf(
      vectors,
      '{"data":[{"embedding":[1]},{"embedding":[2]}],"usage":{"prompt_tokens":2}}',
    );
    expect(answer.error).toBeUndefined();
    expect(answer.counts).toEqual({ vectors: 2 });
    expect(answer.usage).toEqual({ prompt_tokens: 2 });
    expect([answer.output, answer.message, ...answer.contentNs]).toEqual([undefined, undefined, 5]);
  });

  it('says what an answer without any does not hold', () => {
    expect(answerOf(vectors, '{"data":[]}').error?.message).toBe(
      'InvalidInferenceResultError(\'Invalid inference result: No response held any content (vectors); received: {"data":[]}\')',
    );
  });
});

describe('an API of forms', () => {
  it('makes bytes with a content type of their own; files and records show objects', () => {
    const { body, data, byteLength, contentType, inputText } = makePayload(pictures, edit, {
      ...options,
      extraInputs: { model: 'other', n: 2 },
    });
    expect(body()).toEqual({
      prompt: 'möre',
      model: 'other',
      image: { b64_data: '/wCA', filename: 'image.png', content_type: 'image/png' },
      n: 2,
    });
    const head = (name: string, type: string, file = '') =>
      `--b\r\nContent-Type: ${type}\r\nContent-Disposition: form-data; name="${name}"${file}\r\n\r\n`;
    const plain = 'text/plain; charset=utf-8';
    const wanted = Buffer.concat([
      Buffer.from(`${head('prompt', plain)}möre\r\n${head('model', plain)}other\r\n`),
      Buffer.from(head('image', 'image/png', '; filename="image.png"')),
      Buffer.from([0xff, 0, 0x80]),
      Buffer.from(`\r\n${head('n', plain)}2\r\n--b--\r\n`),
    ]);
    expect(joined(data).equals(wanted)).toBe(true);
    expect([byteLength, contentType]).toEqual([wanted.length, 'multipart/form-data; boundary=b']);
    expect(inputText()).toBe('möre');
  });

  it('refuses a turn without its image', () => {
    expect(() => makePayload(pictures, texts, options)).toThrow('an image is missing');
  });

  it('counts images over the events of a stream, which ends with a word of its own', () => {
    const answer = answerOf(pictures, pictures.cannedAnswer(true, 16).join(''), true);
    expect(answer.error).toBeUndefined();
    expect(answer.counts).toEqual({ images: 2 });
    expect([answer.finishReason, answer.firstOutputNs, ...answer.contentNs]).toEqual(['completed', 5, 5, 5]);
  });
});
