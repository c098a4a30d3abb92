import { isObject, type Json, type JsonObject } from '../../util/json.js';
import { orList } from '../../util/lists.js';
import { jsonExcerpt } from './fields.js';
import { type DatasetType, RowError } from './format.js';
import { formatOf, formats } from './formats.js';
import { rowError } from './read-row.js';
import { type RowFile, rowText } from './row-file.js';
import { speedBenchTypeOf } from './speed-bench.js';

const listedTypes = Object.keys(formats) as (keyof typeof formats)[];
const naming = `name it with --custom-dataset-type (${listedTypes.join(', ')}, speed_bench_*)`;

/** Types whose keys tell them from any other, also where a row has keys of several. */
const decisiveTypes = [
  'raw_payload',
  'bailian_trace',
  'inputs_json',
  'sagemaker_data_capture',
] as const satisfies DatasetType[];

/** Detects a file's type from its first row. @throws UserError if no type or several match. */
export function detectType(file: RowFile): DatasetType {
  const row = firstRow(file);
  // Other programs use the key for something else.
  const named = listedTypes.find((type) => type === row.type);
  if (named) return named;
  const speedBench = speedBenchTypeOf(file.path);
  if (formatOf(speedBench).marks(row)) return speedBench;
  const decisive = decisiveTypes.find((type) => formats[type].marks(row));
  if (decisive) return decisive;

  const marked = listedTypes.filter((type) => type !== 'random_pool' && formats[type].marks(row));
  const fitting = marked.length > 1 ? marked.filter((type) => fits(type, row)) : marked;
  const [only, other] = fitting.length === 0 ? marked : fitting;
  if (only && !other) return only;
  const finding = only
    ? `fits several types: ${marked.join(', ')}`
    : `fits no known type: ${jsonExcerpt(row)}`;
  throw rowError(file, 0, `the row ${finding}`, naming);
}

/** Types of which a folder can hold files. */
export const folderTypes = ['sagemaker_data_capture', 'raw_payload', 'random_pool'] as const;
export type FolderType = (typeof folderTypes)[number];

/** Detects the type of a file in a folder from its first row. @throws UserError if it is of no type of folder. */
export function detectFolderType(file: RowFile): FolderType {
  const row = firstRow(file);
  const type = folderTypes.find((candidate) => candidate === row.type || formats[candidate].marks(row));
  if (type !== undefined) return type;
  throw rowError(
    file,
    0,
    `a folder holds ${orList(folderTypes)} files, and this row is of none of them: ${jsonExcerpt(row)}`,
    'give one file with --input-file',
  );
}

function firstRow(file: RowFile): JsonObject {
  const text = rowText(file, 0);
  let value: Json;
  try {
    value = JSON.parse(text);
  } catch {
    throw rowError(
      file,
      0,
      `the line is not JSON: ${jsonExcerpt(text)}`,
      'expected one JSON object per line',
    );
  }
  if (!isObject(value)) {
    throw rowError(
      file,
      0,
      `expected a JSON object, got ${jsonExcerpt(value)}`,
      'expected one JSON object per line',
    );
  }
  return value;
}

function fits(type: keyof typeof formats, row: JsonObject): boolean {
  try {
    formats[type].read(row, { textName: '', warn: () => {} });
    return true;
  } catch (error) {
    if (error instanceof RowError) return false;
    throw error;
  }
}
