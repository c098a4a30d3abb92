import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { MediaItem, Turn } from '../../src/dataset/conversation.js';
import { Answer } from '../../src/endpoint/answer.js';
import type { Endpoint } from '../../src/endpoint/endpoint.js';
import { type EndpointType, endpoints, openEndpoint } from '../../src/endpoint/endpoints.js';
import { makePayload } from '../../src/endpoint/payload.js';
import { joined } from '../../src/util/byte-pieces.js';
import { wavFile } from '../../src/util/wav.js';
import { readStream, readWhole, summaryOf } from './read-answer.js';

const item = (kind: MediaItem['kind'], value: string): MediaItem => ({
  kind,
  name: '',
  value: () => value,
  seconds: () => undefined,
});
const png = item('image', 'data:image/png;base64,/wCA');
const wav = item('audio', 'wav,/wCA');

function payload(
  endpoint: Endpoint,
  media: readonly MediaItem[],
  options: { streaming?: boolean; extraInputs?: object } = {},
  more: Partial<Turn> = {},
) {
  const turn: Turn = { role: 'user', model: 'm', texts: [{ name: '', contents: ['a cat'] }], media, ...more };
  const conversation = { sessionId: 's', turns: [turn], history: 'self-contained' } as const;
  return makePayload(endpoint, { conversation, turn, past: [] }, {
    streaming: false,
    extraInputs: {},
    legacyMaxTokens: false,
    ...options,
  } as never);
}

/** A form with its boundary replaced, bytes as Latin-1. */
function formOf({ data, contentType }: ReturnType<typeof payload>): string {
  const boundary = /^multipart\/form-data; boundary=([0-9a-f]{32})$/.exec(contentType)?.[1] ?? 'none';
  return joined(data).toString('latin1').replaceAll(boundary, 'B');
}
const plain = (name: string, value: string) =>
  `--B\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
const file = (name: string, filename: string, type: string) =>
  `--B\r\nContent-Type: ${type}\r\nContent-Disposition: form-data; name="${name}"; filename="${filename}"\r\n\r\n\xff\x00\x80\r\n`;
const noContent = (contentName: string, received: string) =>
  `undefined: InvalidInferenceResultError('Invalid inference result: No response held any content (${contentName}); received: ${received}')`;

describe('media of other chat APIs', () => {
  it('are parts of a responses message', () => {
    expect(payload(endpoints.responses, [png, wav]).body().input).toEqual([
      {
        role: 'user',
        content: [
          { type: 'input_text', text: 'a cat' },
          { type: 'input_image', image_url: 'data:image/png;base64,/wCA' },
          { type: 'input_audio', input_audio: { data: '/wCA', format: 'wav' } },
        ],
        type: 'message',
      },
    ]);
  });

  it('are blocks of a messages message', () => {
    expect(payload(endpoints.messages, [png, item('image', 'http://host/a.png')]).body().messages).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'a cat' },
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: '/wCA' } },
          { type: 'image', source: { type: 'url', url: 'http://host/a.png' } },
        ],
      },
    ]);
  });
});

describe('large media', () => {
  /** As the threads share them: bytes at hand, in memory of its own. */
  const shared = (kind: MediaItem['kind'], head: string, bytes: number): MediaItem => {
    const value = `${head}${Buffer.alloc(bytes, kind).toString('base64')}`;
    const ascii = new Uint8Array(new SharedArrayBuffer(value.length));
    ascii.set(Buffer.from(value));
    return { ...item(kind, value), ascii: () => ascii };
  };
  const picture = shared('image', 'data:image/png;base64,', 30_000);
  const sound = shared('audio', 'wav,', 15_000);
  const link = item('image', 'https://host/é.png');
  const small = shared('image', 'data:image/jpeg;base64,', 300);

  it.each<[EndpointType, readonly MediaItem[]]>([
    ['chat', [picture, small, link, picture, sound, shared('video', 'data:video/mp4;base64,', 20_000)]],
    ['responses', [picture, sound]],
    ['messages', [link, picture, small]],
    ['chat_embeddings', [picture]],
    ['nim_embeddings', [picture]],
    ['image_retrieval', [small, picture]],
  ])('of %s are sent as they are, around the JSON text', (type, media) => {
    const text = 'a “cat” <0>';
    const made = payload(endpoints[type], media, {}, { texts: [{ name: '', contents: [text] }] });
    expect(made.data).toBeInstanceOf(Array);
    const sent = joined(made.data);
    expect(sent.toString()).toBe(JSON.stringify(made.body()));
    expect(made.byteLength).toBe(sent.length);
    for (const { value } of media) expect(sent.includes(value().slice(value().indexOf(',') + 1))).toBe(true);
    expect(made.inputText()).toBe(type === 'image_retrieval' ? '' : text);
  });

  it('of the history are, too, and are part of the hash', () => {
    const turn: Turn = { role: 'user', model: 'm', texts: [], media: [picture] };
    const conversation = { sessionId: 's', turns: [turn], history: 'live-answers' } as const;
    const request = { conversation, turn, past: [{ turn, answer: { content: 'a cat' } }] };
    const options = { streaming: false, extraInputs: {}, legacyMaxTokens: false, hashesBodies: true };
    const { data, sha256, body } = makePayload(endpoints.chat, request, options);
    expect(data).toHaveLength(5);
    expect(joined(data).toString()).toBe(JSON.stringify(body()));
    expect(sha256).toBe(createHash('sha256').update(joined(data)).digest('hex'));
  });

  it('go through a template, which may use their values', () => {
    const options = {
      streaming: false,
      extraInputs: { payload_template: '{"length": {{ image|length }}, "end": "{{ image[-4:] }}"}' },
    };
    const made = payload(
      openEndpoint('template', { legacyMaxTokens: false, ...options }),
      [picture],
      options,
    );
    // 22 characters of head, 40,000 of base64; "mage" ends in "Z2U=", 30,000 bytes are whole groups: "image" six thousand times.
    expect(made.data).toBe('{"length":40022,"end":"YWdl"}');
  });
});

describe('audio_transcription', () => {
  const { audio_transcription: endpoint } = endpoints;

  it('sends a form: the file, the model, then extras; no text', () => {
    const made = payload(endpoint, [wav], {
      extraInputs: { language: 'en', model: 'other', temperature: 0, file: 'x' },
    });
    expect(made.body()).toEqual({
      file: { b64_data: '/wCA', filename: 'audio.wav', content_type: 'audio/wav' },
      model: 'other',
      language: 'en',
      temperature: 0,
    });
    expect(formOf(made)).toBe(
      `${file('file', 'audio.wav', 'audio/wav')}${plain('model', 'other')}${plain('language', 'en')}${plain('temperature', '0')}--B--\r\n`,
    );
  });

  it('keeps a name in its header', () => {
    expect(formOf(payload(endpoint, [wav], { extraInputs: { 'a"\r\nb': true } }))).toContain(
      plain('a%22%0D%0Ab', 'true'),
    );
  });

  it.each([
    [[], 'the request holds no audio'],
    [[item('audio', 'http://host/a.wav')], 'takes no links'],
  ])('refuses %j', (media, message) => {
    expect(() => payload(endpoint, media)).toThrow(message);
  });

  it.each([
    [
      { text: 'a b', usage: { input_tokens: 3 } },
      { output: 'a b', usage: { input_tokens: 3 } },
    ],
    ['a b', { output: 'a b' }],
    ['42', { output: '42' }],
    ['"a"', { output: 'a' }],
    [{ text: '' }, { error: noContent('text', '{"text":""}') }],
    [' ', { error: noContent('text', ' ') }],
    [{ words: 1 }, { error: noContent('text', '{"words":1}') }],
  ])('reads %j', (body, found) => {
    expect(summaryOf(readWhole(endpoint, body))).toEqual(found);
  });
});

describe('image_generation', () => {
  const { image_generation: endpoint } = endpoints;

  it('sends the prompt, and `stream` only when it streams', () => {
    expect(payload(endpoint, [], { extraInputs: { n: 2, size: '64x64' } }).data).toBe(
      '{"prompt":"a cat","model":"m","response_format":"b64_json","n":2,"size":"64x64"}',
    );
    expect(payload(endpoint, [], { streaming: true }).data).toBe(
      '{"prompt":"a cat","model":"m","response_format":"b64_json","n":1,"stream":true}',
    );
  });

  it.each([
    [
      {
        created: 1,
        data: [{ b64_json: 'QQ==' }, { url: 'http://x', revised_prompt: 'p' }],
        usage: { input_tokens: 3 },
      },
      { counts: { images: 2 }, usage: { input_tokens: 3 } },
    ],
    [{ data: [] }, { error: noContent('images', '{"data":[]}') }],
    [{ created: 1 }, { error: noContent('images', '{"created":1}') }],
    [{ data: [{ b64_json: '' }] }, { error: noContent('images', '{"data":[{"b64_json":""}]}') }],
  ])('reads %j', (body, found) => {
    expect(summaryOf(readWhole(endpoint, body))).toEqual(found);
  });

  it('reads a stream of images up to the last', () => {
    const answer = readStream(endpoint, [
      { data: { type: 'image_generation.partial_image', b64_json: 'QQ==' } },
      { data: { type: 'image_generation.completed', b64_json: 'QQ==', usage: { output_tokens: 9 } } },
    ]);
    expect(summaryOf(answer)).toEqual({ counts: { images: 2 }, usage: { output_tokens: 9 } });
    expect([...answer.contentNs]).toEqual([1, 2]);
  });
});

describe('image_edit', () => {
  const { image_edit: endpoint } = endpoints;

  it('sends a form: fields, the first image, then extras', () => {
    const made = payload(endpoint, [png, png], { extraInputs: { size: '64x64', n: 3, image: 'x' } });
    expect(formOf(made)).toBe(
      `${plain('prompt', 'a cat')}${plain('model', 'm')}${plain('response_format', 'b64_json')}${plain('n', '3')}` +
        `${file('image', 'image.png', 'image/png')}${plain('size', '64x64')}--B--\r\n`,
    );
  });

  it('sends a link as a field', () => {
    expect(payload(endpoint, [item('image', 'http://host/a.png')]).body()).toMatchObject({
      url: 'http://host/a.png',
    });
  });

  it('refuses a request without an image', () => {
    expect(() => payload(endpoint, [])).toThrow('the request holds no image, which this endpoint type needs');
  });
});

describe('image_retrieval', () => {
  const { image_retrieval: endpoint } = endpoints;

  it('sends images alone, and no model', () => {
    expect(payload(endpoint, [png, png]).data).toBe(
      '{"input":[{"type":"image_url","url":"data:image/png;base64,/wCA"},{"type":"image_url","url":"data:image/png;base64,/wCA"}]}',
    );
  });

  it('refuses links', () => {
    expect(() => payload(endpoint, [item('image', 'http://host/a.png')])).toThrow('takes no links');
  });

  it.each([
    [{ data: [{ x: 1 }] }, { counts: { images: 1 } }],
    [{ data: [] }, { error: noContent('data', '{"data":[]}') }],
    [{ boxes: [] }, { error: noContent('data', '{"boxes":[]}') }],
  ])('reads %j', (body, found) => {
    expect(summaryOf(readWhole(endpoint, body))).toEqual(found);
  });
});

describe('video_generation', () => {
  const { video_generation: endpoint } = endpoints;
  const downloading = openEndpoint('video_generation', {
    streaming: false,
    extraInputs: {},
    legacyMaxTokens: false,
    downloadContent: true,
  });

  it('sends a form with the prompt', () => {
    expect(formOf(payload(endpoint, [], { extraInputs: { seconds: 2 } }))).toBe(
      `${plain('prompt', 'a cat')}${plain('model', 'm')}${plain('seconds', '2')}--B--\r\n`,
    );
  });

  it('asks again until the job is done', () => {
    const pending = readWhole(endpoint, { id: 'a/b', status: 'queued', error: null });
    expect(pending.followUp).toEqual({ path: '/a%2Fb', everyMs: 100 });
    const done = readWhole(endpoint, {
      id: 'a',
      status: 'completed',
      inference_time_s: 1.25,
      peak_memory_mb: 2,
    });
    expect(done.followUp).toBeUndefined();
    expect(summaryOf(done)).toEqual({
      counts: { videos: 1 },
      usage: { inference_time_s: 1.25, peak_memory_mb: 2 },
    });
  });

  it('fetches the video where that is asked for', () => {
    const done = readWhole(downloading, { id: 'a', status: 'completed' });
    expect(done.followUp).toEqual({ path: '/a/content', everyMs: 0 });
    expect(summaryOf(readWhole(downloading, 'bytes of a video'))).toEqual({ counts: { videos: 1 } });
  });

  it.each([
    [{ id: 'a', status: 'failed', error: { message: 'no gpu' } }, 'no gpu'],
    [{ error: 'overloaded' }, 'overloaded'],
  ])('reads %j as a failed job', (body, reason) => {
    const { followUp, error } = readWhole(endpoint, body);
    expect(followUp).toBeUndefined();
    expect(error).toEqual({
      code: 500,
      type: 'VideoGenerationError',
      message: `Video generation failed: ${reason}`,
    });
  });
});

describe('audio_speech', () => {
  const { audio_speech: endpoint } = endpoints;
  const answerOf = (contentType: string, ...reads: readonly Buffer[]) => {
    const answer = new Answer({ endpoint, streamEnd: 'marked', keepUnits: false });
    const audio = answer.openAudio(contentType);
    reads.forEach((bytes, place) => {
      audio?.feed(bytes, 0, bytes.length, place + 1);
    });
    return answer;
  };

  it('sends the text, a voice and a format whose length is known', () => {
    expect(payload(endpoint, [], { extraInputs: { voice: 'nova' } }).data).toBe(
      '{"model":"m","input":"a cat","voice":"nova","response_format":"wav"}',
    );
  });

  it('takes the time of every read', () => {
    const answer = answerOf('audio/pcm', Buffer.alloc(24_000), Buffer.alloc(24_000));
    expect([...answer.contentNs]).toEqual([1, 2]);
    expect([answer.error, answer.counts, answer.audioSeconds, answer.lastUnitNs]).toEqual([
      undefined,
      { audio: 1 },
      1,
      2,
    ]);
  });

  it('knows the length of WAV audio, read in pieces, and not of MP3', () => {
    const wavBytes = wavFile(new Float32Array(4000), { rate: 8000, depth: 16, channels: 1 });
    expect(answerOf('audio/wav', wavBytes.subarray(0, 20), wavBytes.subarray(20)).audioSeconds).toBe(0.5);
    expect(answerOf('audio/mpeg', Buffer.alloc(9)).audioSeconds).toBeUndefined();
  });

  it('fails without audio', () => {
    expect(answerOf('audio/wav').error?.message).toContain('No responses were received');
    expect(summaryOf(readWhole(endpoint, { error: { message: 'no voice' } })).error).toBe('502: no voice');
  });
});
