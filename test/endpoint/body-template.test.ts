import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Turn } from '../../src/dataset/conversation.js';
import type { PastTurn } from '../../src/endpoint/endpoint.js';
import { endpoints, openEndpoint } from '../../src/endpoint/endpoints.js';
import { bodyOf } from '../../src/endpoint/payload.js';
import type { JsonObject } from '../../src/util/json.js';
import { temporaryFolder } from '../e2e/aiperf.js';
import { readStream, readWhole, summaryOf } from './read-answer.js';

const optionsOf = (extraInputs: JsonObject, streaming = false) => ({
  extraInputs,
  streaming,
  legacyMaxTokens: false,
});
const open = (extraInputs: JsonObject) => openEndpoint('template', optionsOf(extraInputs));
const reading = (response_field: string) => open({ payload_template: '{}', response_field });

const quoted: Turn = {
  role: 'user',
  model: 'm',
  maxTokens: 5,
  texts: [{ name: 'text', contents: ['say "hi" & <b>', ''] }],
};

/** The body that a template makes of one turn. */
function rendered(
  payload_template: string,
  turn: Partial<Turn> = {},
  more: { past?: readonly PastTurn[]; extras?: JsonObject; streaming?: boolean } = {},
): string {
  const options = optionsOf({ payload_template, ...more.extras }, more.streaming);
  const whole = { ...quoted, ...turn };
  const conversation = { sessionId: 's', turns: [whole], history: 'live-answers' } as const;
  const request = { conversation, turn: whole, past: more.past ?? [] };
  return JSON.stringify(bodyOf(openEndpoint('template', options), request, options));
}

describe('a body', () => {
  it('is the rendered object, then extra inputs, then the extras of the entry', () => {
    const text =
      '{"q": {{ text|tojson }}, "m": "{{ model }}", "n": {{ max_tokens }}, "stream": {{ stream|tojson }}, "texts": {{ texts|tojson }}, "a": 0, "b": 0}';
    expect(rendered(text, { extra: { b: 2 } }, { extras: { a: 1, b: 1 }, streaming: true })).toBe(
      '{"q":"say \\"hi\\" & <b>","m":"m","n":5,"stream":true,"texts":["say \\"hi\\" & <b>"],"a":1,"b":2}',
    );
  });

  it('is made by the template of a file, or of a name', () => {
    const file = join(temporaryFolder(), 'body.jinja');
    writeFileSync(file, '{"role": {{ role|tojson }}, "image": {{ image|tojson }}}');
    expect(rendered(file)).toBe('{"role":"user","image":null}');
    // A text is no path, however long.
    expect(rendered(`{"a": "${'x'.repeat(5000)}"}`)).toHaveLength(5008);
    expect(rendered('nv-embedqa')).toBe('{"text":["say \\"hi\\" & <b>"]}');
  });

  it('can hold texts by name and media', () => {
    const texts = [
      { name: 'query', contents: ['q'] },
      { name: 'passages', contents: ['one', 'two'] },
    ];
    const image = { kind: 'image', name: 'left', value: () => 'data:x', seconds: () => undefined } as const;
    const text =
      '{"q": {{ query|tojson }}, "p": {{ passages|tojson }}, "all": {{ texts_by_name|tojson }}, "i": {{ images|tojson }}, "l": {{ images_by_name.left|tojson }}}';
    expect(rendered(text, { texts, media: [image] })).toBe(
      '{"q":"q","p":["one","two"],"all":{"query":["q"],"passages":["one","two"]},"i":["data:x"],"l":["data:x"]}',
    );
  });

  it('can hold the conversation', () => {
    const past = [{ turn: quoted, answer: { content: 'two' } }];
    const text =
      '{"turns": [{% for turn in turns %}{{ (turn.role ~ ": " ~ turn.texts[0])|tojson }}{{ "" if loop.last else "," }}{% endfor %}]}';
    expect(rendered(text, { texts: [{ name: 'text', contents: ['three'] }] }, { past })).toBe(
      '{"turns":["user: say \\"hi\\" & <b>","assistant: two","user: three"]}',
    );
  });

  it('may set variables, and test and default others', () => {
    const text = `{% set greeting = "hi" and text %}{% macro shout(word, mark="!") %}{{ word ~ mark }}{% endmacro %}
      {"a": {{ greeting|tojson }}, "b": {{ shout("b")|tojson }}, "c": {{ (lora|default("none"))|tojson }},
      "d": [{% for key, values in texts_by_name|items %}{{ [values[0]|upper]|tojson if lora is not defined else 0 }}{% endfor %}],
      "e": {{ {"k": range(2)|list, "t": turn.texts[0][:3]}|tojson }} }`;
    expect(JSON.parse(rendered(text, { texts: [{ name: 'text', contents: ['four'] }] }))).toEqual({
      ...{ a: 'four', b: 'b!', c: 'none', d: [['FOUR']] },
      e: { k: [0, 1], t: 'fou' },
    });
  });

  it('that is no JSON object fails and is shown', () => {
    expect(() => rendered('{"q": {{ text }} }')).toThrow(
      'payload_template did not render a JSON object: {"q": say "hi" & <b> }',
    );
    expect(() => rendered('[{{ max_tokens }}]')).toThrow('did not render a JSON object: [5]');
  });
});

describe('an answer', () => {
  it('is read at its place, and fails without it', () => {
    expect(summaryOf(readWhole(reading('my.out'), { my: { out: 'a b' }, text: 'c' })).output).toBe('a b');
    expect(summaryOf(readWhole(reading('parts[*].t'), { parts: [{ t: 'a' }, { t: ' b' }] })).output).toBe(
      'a b',
    );
    for (const field of ['my.out', "join(' ', my)"])
      expect(readWhole(reading(field), { text: 'c' }).error?.type).toBe('InvalidInferenceResultError');
  });

  it('is read by its shape without a place', () => {
    const endpoint = open({ payload_template: '{}', response_field: 'text' });
    expect(summaryOf(readWhole(endpoint, { response: 'a' })).output).toBe('a');
    expect(summaryOf(readWhole(endpoint, 'plain')).output).toBe('plain');
    expect(readWhole(endpoint, [[0.5, 1], [2]]).counts).toEqual({ vectors: 2 });
    expect(readWhole(endpoint, [[]]).counts).toBeUndefined();
  });

  it.each(['my.out', 'my.[out][0]'])('streams: %s', (field) => {
    const texts = ['a', ' b', ' c', ' d', ''];
    const events = texts.map((out) => ({ data: { my: { out } } }));
    const answer = readStream(reading(field), [...events, { data: '[DONE]' }]);
    expect(summaryOf(answer)).toEqual({ output: 'a b c d' });
    expect([...answer.contentNs]).toEqual([1, 2, 3, 4]);
  });

  it('of the prewarm has its text there', () => {
    const endpoint = reading('my.out');
    const [first = ''] = endpoint.cannedAnswer(false, 2);
    expect(endpoint.read(JSON.parse(first))).toEqual({ text: 'first last' });
  });
});

describe('what cannot work is refused before anything is sent', () => {
  it.each<[string, JsonObject, string]>([
    ['no template', {}, 'the template endpoint has no template'],
    [
      'a missing file',
      { payload_template: 't.json' },
      'no such file, and no template of a JSON object: t.json',
    ],
    ['an open brace', { payload_template: '{{ text' }, 'payload_template is no valid Jinja template'],
    [
      'a misspelt variable',
      { payload_template: '{"a": {{ txet|tojson }}, "b": {{ query.x if stream else imgs[model] }} }' },
      'payload_template uses txet and imgs, which are no variables of a template',
    ],
    ['no expression', { payload_template: '{}', response_field: 'a.[' }, 'response_field is no JMESPath'],
  ])('%s', (_, extraInputs, message) => {
    expect(() => open(extraInputs)).toThrow(message);
  });

  it('with the other errors of the options', () => {
    const options = { osl: undefined, useServerTokenCount: false, useLegacyMaxTokens: false };
    const errors = (extraInputs: JsonObject) =>
      endpoints.template.errors?.({ ...options, extraInputs }, () => '--extra-inputs');
    expect(errors({ payload_template: '{}' })).toEqual([]);
    expect(errors({})).toEqual([
      'The endpoint type template needs --extra-inputs payload_template:FILE, a Jinja template of a JSON object.',
    ]);
  });
});
