import { describe, expect, it } from 'vitest';
import type { Conversation, MediaItem, Turn } from '../../src/dataset/conversation.js';
import type { BodyOptions } from '../../src/endpoint/endpoint.js';
import { endpoints } from '../../src/endpoint/endpoints.js';
import { headerMaker, redactedHeaders } from '../../src/endpoint/headers.js';
import { bodyOf, inputTextOf, makePayload } from '../../src/endpoint/payload.js';
import { requestTarget } from '../../src/endpoint/url.js';
import type { JsonObject } from '../../src/util/json.js';

const turn = (text: string, more: Partial<Turn> = {}): Turn => ({
  role: 'user',
  texts: [{ name: 'text', contents: [text] }],
  model: 'm',
  ...more,
});
const conversation = (turns: readonly Turn[], more: Partial<Conversation> = {}): Conversation => ({
  sessionId: 's',
  turns,
  history: 'live-answers',
  ...more,
});
const options: BodyOptions = { streaming: true, extraInputs: {}, legacyMaxTokens: false };
const body = (
  t: Turn,
  opts: Partial<BodyOptions> = {},
  more: Partial<Conversation> = {},
  endpoint: 'chat' | 'completions' = 'chat',
) =>
  bodyOf(endpoints[endpoint], { conversation: conversation([t], more), turn: t, past: [] }, {
    ...options,
    ...opts,
  } as never);

describe('bodies', () => {
  it('orders the keys of a streamed chat body', () => {
    expect(JSON.stringify(body(turn('Name three rivers.', { maxTokens: 500 })))).toBe(
      '{"messages":[{"role":"user","content":"Name three rivers."}],"model":"m","stream":true,"max_completion_tokens":500,"stream_options":{"include_usage":true}}',
    );
  });

  it('sends no stream options when it does not stream, and max_tokens when asked for', () => {
    expect(body(turn('x', { maxTokens: 5 }), { streaming: false, legacyMaxTokens: true })).toEqual({
      messages: [{ role: 'user', content: 'x' }],
      model: 'm',
      stream: false,
      max_tokens: 5,
    });
  });

  it('merges extra inputs, then the entry, on the top level; stream options follow the finished body', () => {
    expect(
      body(turn('x', { extra: { temperature: 1 } }), {
        extraInputs: { temperature: 0, stream: false, nvext: { a: 1 } },
      }),
    ).toEqual({
      messages: [{ role: 'user', content: 'x' }],
      model: 'm',
      stream: false,
      temperature: 1,
      nvext: { a: 1 },
    });
    expect(
      body(turn('x'), { extraInputs: { stream_options: { include_usage: false, other: 1 } } }).stream_options,
    ).toEqual({
      include_usage: false,
      other: 1,
    });
    expect(body(turn('x'), { extraInputs: { stream_options: null } }).stream_options).toEqual({
      include_usage: true,
    });
  });

  it('asks a chat for the usage in every chunk', () => {
    const perChunk = { perChunkUsage: true };
    expect(body(turn('x'), perChunk).stream_options).toEqual({
      include_usage: true,
      continuous_usage_stats: true,
    });
    expect(body(turn('x'), { ...perChunk, streaming: false })).not.toHaveProperty('stream_options');
  });

  it('sends a completions prompt as a string, and several texts as a list', () => {
    expect(body(turn('p', { maxTokens: 8 }), {}, {}, 'completions')).toEqual({
      prompt: 'p',
      model: 'm',
      stream: true,
      max_tokens: 8,
      stream_options: { include_usage: true },
    });
    expect(
      body({ ...turn(''), texts: [{ name: 'text', contents: ['a', '', 'b'] }] }, {}, {}, 'completions')
        .prompt,
    ).toEqual(['a', 'b']);
  });

  it('sends token ids as the prompt of a completion, and several prompts as a list of lists', () => {
    const ids = (tokenIds: number[][]) => body(turn('', { texts: [], tokenIds }), {}, {}, 'completions');
    expect(ids([[5, 6, 7]]).prompt).toEqual([5, 6, 7]);
    expect(ids([[5, 6], [7]]).prompt).toEqual([[5, 6], [7]]);
  });

  it('counts the token ids of a recorded body', () => {
    const inputIds = (payload: JsonObject) => {
      const recorded = turn('', { texts: [], payload });
      const request = { conversation: conversation([recorded]), turn: recorded, past: [] };
      return makePayload(endpoints.completions, request, options).inputIds();
    };
    expect(inputIds({ prompt: [5, 6, 7] })).toBe(3);
    expect(inputIds({ prompt: [[5, 6], [7]], input: [1] })).toBe(4);
    expect(inputIds({ prompt: 'text', n: [1, 2] })).toBe(0);
  });

  it('puts the history in front: each turn, then its live answer', () => {
    const turns = [turn('one'), turn('two'), turn('three')];
    const [one, two, three] = turns as [Turn, Turn, Turn];
    const made = bodyOf(
      endpoints.chat,
      {
        conversation: conversation(turns, { systemMessage: 'be brief' }),
        turn: three,
        past: [
          { turn: one, answer: { content: 'first answer' } },
          { turn: two, answer: { content: 'second' } },
        ],
      },
      options,
    );
    expect(made.messages).toEqual([
      { role: 'system', content: 'be brief' },
      { role: 'user', content: 'one' },
      { role: 'assistant', content: 'first answer' },
      { role: 'user', content: 'two' },
      { role: 'assistant', content: 'second' },
      { role: 'user', content: 'three' },
    ]);
    expect(inputTextOf(endpoints.chat, made)).toBe('be brief one first answer two second three');
  });

  it('replays tool calls', () => {
    const call = { id: 'c1', type: 'function', function: { name: 'f', arguments: '{}' } };
    const made = bodyOf(
      endpoints.chat,
      {
        conversation: conversation([turn('a'), turn('b')]),
        turn: turn('b'),
        past: [{ turn: turn('a'), answer: { content: '', toolCalls: [call] } }],
      },
      options,
    );
    expect(made.messages).toEqual([
      { role: 'user', content: 'a' },
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'user', content: 'b' },
    ]);
    expect(inputTextOf(endpoints.chat, made)).toBe('a f {} b');
  });

  it('joins the system text to an authored system message', () => {
    const recorded = turn('', {
      messages: [
        { role: 'system', content: 'authored' },
        { role: 'user', content: 'q' },
      ],
    });
    expect(body(recorded, {}, { systemMessage: 'ours' }).messages).toEqual([
      { role: 'system', content: 'ours\n\nauthored' },
      { role: 'user', content: 'q' },
    ]);
  });

  it('sends a recorded payload as it is', () => {
    const payload = { messages: [{ role: 'user', content: 'x' }], stream: true };
    expect(body(turn('', { payload }), { extraInputs: { a: 1 } })).toEqual(payload);
  });

  it('refuses a second turn and a message array for completions', () => {
    const two = turn('two');
    expect(() =>
      bodyOf(
        endpoints.completions,
        { conversation: conversation([two, two]), turn: two, past: [], follows: true },
        options,
      ),
    ).toThrow('one turn a request');
    expect(() => body(turn('', { messages: [{ role: 'user' }] }), {}, {}, 'completions')).toThrow(
      'message array',
    );
  });
});

describe('requestTarget', () => {
  const url = (base: string, path = '/v1/chat/completions') => {
    const target = requestTarget(base, path);
    return `${target.protocol}//${target.host}:${target.port}${target.path}`;
  };
  it.each([
    ['host:8000', undefined, 'http://host:8000/v1/chat/completions'],
    ['https://h/v1', undefined, 'https://h:443/v1/chat/completions'],
    ['http://h/x/', '/my/path', 'http://h:80/x/my/path'],
    ['http://h/v1/chat/completions', undefined, 'http://h:80/v1/chat/completions'],
    ['http://h:1/a?k=v', 'b', 'http://h:1/a/b?k=v'],
    ['http://h', '', 'http://h:80/'],
    ['http://[::1]:9', '', 'http://::1:9/'],
  ])('%s + %s', (base, path, expected) => {
    expect(url(base, path)).toBe(expected);
  });
});

describe('headers', () => {
  const base = {
    userAgent: 'aiperf/1',
    streaming: true,
    extra: {},
    sessionHeader: 'X-Correlation-ID',
    routingHeaders: ['X-Session-Affinity', 'X-SMG-Routing-Key'],
  };
  it('sends ids, the media types and the headers of routers', () => {
    expect(headerMaker(base)('r1', 'c1', 'application/json')).toEqual([
      'User-Agent',
      'aiperf/1',
      'X-Request-ID',
      'r1',
      'X-Correlation-ID',
      'c1',
      'Accept',
      'text/event-stream',
      'Content-Type',
      'application/json',
      'X-Session-Affinity',
      'c1',
      'X-SMG-Routing-Key',
      'c1',
    ]);
  });
  it('lets --header replace ids but not the media types, and the key win over both', () => {
    const made = headerMaker({
      ...base,
      streaming: false,
      extra: { 'x-request-id': 'mine', authorization: 'Basic x', accept: 'text/plain', 'X-Team': 'a' },
      apiKey: 'k',
      routingHeaders: [],
      sessionHeader: 'X-Session',
    })('r', 'c', 'application/json');
    expect(made).toEqual([
      'User-Agent',
      'aiperf/1',
      'x-request-id',
      'mine',
      'X-Session',
      'c',
      'Authorization',
      'Bearer k',
      'Accept',
      'application/json',
      'X-Team',
      'a',
      'Content-Type',
      'application/json',
    ]);
  });
  it('hides secrets and shows the correlation id', () => {
    expect(
      redactedHeaders([
        'Authorization',
        'Bearer k',
        'X-Correlation-ID',
        'c',
        'X-Session-Affinity',
        'c',
        'api-key',
        'z',
      ]),
    ).toEqual({
      Authorization: '<redacted>',
      'X-Correlation-ID': 'c',
      'X-Session-Affinity': 'c',
      'api-key': '<redacted>',
    });
  });
});

describe('media of a chat message', () => {
  const item = (kind: MediaItem['kind'], value: string): MediaItem => ({
    kind,
    name: '',
    value: () => value,
    seconds: () => undefined,
  });
  const content = (media: readonly MediaItem[], text = 'What?') =>
    (body(turn(text, { media })).messages as { content: unknown }[])[0]?.content;

  it('are parts behind the texts', () => {
    const media = [
      item('image', 'data:image/png;base64,QQ=='),
      item('audio', 'wav,UklG'),
      item('audio', 'data:audio/mp3;base64,SUQz'),
      item('video', 'http://host/v.mp4'),
    ];
    const parts = [
      { type: 'image_url', image_url: { url: 'data:image/png;base64,QQ==' } },
      { type: 'input_audio', input_audio: { data: 'UklG', format: 'wav' } },
      { type: 'input_audio', input_audio: { data: 'SUQz', format: 'mp3' } },
      { type: 'video_url', video_url: { url: 'http://host/v.mp4' } },
    ];
    expect(content(media)).toEqual([{ type: 'text', text: 'What?' }, ...parts]);
    expect(content(media, '')).toEqual(parts);
    expect(inputTextOf(endpoints.chat, body(turn('What?', { media })))).toBe('What?');
  });

  it('cannot be a link to audio', () => {
    expect(() => content([item('audio', 'http://host/a.wav')])).toThrow(
      'audio must be <format>,<base64> or a data URL, got http://host/a.wav',
    );
  });
});
