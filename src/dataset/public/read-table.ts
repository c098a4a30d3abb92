import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { messageOf, UserError } from '../../util/errors.js';
import { isObject, jsonIn } from '../../util/json.js';
import { openParquet, type Table, type TableRow } from '../loaders/parquet-table.js';
import { streamRows } from '../loaders/row-stream.js';

/** Opens a local data file by the ending of its name. @param shown how errors name it. @throws UserError */
export async function openTable(path: string, shown: string): Promise<Table> {
  if (path.endsWith('.parquet'))
    return openParquet(path, shown, 'Remove it from the cache to download it again.');
  const rows = /\.csv(\.gz)?$/i.test(path) ? () => csvRows(path, shown) : () => jsonRows(path, shown);
  const first = await rows().next();
  return { columns: first.done ? [] : Object.keys(first.value.cells), rows };
}

async function* jsonRows(path: string, shown: string): AsyncGenerator<TableRow> {
  for await (const { line, text } of streamRows(path)) {
    const cells = jsonIn(text);
    if (!isObject(cells)) {
      throw new UserError(
        `${shown}:${line}: expected a JSON object per line, or a JSON array of them`,
        'Remove the file from the cache to download it again.',
      );
    }
    yield { number: line, cells };
  }
}

async function* csvRows(path: string, shown: string): AsyncGenerator<TableRow> {
  const { parse } = await import('csv-parse');
  const bytes = createReadStream(path);
  const text = path.endsWith('.gz') ? bytes.pipe(createGunzip()) : bytes;
  let number = 0;
  try {
    for await (const cells of text.pipe(parse({ columns: true, bom: true }))) {
      yield { number: ++number, cells };
    }
  } catch (cause) {
    throw new UserError(
      `${shown}: ${messageOf(cause)}`,
      'Remove the file from the cache to download it again.',
    );
  }
}
