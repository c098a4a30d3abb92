import { UserError } from '../../util/errors.js';
import { fileChunks, unreadableFile } from '../../util/lines.js';
import { orList } from '../../util/lists.js';
import type { DatasetType, TableKind } from './format.js';
import { formatOf, formats } from './formats.js';

/** What a file is, from its first bytes. @throws UserError if it cannot be read. */
export async function containerOf(path: string): Promise<'json' | TableKind> {
  let head: Buffer = Buffer.alloc(0);
  try {
    for await (const chunk of fileChunks(path)) {
      head = chunk;
      break;
    }
  } catch (error) {
    throw unreadableFile(path, error);
  }
  const magic = head.subarray(0, 6).toString('latin1');
  if (magic.startsWith('PAR1')) {
    if (!path.endsWith('.gz')) return 'parquet';
    throw new UserError(
      `${path} is a compressed Parquet file, which cannot be read in parts`,
      'decompress it with gunzip',
    );
  }
  if (magic === 'ARROW1') {
    throw new UserError(
      `${path} is an Arrow file, which cannot be read`,
      'write it as Parquet, e.g. with pyarrow.parquet.write_table(pyarrow.ipc.open_file(FILE).read_all(), "trace.parquet")',
    );
  }
  const text = head
    .subarray(0, 65_536)
    .toString()
    .replace(/^\ufeff/, '')
    .trimStart();
  if (/^[{[]/.test(text)) return 'json';
  const [header = ''] = text.split('\n', 1);
  const isTrace = tableTypes('csv').some((type) =>
    columnsOf(type).every((column) => header.includes(column)),
  );
  return isTrace || /\.csv(\.gz)?$/.test(path) ? 'csv' : 'json';
}

/**
 * The type of a table with these columns.
 * @param wanted absent: the one that shares most of them. @throws UserError if a column is missing.
 */
export function tableTypeOf(
  path: string,
  kind: TableKind,
  columns: readonly string[],
  wanted: DatasetType | undefined,
): DatasetType {
  const known = (type: DatasetType) => columnsOf(type).filter((column) => columns.includes(column)).length;
  const [likeliest] = tableTypes(kind).sort((a, b) => known(b) - known(a));
  const type = wanted ?? likeliest;
  const place = kind === 'csv' ? `${path}:1` : path;
  const there = columns.join(', ');
  if (type === undefined || (wanted === undefined && known(type) === 0)) {
    throw new UserError(`${place}: the columns ${there} are of no known trace`, knownTables(kind));
  }
  const missing = columnsOf(type).filter((column) => !columns.includes(column));
  if (missing.length === 0) return type;
  throw new UserError(
    `${place}: the column ${missing.join(' and ')} of ${type} is missing; there are ${there}`,
    'rename the columns, or name another type with --custom-dataset-type',
  );
}

/** @throws UserError if a type that was asked for is in files of another kind. */
export function requireContainer(
  path: string,
  kind: 'json' | TableKind,
  wanted: DatasetType | undefined,
): void {
  if (wanted === undefined) return;
  const { table } = formatOf(wanted);
  const expected = table?.kind ?? 'json';
  if (expected === kind) return;
  const columns = table === undefined ? '' : ` with the columns ${table.columns.join(', ')}`;
  throw new UserError(
    `${path} is not ${nounOf[expected]}${columns}, as ${wanted} is`,
    'leave out --custom-dataset-type to detect the type',
  );
}

const nounOf = { json: 'JSON', csv: 'CSV', parquet: 'Parquet' } as const;

function knownTables(kind: TableKind): string {
  return `known are ${orList(tableTypes(kind).map((type) => `${type} (${columnsOf(type).join(', ')})`))}`;
}

function tableTypes(kind: TableKind): DatasetType[] {
  return (Object.keys(formats) as DatasetType[]).filter((type) => formatOf(type).table?.kind === kind);
}

function columnsOf(type: DatasetType): readonly string[] {
  return formatOf(type).table?.columns ?? [];
}
