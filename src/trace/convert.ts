import { readCsv } from '../dataset/loaders/csv-rows.js';
import { type CsvForm, csvForms } from '../dataset/loaders/csv-traces.js';
import { SessionLinks } from '../dataset/loaders/session-links.js';
import { elapsedMs } from '../dataset/loaders/wall-clock.js';
import { UserError } from '../util/errors.js';
import type { JsonObject } from '../util/json.js';
import { BAILIAN_BLOCK, type ForeignRow, isBailian, readBailian } from './forms.js';
import { requireRegularFile, traceLines } from './lines.js';
import { inLine, jsonRow, lineError, type TraceRow } from './rows.js';
import { timeOrder } from './time-order.js';
import { writeLines } from './write-lines.js';

/** Readable formats, as `--from` names them. */
export const foreignForms = ['azure', 'burst_gpt', 'bailian'] as const;
export type ForeignForm = (typeof foreignForms)[number];

/** Result of a conversion. */
export interface Converted {
  readonly form: ForeignForm;
  readonly rows: number;
  /** Skipped rows, with no input or no output tokens. */
  readonly empty: number;
  /** Tokens per hash ID; absent: the form has no IDs. */
  readonly blockSize: number | undefined;
}

/**
 * Converts a foreign trace to a Mooncake trace that starts at time 0, as a stream.
 * @param from absent: detected from the file. @throws UserError for an unknown form, a missing column, a malformed row,
 * decreasing times, or an empty result.
 */
export async function convertTrace(
  path: string,
  out: string,
  from: ForeignForm | undefined,
): Promise<Converted> {
  requireRegularFile(path);
  const isJson = (await firstLine(path)).startsWith('{');
  if (isJson !== (from === 'bailian') && from !== undefined) throw unlike(path, from);
  const counts = { rows: 0, empty: 0 };
  let form: ForeignForm = 'bailian';
  const source = isJson
    ? bailianRows(path)
    : csvRows(path, from === 'bailian' ? undefined : from, (found) => {
        form = found;
      });
  await writeLines(out, texts(mooncakeRows(path, source, counts)), path);
  return { form, ...counts, blockSize: isJson ? BAILIAN_BLOCK : undefined };
}

/**
 * Streams a foreign trace as the rows of a Mooncake trace that starts at time 0. Rows without input or output tokens are
 * skipped. Sessions of a Bailian trace are those of its chats: memory grows with their rows.
 * @throws UserError as `convertTrace` does.
 */
export async function* foreignTrace(path: string): AsyncGenerator<TraceRow> {
  const isJson = (await firstLine(path)).startsWith('{');
  const source = isJson ? bailianRows(path) : csvRows(path, undefined, () => {});
  yield* mooncakeRows(path, source, { rows: 0, empty: 0 });
}

async function* texts(rows: AsyncIterable<TraceRow>): AsyncGenerator<string> {
  for await (const { text } of rows) yield text;
}

interface Numbered {
  readonly line: number;
  readonly read: () => ForeignRow;
}

async function* mooncakeRows(
  path: string,
  source: AsyncIterable<Numbered>,
  counts: { rows: number; empty: number },
): AsyncGenerator<TraceRow> {
  const check = timeOrder(path);
  let first: ForeignRow | undefined;
  for await (const { line, read } of source) {
    const row = inLine(path, line, read);
    first ??= row;
    const timestamp = elapsedMs(first.time, row.time);
    check(timestamp, line);
    if (row.inputLength <= 0 || row.outputLength <= 0) {
      counts.empty++;
      continue;
    }
    counts.rows++;
    // JSON.stringify does not accept bigint IDs.
    const ids = row.hashIds.length === 0 ? '' : `,"hash_ids":[${row.hashIds.join(',')}]`;
    yield {
      line,
      text: `{"timestamp":${timestamp},"input_length":${row.inputLength},"output_length":${row.outputLength}${ids}}`,
      timestampMs: timestamp,
      delayMs: undefined,
      inputLength: row.inputLength,
      outputLength: row.outputLength,
      hashIds: row.hashIds,
      sessionId: row.sessionId,
      model: undefined,
      user: undefined,
    };
  }
  if (counts.rows === 0) {
    throw new UserError(`${path} holds no requests with tokens`, 'there is nothing to convert');
  }
}

async function* bailianRows(path: string): AsyncGenerator<Numbered> {
  const links = new SessionLinks();
  for await (const line of traceLines(path)) {
    const row = inLine(path, line.number, () => jsonRow(line));
    if (!isBailian(row)) throw notBailian(path, line.number, row);
    yield { line: line.number, read: () => readBailian(row, links) };
  }
}

async function* csvRows(
  path: string,
  from: keyof typeof csvForms | undefined,
  onForm: (form: ForeignForm) => void,
): AsyncGenerator<Numbered> {
  let form: CsvForm = csvForms.azure;
  const rows = readCsv(path, (columns) => {
    const name = from ?? likeliestForm(path, columns);
    form = csvForms[name];
    const missing = form.columns.filter((column) => !columns.includes(column));
    if (missing.length > 0) {
      throw lineError(
        path,
        1,
        `the column ${missing.join(' and ')} of ${name} is missing; there are ${columns.join(', ')}`,
        'rename the columns, or name another form with --from',
      );
    }
    onForm(name);
  });
  for await (const { line, cells } of rows)
    yield { line, read: () => ({ ...form.read(cells), hashIds: [] }) };
}

/** The form that shares most columns. @throws UserError if no column is known. */
function likeliestForm(path: string, columns: readonly string[]): keyof typeof csvForms {
  const known = (name: keyof typeof csvForms) =>
    csvForms[name].columns.filter((column) => columns.includes(column)).length;
  const [azure, burstGpt] = [known('azure'), known('burst_gpt')];
  if (azure + burstGpt === 0) {
    throw lineError(path, 1, `unknown trace format with the columns ${columns.join(', ')}`, knownForms);
  }
  return azure >= burstGpt ? 'azure' : 'burst_gpt';
}

async function firstLine(path: string): Promise<string> {
  for await (const { text } of traceLines(path)) return text;
  throw new UserError(`${path} holds no rows`, knownForms);
}

function notBailian(path: string, line: number, row: JsonObject): UserError {
  if ('input_length' in row) {
    return lineError(
      path,
      line,
      'the row is of a Mooncake trace already, with no chat_id',
      'use the file as it is',
    );
  }
  return lineError(
    path,
    line,
    `unknown trace format with the keys ${Object.keys(row).join(', ')}`,
    knownForms,
  );
}

function unlike(path: string, from: ForeignForm): UserError {
  const expected =
    from === 'bailian' ? 'one JSON object per line' : `CSV with ${csvForms[from].columns.join(', ')}`;
  return lineError(
    path,
    1,
    `${from} is ${expected}, and this line is not`,
    'omit --from to detect the format',
  );
}

const knownForms = `known are azure and burst_gpt (CSV with ${csvForms.azure.columns.join(', ')}, or ${csvForms.burst_gpt.columns.join(', ')}) and bailian (JSON lines with chat_id)`;
