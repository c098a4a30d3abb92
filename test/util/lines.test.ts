import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readLines, streamLines } from '../../src/util/lines.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aiperf-lines-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}

const long = 'é'.repeat(700_000);
const text = `\uFEFFa\n\n${long}\nb`;
const lines = [
  { number: 1, text: 'a', ended: true },
  { number: 2, text: '', ended: true },
  { number: 3, text: long, ended: true },
  { number: 4, text: 'b', ended: false },
];

it('gives each line, without a byte order mark, also where one is longer than what is read at once', async () => {
  const plain = join(folder, 'a.jsonl');
  writeFileSync(plain, text);
  expect([...readLines(plain)]).toEqual(lines);
  expect(await all(streamLines(plain))).toEqual(lines);
  const packed = join(folder, 'a.jsonl.gz');
  writeFileSync(packed, gzipSync(text));
  expect(await all(streamLines(packed))).toEqual(lines);
});

it('names the line that is not UTF-8; a last one that was cut off is one only where all is there', async () => {
  const path = join(folder, 'a.jsonl');
  writeFileSync(path, Buffer.from('a\nb\xff\nc', 'latin1'));
  expect(() => [...readLines(path)]).toThrow(`${path}:2: the line is not valid UTF-8`);
  writeFileSync(path, Buffer.from('a\nb\xc3', 'latin1'));
  expect([...readLines(path)][1]).toEqual({ number: 2, text: 'b\uFFFD', ended: false });
  await expect(all(streamLines(path))).rejects.toThrow(`${path}:2: the line is not valid UTF-8`);
});
