import { describe, expect, it } from 'vitest';
import type { Conversation, NamedTexts, Turn } from '../../src/dataset/conversation.js';
import { Answer } from '../../src/endpoint/answer.js';
import { endpoints } from '../../src/endpoint/endpoints.js';
import { bodyOf, inputTextOf, makePayload } from '../../src/endpoint/payload.js';
import { withoutNumbers } from '../../src/endpoint/vectors.js';
import type { JsonObject } from '../../src/util/json.js';
import { readStream, readWhole, summaryOf } from './read-answer.js';

const { embeddings, chat_embeddings, nim_embeddings, solido_rag, sglang_generate, raw } = endpoints;
const { nim_rankings, cohere_rankings, hf_tei_rankings } = endpoints;

function bodyFor(
  endpoint: (typeof endpoints)[keyof typeof endpoints],
  turn: Partial<Turn>,
  extraInputs: JsonObject = {},
  follows = false,
): string {
  const whole: Turn = { role: 'user', model: 'm', texts: [], ...turn };
  const conversation: Conversation = { sessionId: 's', turns: [whole], history: 'live-answers' };
  return JSON.stringify(
    bodyOf(
      endpoint,
      { conversation, turn: whole, past: [], follows },
      { streaming: true, extraInputs, legacyMaxTokens: false },
    ),
  );
}

const texts = (...contents: string[]): NamedTexts[] => [{ name: 'text', contents }];
const image = (url: string) => ({
  kind: 'image' as const,
  name: 'image',
  value: () => url,
  seconds: () => undefined,
});

describe('embeddings', () => {
  it('sends a list of texts, extras behind, and no cap', () => {
    expect(bodyFor(embeddings, { texts: texts('a'), maxTokens: 5 }, { dimensions: 3 })).toBe(
      '{"model":"m","input":["a"],"dimensions":3}',
    );
    expect(bodyFor(embeddings, { texts: texts('a', 'b') })).toBe('{"model":"m","input":["a","b"]}');
    expect(() => bodyFor(embeddings, { texts: texts('a') }, {}, true)).toThrow(
      'Embeddings endpoint only supports one turn.',
    );
  });

  it('refuses a message array, of which it would send nothing', () => {
    const messages = [{ role: 'user', content: 'a' }];
    for (const endpoint of [embeddings, nim_embeddings])
      expect(() => bodyFor(endpoint, { messages })).toThrow('cannot send a message array');
  });

  it('pairs texts with images where NIM takes both', () => {
    const media = [image('data:image/png;base64,QQ=='), image('http://h/b.png')];
    expect(JSON.parse(bodyFor(nim_embeddings, { texts: texts('a', 'b'), media })).input).toEqual([
      'a data:image/png;base64,QQ==',
      'b http://h/b.png',
    ]);
    expect(JSON.parse(bodyFor(nim_embeddings, { media })).input).toEqual([
      'data:image/png;base64,QQ==',
      'http://h/b.png',
    ]);
    expect(() => bodyFor(nim_embeddings, { texts: texts('a'), media })).toThrow(
      'a turn has 1 texts and 2 images',
    );
  });

  it('sends a chat that does not stream', () => {
    expect(bodyFor(chat_embeddings, { texts: texts('a'), maxTokens: 5 })).toBe(
      '{"messages":[{"role":"user","content":"a"}],"model":"m","stream":false}',
    );
  });

  const vector = { object: 'embedding', index: 0, embedding: [0.1, 0.2] };
  const usage = { prompt_tokens: 7, total_tokens: 7 };

  it.each<[string, unknown, object]>([
    ['numbers', { data: [vector, vector], usage }, { counts: { vectors: 2 }, usage }],
    ['items without object', { data: [{ embedding: [1] }] }, { counts: { vectors: 1 } }],
    // Two floats are eight bytes: eleven characters and one of padding.
    ['base64', { data: [{ embedding: 'AACAPwAAAEA=' }] }, { counts: { vectors: 1 } }],
    ['base64 without padding', { data: [{ embedding: 'AACAPwAAAEA' }] }, { counts: { vectors: 1 } }],
  ])('reads %s', (_, body, expected) => {
    expect(summaryOf(readWhole(embeddings, body))).toEqual(expected);
  });

  it.each<[unknown, string]>([
    [{ data: [vector, { object: 'x' }] }, '502: data[1] of the response is no embedding but object "x"'],
    [
      { data: [{ embedding: 'AACAPwAAA' }] },
      '502: data[0].embedding of the response is truncated: 9 characters of base64 hold no whole number of 32-bit floats',
    ],
    [
      { data: [{ embedding: 'AACAPwAAAE=' }] },
      '502: data[0].embedding of the response is truncated: 11 characters of base64 hold no whole number of 32-bit floats',
    ],
  ])('fails %j', (body, error) => {
    expect(summaryOf(readWhole(embeddings, body)).error).toBe(error);
  });

  it.each([{ data: [] }, { data: [{ object: 'embedding' }] }, { embedding: [1] }, [0.1, 0.2], 'text'])(
    'finds no vector in %j',
    (body) => {
      expect(readWhole(embeddings, body).error?.type).toBe('InvalidInferenceResultError');
    },
  );

  it('finds vectors at the top of an answer to a chat', () => {
    expect(readWhole(chat_embeddings, { embedding: [0.1] }).counts).toEqual({ vectors: 1 });
    expect(readWhole(chat_embeddings, { embeddings: [[0.1], [0.2]] }).counts).toEqual({ vectors: 2 });
  });

  it('leaves out the numbers of a long body and nothing else', () => {
    const many = Array.from({ length: 300 }, (_, place) => place / 7);
    const body = {
      data: [
        { index: 0, embedding: many },
        { embedding: many, index: 1 },
      ],
      usage,
    };
    const shortened = {
      data: [
        { index: 0, embedding: [0] },
        { embedding: [0], index: 1 },
      ],
      usage,
    };
    for (const text of [JSON.stringify(body), JSON.stringify(body, null, 1)])
      expect(JSON.parse(withoutNumbers(Buffer.from(text)) ?? '')).toEqual(shortened);
    // What is no JSON, or another shape, is left to the parser.
    const strange = [
      JSON.stringify({ embedding: [many] }),
      JSON.stringify({ embedding: [], more: many }),
      `{"embedding":[NaN,${many.join(',')}]}`,
      JSON.stringify(body).slice(0, -600),
      `{"embedding":[${many.join(',')}`,
    ];
    const kept = strange.filter((text) => withoutNumbers(Buffer.from(text)) === undefined);
    // A body that is cut within a list is left as it is; one that is cut behind a list stays broken.
    expect(kept.length).toBe(strange.length);
    expect(readWhole(embeddings, JSON.stringify(body).slice(0, -5)).error?.type).toBe(
      'InvalidInferenceResultError',
    );
  });

  it('reads a long body without its numbers, and all of one that is no plain answer', () => {
    const long = { object: 'embedding', embedding: Array.from({ length: 300 }, (_, place) => place / 7) };
    const whole = (body: object, keepUnits = false) => {
      const answer = new Answer({ endpoint: embeddings, streamEnd: 'marked', keepUnits });
      return [answer.onShortenedBody(Buffer.from(JSON.stringify(body)), 5), answer] as const;
    };
    const [isRead, answer] = whole({ data: [long, long], usage });
    expect([isRead, answer.counts, answer.usage, answer.lastUnitNs, [...answer.contentNs]]).toEqual([
      ...[true, { vectors: 2 }, usage, 5, [5]],
    ]);
    for (const body of [
      { data: [long, { ...long, object: 'x' }] },
      { data: [long], error: { message: 'no' } },
      { embedding: long.embedding },
    ]) {
      const [wasRead, { counts, error }] = whole(body);
      expect([wasRead, counts, error?.type]).toEqual([false, undefined, 'InvalidInferenceResultError']);
    }
    // The raw export keeps the text.
    expect(whole({ data: [long, long] }, true)[0]).toBe(false);
    expect(readWhole(embeddings, { data: [{ ...long, object: 'x' }] }).error?.message).toBe(
      'data[0] of the response is no embedding but object "x"',
    );
  });
});

describe('rankings', () => {
  const ranking: NamedTexts[] = [
    { name: 'query', contents: ['q'] },
    { name: 'passages', contents: ['a', 'b'] },
    { name: 'other', contents: ['c'] },
  ];

  it.each([
    [nim_rankings, '{"model":"m","query":{"text":"q"},"passages":[{"text":"a"},{"text":"b"}]}'],
    [cohere_rankings, '{"model":"m","query":"q","documents":["a","b"],"top_n":2}'],
    [hf_tei_rankings, '{"query":"q","texts":["a","b"]}'],
  ])('sends the query and the passages', (endpoint, body) => {
    const extras: JsonObject = endpoint === cohere_rankings ? { top_n: 2 } : {};
    expect(bodyFor(endpoint, { texts: ranking, maxTokens: 5 }, extras)).toBe(body);
    expect(inputTextOf(endpoint, JSON.parse(body))).toBe('q a b');
  });

  it('takes the first of several queries, and refuses a turn without one', () => {
    const queries = [{ name: 'queries', contents: ['first', 'second'] }];
    expect(bodyFor(hf_tei_rankings, { texts: queries })).toBe('{"query":"first","texts":[]}');
    expect(() => bodyFor(hf_tei_rankings, { texts: texts('a') })).toThrow(
      'a ranking needs a text named query (or queries), and a turn has none',
    );
  });

  it.each([
    [nim_rankings, { rankings: [{ index: 0, logit: 1 }] }],
    [cohere_rankings, { results: [{ index: 0 }] }],
    [hf_tei_rankings, [{ index: 0, score: 1 }]],
    [hf_tei_rankings, { results: [{ index: 0, score: 1 }] }],
  ])('counts scores', (endpoint, body) => {
    expect(summaryOf(readWhole(endpoint, body))).toEqual({ counts: { scores: 1 } });
  });

  it.each([
    [nim_rankings, { rankings: [] }],
    [nim_rankings, { results: [{ index: 0 }] }],
    [nim_rankings, [{ index: 0 }]],
    [cohere_rankings, { results: [] }],
    [hf_tei_rankings, []],
    [hf_tei_rankings, { rankings: [{ index: 0 }] }],
  ])('fails an answer without scores', (endpoint, body) => {
    expect(readWhole(endpoint, body).error?.type).toBe('InvalidInferenceResultError');
  });
});

describe('solido_rag', () => {
  it('sends no cap and reads content alone', () => {
    expect(bodyFor(solido_rag, { texts: texts('a'), maxTokens: 5 })).toBe(
      '{"query":["a"],"filters":{"family":"Solido","tool":"SDE"},"inference_model":"m"}',
    );
    expect(summaryOf(readWhole(solido_rag, { content: 'a b', sources: [] }))).toEqual({ output: 'a b' });
    const stream = readStream(solido_rag, [{ data: { content: 'a' } }, { data: { sources: ['x'] } }]);
    expect(summaryOf(stream)).toEqual({ output: 'a' });
    expect(readWhole(solido_rag, { content: '', sources: ['x'] }).error?.type).toBe(
      'InvalidInferenceResultError',
    );
  });
});

describe('the batch size of a body', () => {
  it.each([
    ['embeddings', { input: ['a', 'b'] }, 2],
    ['embeddings', { input: 'a' }, 1],
    ['embeddings', { input: [5, 6, 7] }, 1],
    ['nim_embeddings', { input: ['a'] }, 1],
    ['nim_rankings', { passages: [{ text: 'a' }, { text: 'b' }, { text: 'c' }] }, 3],
    ['cohere_rankings', { documents: ['a', 'b'] }, 2],
    ['hf_tei_rankings', { texts: [] }, 0],
    ['chat', { messages: [] }, undefined],
  ] as const)('of %s %j is %s', (type, payload, size) => {
    const turn = { role: 'user', texts: [], model: 'm', payload: payload as never };
    const conversation = { sessionId: 's', turns: [turn], history: 'self-contained' } as const;
    const options = { streaming: false, extraInputs: {}, legacyMaxTokens: false };
    expect(makePayload(endpoints[type], { conversation, turn, past: [] }, options).batchSize).toBe(size);
  });
});

describe('sglang_generate', () => {
  it('sorts extras into sampling parameters and keys of the request', () => {
    expect(
      bodyFor(
        sglang_generate,
        { texts: texts('a'), maxTokens: 5 },
        { ignore_eos: true, return_logprob: true },
      ),
    ).toBe(
      '{"text":"a","sampling_params":{"max_new_tokens":5,"ignore_eos":true},"stream":true,"return_logprob":true}',
    );
  });

  it('reads what it reports of speculative decoding', () => {
    const meta = { prompt_tokens: 3, completion_tokens: 12, finish_reason: { type: 'length' } };
    const spec = { spec_verify_ct: 4, spec_draft_token_num: 12, spec_accept_token_num: 8, spec_ratio: 1 };
    expect(readWhole(sglang_generate, { text: 'a', meta_info: { ...meta, ...spec } }).usage).toEqual({
      prompt_tokens: 3,
      completion_tokens: 12,
      cached_tokens: null,
      spec_verify_ct: 4,
      spec_draft_token_num: 12,
      spec_accept_token_num: 8,
    });
  });

  it('sends token ids in place of a text', () => {
    expect(bodyFor(sglang_generate, { texts: [], tokenIds: [[8, 9]] })).toBe(
      '{"input_ids":[8,9],"sampling_params":{},"stream":true}',
    );
  });

  const unit = (text: string, tokens: number, more: JsonObject = {}, finish: JsonObject | null = null) => ({
    data: {
      text,
      ...more,
      meta_info: { prompt_tokens: 3, completion_tokens: tokens, finish_reason: finish, cached_tokens: 1 },
    },
  });

  it('reads what is new in events that hold all text so far', () => {
    const answer = readStream(sglang_generate, [
      unit('1', 1),
      unit('11', 2),
      unit('11', 2),
      unit('111', 3, {}, { type: 'length', length: 3 }),
      { data: '[DONE]' },
    ]);
    expect(summaryOf(answer)).toEqual({
      output: '111',
      usage: { prompt_tokens: 3, completion_tokens: 3, cached_tokens: 1 },
      finishReason: 'length',
    });
    expect([...answer.contentNs]).toEqual([1, 2, 4]);
  });

  it('reads pieces where the server sends fewer ids than tokens so far', () => {
    const answer = readStream(sglang_generate, [
      unit('1', 1, { output_ids: [7] }),
      unit('1', 2, { output_ids: [7] }),
      unit('1', 3, { output_ids: [7] }, { type: 'stop' }),
    ]);
    expect(answer.output).toBe('111');
  });

  it('fails with the reason of an aborted answer', () => {
    const answer = readWhole(sglang_generate, unit('a', 1, {}, { type: 'abort', message: 'x' }).data);
    expect(answer.error?.type).toBe('ServerAbortedError');
  });
});

describe('raw', () => {
  it('sends recorded bodies alone', () => {
    expect(bodyFor(raw, { payload: { zz: 1 } }, { a: 1 })).toBe('{"zz":1}');
    expect(() => bodyFor(raw, { texts: texts('a') })).toThrow(
      'the raw endpoint sends recorded bodies, and a turn has none',
    );
  });

  it.each<[unknown, object]>([
    [{ text: 'a b' }, { output: 'a b' }],
    [{ content: 'a b' }, { output: 'a b' }],
    [{ response: 'a b' }, { output: 'a b' }],
    [{ output: 'a b' }, { output: 'a b' }],
    [{ result: ['a', 'b'] }, { output: 'ab' }],
    [{ choices: [{ text: 'a b' }] }, { output: 'a b' }],
    [{ choices: [{ message: { content: 'a b' } }] }, { output: 'a b' }],
    [{ choices: [{ delta: { content: 'a b' } }] }, { output: 'a b' }],
    [{ data: [{ object: 'embedding', embedding: [0.1] }] }, { counts: { vectors: 1 } }],
    [[0.1, 0.2], { counts: { vectors: 1 } }],
    [[{ index: 0 }], { counts: { scores: 1 } }],
    ['plain words', { output: 'plain words' }],
  ])('reads %j', (body, expected) => {
    expect(summaryOf(readWhole(raw, body))).toEqual(expected);
  });

  it.each([{ text: '', content: 'a b' }, { zzz: 'a b' }])('finds nothing in %j', (body) => {
    expect(readWhole(raw, body).error?.type).toBe('InvalidInferenceResultError');
  });

  it('reads a stream of plain text, whose end mark is none', () => {
    const answer = readStream(raw, [{ data: 'a' }, { data: { text: ' b' } }, { data: '[DONE]' }]);
    expect(summaryOf(answer)).toEqual({ output: 'a b' });
    expect([...answer.contentNs]).toEqual([1, 2]);
  });
});
