import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

// What the recorded commands read, where the recordings do not hold it themselves.

/** The recorded folder of a run. */
export function goldenFolder(run = ''): string {
  return fileURLToPath(new URL(`../../../shared/reference/golden2/${run}`, import.meta.url));
}

/** Text of a recorded file; empty where it is not there. */
export function goldenText(path: string): string {
  return existsSync(goldenFolder(path)) ? readFileSync(goldenFolder(path), 'utf8') : '';
}

/** What the fake server of the recordings said. */
export const tenWords = 'The quick brown fox jumps over the lazy dog.';

export function jsonLines(rows: readonly object[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

/** A PNG of one pixel. */
export const imageUrl =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

/** A second of silence: 16 kHz, 16 bits, mono. */
export const wavUrl = `data:audio/wav;base64,${silence(16_000).toString('base64')}`;

function silence(samples: number): Buffer {
  const wav = Buffer.alloc(44 + 2 * samples);
  wav.write('RIFF\0\0\0\0WAVEfmt ', 'latin1');
  wav.writeUInt32LE(36 + 2 * samples, 4);
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20);
  wav.writeUInt16LE(1, 22);
  wav.writeUInt32LE(samples, 24);
  wav.writeUInt32LE(2 * samples, 28);
  wav.writeUInt16LE(2, 32);
  wav.writeUInt16LE(16, 34);
  wav.write('data', 36);
  wav.writeUInt32LE(2 * samples, 40);
  return wav;
}

/** Theirs had `"{{ text }}"`, whose quotes it escapes as HTML; ours escapes nothing (endpoints.md §5.8). */
const template = JSON.stringify({
  q: '{{ text|tojson }}',
  plain: '{{ text|tojson }}',
  m: '{{ model|tojson }}',
  n: '{{ max_tokens|tojson }}',
  stream: '{{ stream|tojson }}',
  texts: '{{ texts|tojson }}',
  role: '{{ role|tojson }}',
  ri: '{{ (request_info is defined)|tojson }}',
}).replace(/"(\{\{.*?\}\})"/g, '$1');
/** A template, and the rows that it renders. */
export const templateFiles = {
  't.json': template,
  'd.jsonl': jsonLines([0, 1, 2].map((i) => ({ text: `say "hi" & <b> ${i}`, output_length: 5 }))),
};
