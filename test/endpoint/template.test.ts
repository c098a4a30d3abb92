import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Answer } from '../../src/endpoint/answer.js';
import { type EndpointType, endpoints } from '../../src/endpoint/endpoints.js';
import { learnTemplate } from '../../src/endpoint/template.js';
import type { Json } from '../../src/util/json.js';

/** The oracle: every unit parsed in full, nothing learnt. */
function parsedInFull(endpoint: EndpointType, units: readonly string[]) {
  const result = { output: '', reasoning: '', contentAt: [] as number[] };
  units.forEach((text, at) => {
    let unit: Json;
    try {
      unit = JSON.parse(text);
    } catch {
      return;
    }
    const chunk = endpoints[endpoint].read(unit);
    if (chunk === undefined) return;
    if (chunk.text === undefined && chunk.toolText === undefined && chunk.reasoning === undefined) return;
    result.output += (chunk.text ?? '') + (chunk.toolText ?? '');
    result.reasoning += chunk.reasoning ?? '';
    result.contentAt.push(at);
  });
  return result;
}

function answered(endpoint: EndpointType, units: readonly Buffer[]) {
  const answer = new Answer({ endpoint: endpoints[endpoint], streamEnd: 'any', keepUnits: false });
  for (const [at, bytes] of units.entries()) answer.onData(bytes, 0, bytes.length, at);
  return {
    output: answer.output ?? '',
    reasoning: answer.reasoning ?? '',
    contentAt: [...answer.contentNs],
  };
}

const text = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      ' the',
      ' whale',
      '"',
      '\\',
      '\n',
      '"},"finish_reason":"stop"}]}',
      'é',
      '鯨',
      '🐳',
      '',
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 12 }) },
);
const chatUnit = fc
  .record({
    kind: fc.constantFrom(
      'content',
      'content',
      'content',
      'reasoning_content',
      'reasoning',
      'refusal',
      'clip',
    ),
    form: fc.constantFrom('text', 'text', 'text', 'parts', 'thinking'),
    index: fc.constantFrom(0, 0, 0, 0, 1),
    choices: fc.constantFrom(1, 1, 1, 2),
    text,
    id: fc.constantFrom('a', 'a', 'a', 'b'),
    finish: fc.constantFrom(null, null, null, null, 'stop'),
    spaced: fc.boolean(),
  })
  .map(({ kind, form, index, choices, text: value, id, finish, spaced }) => {
    const part = form === 'parts' ? { type: 'text', text: value } : { type: 'thinking', thinking: value };
    const choice = { index, delta: { [kind]: form === 'text' ? value : [part] }, finish_reason: finish };
    const unit = {
      id,
      object: 'chat.completion.chunk',
      choices: choices === 1 ? [choice] : [choice, { ...choice, index: 1 - index }],
    };
    return spaced ? JSON.stringify(unit).replace('":"', '": "') : JSON.stringify(unit);
  });
// Units that a template might take for its own: escapes JSON does not know, bare quotes, control characters.
const brokenUnit = fc
  .constantFrom('\\x', '\\u12', 'a"b', '\u0001', '\\', 'x","content":"y', '\\ud83d', '\\u00e9\\n')
  .map(
    (gap) =>
      `{"id":"a","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"${gap}"},"finish_reason":null}]}`,
  );

describe('the learned template', () => {
  it('reads any stream as the full parser does', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof({ weight: 5, arbitrary: chatUnit }, { weight: 1, arbitrary: brokenUnit }), {
          maxLength: 40,
        }),
        (units) => {
          expect(
            answered(
              'chat',
              units.map((unit) => Buffer.from(unit)),
            ),
          ).toEqual(parsedInFull('chat', units));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('does not join halves of a character that the full parser reads as broken ones', () => {
    const unit = (gap: Buffer) =>
      Buffer.concat([Buffer.from('{"choices":[{"text":"'), gap, Buffer.from('"}]}')]);
    const whale = Buffer.from('🐳');
    const units = [
      unit(Buffer.from('a')),
      unit(Buffer.from('b')),
      unit(Buffer.from('c')),
      unit(whale.subarray(0, 2)),
      unit(whale.subarray(2)),
    ];
    const inFull = parsedInFull(
      'completions',
      units.map((bytes) => bytes.toString()),
    );
    expect(answered('completions', units)).toEqual(inFull);
    expect(inFull.output).toContain('\ufffd');
  });

  const learnt = (unit: string) => {
    const bytes = Buffer.from(unit);
    const chunk = endpoints.chat.read(JSON.parse(unit));
    if (chunk === undefined) throw new Error('not a chat unit');
    return learnTemplate(endpoints.chat, bytes, chunk);
  };

  it('finds the gap and matches only what differs in it', () => {
    const unit = (content: string, id = 'a') =>
      `{"id":"${id}","choices":[{"delta":{"content":"${content}"}}],"usage":null}`;
    const template = learnt(unit('x'));
    // {"id":"a","choices":[{"delta":{"content":" is 10 + 12 + 9 + 11 bytes long
    expect(template?.match(Buffer.from(unit(' word')), 0, unit(' word').length)).toBe(42);
    expect(template?.tailLength).toBe('"}}],"usage":null}'.length);
    expect(template?.match(Buffer.from(unit('x', 'b')), 0, unit('x', 'b').length)).toBe(-1);
    expect(template?.match(Buffer.from(unit('')), 0, unit('').length)).toBe(-1);
  });

  it('learns nothing from units that hold more than text', () => {
    expect(learnt('{"choices":[{"delta":{"content":"x"},"finish_reason":"stop"}]}')).toBeUndefined();
    expect(learnt('{"choices":[{"delta":{"content":"x","reasoning":"y"}}]}')).toBeUndefined();
    expect(learnt('{"choices":[{"delta":{"content":"x"}}],"usage":{"completion_tokens":1}}')).toBeUndefined();
  });

  it('is not misled by the key standing elsewhere first', () => {
    const unit = '{"content":"decoy","choices":[{"delta":{"content":"x"}}]}';
    const template = learnt(unit);
    expect(template?.match(Buffer.from(unit), 0, unit.length)).toBe(unit.indexOf('x"'));
    expect(learnt('{"content":"x","choices":[{"delta":{"refusal":"x"}}]}')).toBeUndefined();
  });

  it('finds the gap in a list of parts', () => {
    const unit = (text: string) => `{"choices":[{"delta":{"content":[{"type":"text","text":"${text}"}]}}]}`;
    expect(learnt(unit('a'))?.match(Buffer.from(unit('bc')), 0, unit('bc').length)).toBe(unit('').length - 7);
  });

  it('does not match another choice, nor learns from units that hold several or unread content', () => {
    const choice = (index: number, text: string) => `{"index":${index},"delta":{"content":"${text}"}}`;
    const template = learnt(`{"choices":[${choice(0, 'a')}]}`);
    const other = Buffer.from(`{"choices":[${choice(1, 'a')}]}`);
    expect(template?.match(other, 0, other.length)).toBe(-1);
    expect(learnt(`{"choices":[${choice(0, 'a')},${choice(1, 'b')}]}`)).toBeUndefined();
    expect(learnt('{"choices":[{"delta":{"content":"x","video":"y"}}]}')).toBeUndefined();
  });
});
