import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { RowCutter } from '../../../src/dataset/loaders/row-cutter.js';
import { type RowText, streamRows } from '../../../src/dataset/loaders/row-stream.js';

const folder = mkdtempSync(join(tmpdir(), 'row-stream-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Rows of a text that arrives in chunks of a size: line, offset, text. */
function cut(text: string, chunkBytes: number): [number, number, string][] {
  const cutter = new RowCutter('FILE');
  const bytes = Buffer.from(text);
  const rows: [number, number, string][] = [];
  const take = (found: Iterable<{ line: number; start: number; bytes: Uint8Array }>) => {
    for (const row of found) rows.push([row.line, row.start, Buffer.from(row.bytes).toString()]);
  };
  for (let at = 0; at < bytes.length; at += chunkBytes)
    take(cutter.take(bytes.subarray(at, at + chunkBytes)));
  take(cutter.end());
  return rows;
}

async function streamed(content: string | Buffer, name = 'a.jsonl'): Promise<RowText[]> {
  const path = join(folder, name);
  writeFileSync(path, content);
  const rows: RowText[] = [];
  for await (const row of streamRows(path)) rows.push(row);
  return rows;
}

const refusal = (content: string | Buffer, name?: string) =>
  streamed(content, name).then(
    () => 'accepted',
    (error: Error) => error.message.replaceAll(join(folder, name ?? 'a.jsonl'), 'FILE'),
  );

describe('rows are cut the same whatever the chunks', () => {
  it.each([3, 4, 5, 7, 1000])('of %d bytes', (size) => {
    expect(cut('\ufeff \r\n{"a":1}\r\n\n \t{"é":"]\\"\\\\"} \n {"b":\t2}', size)).toEqual([
      [2, 6, '{"a":1}'],
      [4, 18, '{"é":"]\\"\\\\"}'],
      [5, 35, '{"b":\t2}'],
    ]);
    expect(cut('\n[ {"a":\n[1,2]},{"b":"},]\\\\\\""}\r\n , 7\n]\n', size)).toEqual([
      [2, 3, '{"a":\n[1,2]}'],
      [3, 16, '{"b":"},]\\\\\\""}'],
      [4, 36, '7'],
    ]);
    expect(
      cut('\n{"v":{"data":[{}]},\n"data" :\n[{"a":1},\n{"b":"]"}], "end":["}\\"",{}]}\n ', size),
    ).toEqual([
      [4, 31, '{"a":1}'],
      [5, 40, '{"b":"]"}'],
    ]);
    // Lines with a key of that name.
    expect(cut('{"a":{"data":[{}]}}\n{"data":[{}]}', size)).toEqual([
      [1, 0, '{"a":{"data":[{}]}}'],
      [2, 20, '{"data":[{}]}'],
    ]);
    expect(cut('{"data":7}\n{"b":"data"}', size)).toEqual([
      [1, 0, '{"data":7}'],
      [2, 11, '{"b":"data"}'],
    ]);
    expect(cut('{"cut', size)).toEqual([[1, 0, '{"cut']]);
  });

  it.each([
    ['[{"a":1},,{}]', 'FILE:1: an item is missing before a comma'],
    ['[{"a":1}\n]\n{}', 'FILE:3: more data follows the array'],
    ['[{"a":1},\n{"b":"]', 'FILE:2: the array is not closed'],
    ['{"data":[{"a":1},\n{}', 'FILE:2: the array is not closed'],
    ['{"data":[{"a":1}],\n"b":[{}]', 'FILE:2: the object is not closed'],
    ['{"data":[{"a":1}]}\n{}', 'FILE:2: more data follows the object'],
  ])('%j is no list', (text, message) => {
    for (const size of [3, 4, 1000]) expect(() => cut(text, size)).toThrow(message);
  });
});

describe('a streamed file', () => {
  const rows = [
    { line: 1, text: '{"a":1}' },
    { line: 3, text: '{"a":"é"}' },
  ];

  it('of lines, an array, or compressed', async () => {
    const text = '{"a":1}\n\n{"a":"é"}';
    expect(await streamed(text)).toEqual(rows);
    expect(await streamed(gzipSync(text), 'a.jsonl.gz')).toEqual(rows);
    expect(await streamed('[{"a":1},\n\n{"a":"é"}]', 'a.json')).toEqual(rows);
    expect(await streamed('\n \n')).toEqual([]);
  });

  it('crosses the chunks of a file', async () => {
    const many = Array.from({ length: 3 }, (_, row) => ({
      line: row + 1,
      text: `{"a":"${'é'.repeat(400_000)}"}`,
    }));
    expect(await streamed(many.map(({ text }) => text).join('\n'))).toEqual(many);
  });

  it('that cannot be read is refused', async () => {
    expect(await refusal(Buffer.from('{"a":1}\n{"a":"\xe9"}\n', 'latin1'))).toBe(
      'FILE:2: the line is not valid UTF-8',
    );
    expect(await refusal(gzipSync('{"a":1}\n').subarray(0, -6), 'b.jsonl.gz')).toBe(
      'FILE cannot be read: unexpected end of file',
    );
    await expect(async () => {
      for await (const _ of streamRows(folder));
    }).rejects.toThrow(`${folder} cannot be read: EISDIR`);
  });
});
