// tokenizer.json writes each byte as one printable character: itself if printable in Latin-1, else the next free
// character from U+0100 on (GPT-2's table).
const charOfByte: readonly string[] = alphabet();
const byteOfChar = new Map(charOfByte.map((char, byte) => [char, byte]));

/** Spells bytes as a byte-level vocabulary does: `[0x20, 0x41]` is `ĠA`. */
export function spellBytes(bytes: Uint8Array): string {
  let spelling = '';
  for (const byte of bytes) spelling += charOfByte[byte];
  return spelling;
}

/**
 * The bytes of a vocabulary entry. An entry with characters outside the alphabet (an added token with a space) is taken
 * as UTF-8, as in the official decoder.
 */
export function bytesOfSpelling(spelling: string): Uint8Array {
  const bytes = new Uint8Array(spelling.length);
  for (let i = 0; i < spelling.length; i++) {
    const byte = byteOfChar.get(spelling.charAt(i));
    if (byte === undefined) return new TextEncoder().encode(spelling);
    bytes[i] = byte;
  }
  return bytes;
}

function alphabet(): string[] {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable =
      (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte < 0xad) || (byte > 0xad && byte <= 0xff);
    return String.fromCharCode(printable ? byte : next++);
  });
}
