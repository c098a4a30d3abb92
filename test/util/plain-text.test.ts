import { Writable } from 'node:stream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { oneLine, plainText } from '../../src/util/plain-text.js';
import { safeOutput } from '../../src/util/safe-output.js';
import { forgetSecrets, learnSecrets } from '../../src/util/secrets.js';

const ESC = '\u001b';

test.each([
  ['plain', 'plain'],
  [`${ESC}[31mred${ESC}[0m`, 'red'],
  [`${ESC}[2J${ESC}[H${ESC}[?25lgone`, 'gone'],
  [`a${ESC}]0;title\u0007b`, 'ab'],
  [`a${ESC}]8;;http://x${ESC}\\link${ESC}]8;;${ESC}\\b`, 'alinkb'],
  [`a${ESC}]52;c;aGk=\u0007b`, 'ab'],
  // Without an end it hides nothing of what follows.
  [`a${ESC}]0;title`, 'a0;title'],
  ['a\u009b31mred', 'ared'],
  ['a\u009d0;t\u009cb', 'ab'],
  [`a${ESC}cb${ESC}(0c`, 'abc'],
  [`a${ESC}`, 'a'],
  ['a\rb\bc\u0000d\u007fe\tf', 'a b c d e f'],
  ['one\r\ntwo\nthree', 'one\ntwo\nthree'],
  ['a\u202ecod.exe\u2066x\u2069', 'acod.exex'],
  ['a\u200bb\u200c\u200d\ufeff\u00adc', 'abc'],
  ['a\u{e0041}b', 'ab'],
  ['a\u2028b\u2029c', 'a b c'],
  ['👩‍🚀 👨🏽‍🚀 ❤️‍🔥 日本語 é', '👩‍🚀 👨🏽‍🚀 ❤️‍🔥 日本語 é'],
])('%j', (text, plain) => {
  expect(plainText(text)).toBe(plain);
});

test('one line stays one', () => {
  expect(oneLine('first\n2026-01-01 ERROR forged\r\n\n  last\u0085x\u2028y')).toBe(
    'first 2026-01-01 ERROR forged last x y',
  );
});

test('nothing that steers a terminal is left of any text', () => {
  const parts = fc.constantFrom(
    ESC,
    '[',
    ']',
    '31',
    'm',
    '\u009b',
    '\u0007',
    '\\',
    'x',
    '\n',
    '\u202e',
    '\r',
    '\u200d',
    '👩',
  );
  fc.assert(
    fc.property(fc.array(parts, { maxLength: 30 }), (pieces) => {
      expect(plainText(pieces.join(''))).not.toMatch(/[^\P{Cc}\n]|[\u202a-\u202e\u2066-\u2069]/u);
    }),
    { numRuns: 2000 },
  );
});

test('a stream for people lets colours and the erasing of a line through, and no secret', () => {
  let got = '';
  const sink = new Writable({
    write(chunk, _encoding, done) {
      got += chunk;
      done();
    },
  });
  forgetSecrets();
  learnSecrets(['sk-0123456789']);
  const out = safeOutput(Object.assign(sink, { isTTY: true, columns: 80 }));
  expect([out.isTTY, out.columns]).toEqual([true, 80]);
  out.write(`\r${ESC}[K${ESC}[1;31mred${ESC}[39m\u202e ${ESC}]0;x\u0007 sk-0123456789\ta,b\r\n\rx`);
  expect(got).toBe(`\r${ESC}[K${ESC}[1;31mred${ESC}[39m  <redacted>\ta,b\r\n x`);
  forgetSecrets();
});
