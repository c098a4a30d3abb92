import { UserError } from '../../util/errors.js';
import { isObject, type Json, type JsonObject } from '../../util/json.js';
import { jsonExcerpt } from './fields.js';
import { type DatasetType, RowError } from './format.js';
import { formats } from './formats.js';
import { rowError } from './read-row.js';
import { type RowFile, rowText } from './row-file.js';

const unbuiltTypes = [
  'bailian_trace',
  'inputs_json',
  'burst_gpt_trace',
  'baseten_trace',
  'sagemaker_data_capture',
  'tracelab',
  'weka_trace',
] as const;
type UnbuiltType = (typeof unbuiltTypes)[number];

const datasetTypes = Object.keys(formats) as DatasetType[];
const naming = `name it with --custom-dataset-type (${datasetTypes.join(', ')})`;

/** Detects a file's type from its first row. @throws UserError if no type or several match. */
export function detectType(file: RowFile): DatasetType {
  const row = firstRow(file);
  const named = datasetTypes.find((type) => type === row.type);
  if (named) return named;
  if (holdsBody(row)) return 'raw_payload';
  const unbuilt = unbuiltTypes.find((type) => type === row.type) ?? unbuiltTypeOf(row);
  if (unbuilt) throw notBuilt(file.path, unbuilt);

  const marked = datasetTypes.filter((type) => type !== 'random_pool' && formats[type].marks(row));
  const fitting = marked.length > 1 ? marked.filter((type) => fits(type, row)) : marked;
  const [only, other] = fitting.length === 0 ? marked : fitting;
  if (only && !other) return only;
  const finding = only
    ? `fits several types: ${marked.join(', ')}`
    : `fits no known type: ${jsonExcerpt(row)}`;
  throw rowError(file, 0, `the row ${finding}`, naming);
}

/** Detects a folder's type from the first row of each file. @throws UserError unless it is a random pool. */
export function detectFolderType(files: readonly RowFile[]): DatasetType {
  for (const file of files) {
    const row = firstRow(file);
    if (row.type === 'random_pool' || formats.random_pool.marks(row)) continue;
    if (Array.isArray(row.messages))
      throw rowError(file, 0, 'a folder cannot hold raw_payload files', 'give one file with --input-file');
    throw rowError(
      file,
      0,
      `a folder must hold random_pool files, and this row has no text: ${jsonExcerpt(row)}`,
      'give one file with --input-file',
    );
  }
  return 'random_pool';
}

/** @throws UserError for a type recognisable by its file name, before the file is read. */
export function refuseByName(path: string): void {
  if (/\.(parquet|arrow)$/.test(path)) throw notBuilt(path, 'baseten_trace');
}

function firstRow(file: RowFile): JsonObject {
  const text = rowText(file, 0);
  let value: Json;
  try {
    value = JSON.parse(text);
  } catch {
    if (['Timestamp', 'Request tokens', 'Response tokens'].every((column) => text.includes(column))) {
      throw notBuilt(file.path, 'burst_gpt_trace');
    }
    if (file.path.endsWith('.json') && text === '{') throw notBuilt(file.path, 'inputs_json');
    const traces = file.path.endsWith('.csv') ? '; aiperf trace convert reads traces in CSV' : '';
    throw rowError(
      file,
      0,
      `the line is not JSON: ${jsonExcerpt(text)}`,
      `expected one JSON object per line${traces}`,
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

function unbuiltTypeOf(row: JsonObject): UnbuiltType | undefined {
  const has = (key: string) => (row[key] ?? undefined) !== undefined;
  if (has('chat_id') && (has('parent_chat_id') || (has('type') && has('timestamp')))) return 'bailian_trace';
  if (Array.isArray(row.data)) return 'inputs_json';
  return undefined;
}

/** Messages and no key of a trace. */
function holdsBody(row: JsonObject): boolean {
  const has = (key: string) => (row[key] ?? undefined) !== undefined;
  const traceKeys = ['timestamp', 'delay', 'session_id', 'output_length', 'hash_ids'];
  const inputs = ['input_length', 'text_input', 'payload', 'conversation_id'];
  return Array.isArray(row.messages) && ![...traceKeys, ...inputs].some(has);
}

function fits(type: DatasetType, row: JsonObject): boolean {
  try {
    formats[type].read(row, { textName: '', warn: () => {} });
    return true;
  } catch (error) {
    if (error instanceof RowError) return false;
    throw error;
  }
}

function notBuilt(path: string, type: UnbuiltType): UserError {
  const isConvertible = type === 'bailian_trace' || type === 'burst_gpt_trace';
  return new UserError(
    `${path} looks like ${type}, which is not supported yet`,
    isConvertible
      ? `aiperf trace convert ${path} trace.jsonl converts it to a mooncake_trace`
      : `supported types: ${datasetTypes.join(', ')}; if it is one of them, ${naming}`,
  );
}
