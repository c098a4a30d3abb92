import { describe, expect, it } from 'vitest';
import { profile, refusals } from './profile-options.js';

async function extras(...words: string[]) {
  return (await profile(['-ma', '--extra-inputs', ...words])).config.extraInputs;
}

async function headersOf(...words: string[]) {
  return (await profile(['-ma', '--header', ...words])).config.headers;
}

describe('--extra-inputs', () => {
  it.each([
    ['a:true,b:FALSE', { a: true, b: false }],
    ['a:none,b:Null', { a: null, b: null }],
    ['a:0,b:-7,c:12', { a: 0, b: -7, c: 12 }],
    ['a:007,b:-01,c:1e3,d:+1', { a: '007', b: '-01', c: '1e3', d: '+1' }],
    ['a:0.5,b:-1.25,c:.5,d:5.,e:1.2.3', { a: 0.5, b: -1.25, c: 0.5, d: 5, e: '1.2.3' }],
    ['a:x:y', { a: 'x:y' }],
    [' a : x y , b : 2 ', { a: 'x y', b: 2 }],
    ['a:', { a: '' }],
    ['a:1,a:2', { a: 2 }],
    ['{"a":"1","b":[1,"2"],"c":{"d":true},"e":1.5}', { a: '1', b: [1, '2'], c: { d: true }, e: 1.5 }],
    ['a:{"enable_thinking":false}', { a: { enable_thinking: false } }],
    ['a:{"b":false,"c":[1,2]},d:3', { a: { b: false, c: [1, 2] }, d: 3 }],
    [
      'x:1, a : {"b":"},{\\"","c":{"d":[{"e":"f,g:h"}]}} ,y:z',
      { x: 1, a: { b: '},{"', c: { d: [{ e: 'f,g:h' }] } }, y: 'z' },
    ],
    ['stop:["a,b","]"],n:2', { stop: ['a,b', ']'], n: 2 }],
    ['a:b{c,d:e[0]', { a: 'b{c', d: 'e[0]' }],
    ['a:"{b}"', { a: '"{b}"' }],
  ])('%s', async (word, value) => {
    expect(await extras(word)).toEqual(value);
  });

  it('takes several words, and words given again; later keys win', async () => {
    const { config } = await profile([
      '-ma',
      '--extra-inputs',
      'a:1',
      '{"b":2}',
      '--extra-inputs',
      'a:3,c:4',
    ]);
    expect(config.extraInputs).toEqual({ a: 3, b: 2, c: 4 });
  });

  it.each([
    [
      'a',
      "--extra-inputs expects key:value, got 'a'; quote a value with spaces, and use the JSON form for one with commas.",
    ],
    [
      'a:x,y',
      "--extra-inputs expects key:value, got 'y'; quote a value with spaces, and use the JSON form for one with commas.",
    ],
    [
      ':1',
      "--extra-inputs expects key:value, got ':1'; quote a value with spaces, and use the JSON form for one with commas.",
    ],
    [
      'seed:9007199254740993',
      '--extra-inputs expects integers that a double holds exactly (up to 2^53 - 1), got 9007199254740993.',
    ],
    [
      '{"a":{"b":["9007199254740993",-9007199254740993]}}',
      '--extra-inputs expects integers that a double holds exactly (up to 2^53 - 1), got -9007199254740993.',
    ],
    [
      'b:2,a:{b:false}',
      "--extra-inputs expects valid JSON as the value of a, got '{b:false}': Expected property name or '}' in JSON at position 1; in a shell, put single quotes around the whole word.",
    ],
    [
      'a:{"password":"s3cret}',
      '--extra-inputs expects valid JSON as the value of a; in a shell, put single quotes around the whole word.',
    ],
    [
      'a:{"b":1}x,c:2',
      `--extra-inputs expects valid JSON as the value of a, got '{"b":1}x': Unexpected non-whitespace character after JSON at position 7; in a shell, put single quotes around the whole word.`,
    ],
  ])('%s is refused', async (word, sentence) => {
    expect(await refusals(['-ma', '--extra-inputs', word])).toEqual([sentence]);
  });

  it('names what is wrong with JSON', async () => {
    const [sentence] = await refusals(['-ma', '--extra-inputs', '{"a":1']);
    expect(sentence).toMatch(
      /^--extra-inputs expects valid JSON in a word that starts with \{, got '\{"a":1': Expected ',' or '\}'/,
    );
  });
});

describe('--header', () => {
  it('keeps values as text and splits at the first colon only', async () => {
    expect(await headersOf('X-A:1', 'X-B: a,b:c ', '{"X-C":2,"X-D":true}')).toEqual({
      'X-A': '1',
      'X-B': 'a,b:c',
      'X-C': '2',
      'X-D': 'true',
    });
  });

  it.each(['X A:1', 'X-A:1\r\nX-B:2', '{"X-A":{"b":1}}'])('refuses %j', async (word) => {
    const [sentence] = await refusals(['-ma', '--header', word]);
    expect(sentence).toMatch(
      /^--header must be HTTP headers: names without spaces, values of one line without control characters, got \{/,
    );
  });

  it('never shows a secret in a refusal', async () => {
    expect(await refusals(['-ma', '-H', 'Authorization: Bearer s3cret', '-H', 'X A:1'])).toEqual([
      '-H must be HTTP headers: names without spaces, values of one line without control characters, got {"Authorization":"<redacted>","X A":"<redacted>"}.',
    ]);
  });
});
