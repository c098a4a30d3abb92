import type { Tokenizer } from './tokenizer.js';

/** Whether two tokenizers give the same IDs and the same decoded text for a fixed sample of difficult strings. */
export function agrees(a: Tokenizer, b: Tokenizer): boolean {
  return sample.every((text) => {
    const ids = a.encode(text);
    return sameIds(ids, b.encode(text)) && a.decode(ids) === b.decode(ids);
  });
}

function sameIds(a: Uint32Array, b: Uint32Array): boolean {
  return a.length === b.length && a.every((id, i) => id === b[i]);
}

const sample: readonly string[] = [
  '',
  ' ',
  '  leading, inner   and trailing  ',
  "I'm sure they'LL say we'Ve seen it; 'tis SHE'S, don\u2019t",
  'tabs\tand\n\n\nlines\r\n  \r\n\tindented\n',
  'no-break\u00a0space, ideographic\u3000space, zero\u200bwidth, \ufeffmark, next\u0085line',
  '1 12 123 1234 12345678 3.14159 1e-9 ½ ² Ⅷ ٣٤٥',
  'naïve café NAÏVE e\u0301cole \u212b \ufb01n \u1e9b\u0323 Straße',
  '你好，世界！这是一个测试。日本語のテキストとカタカナ',
  '안녕하세요 \u1112\u1161\u11ab 한국어',
  'مرحبا بالعالم שלום עולם नमस्ते दुनिया สวัสดีชาวโลก Привет, мир! Γειά',
  '👍🏽 👨‍👩‍👧‍👦 🏳️‍🌈 🇫🇷 ✨💡',
  'zalgo: a\u0300\u0316\u0334b\u0301\u0317c\u0489',
  '\u0000\u0001\u001b[31m\u007f',
  'for (let i = 0; i < n; i++) { a[i] += b["k"] ?? `x`; } // done',
  '<div class="x">&amp;</div> https://example.org/a?b=c&d=%20#e user@example.org',
  'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa        b',
  '!!!!????----====____....////\\\\\\\\',
  'CamelCaseAndSNAKE_CASE iPhone McDONALD\u2019S ǅ',
  '<|endoftext|> text <|im_start|>user\n<think> a</think><|eot_id|> </s><s> [MASK]',
];
