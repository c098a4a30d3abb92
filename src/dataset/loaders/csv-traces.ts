import type { JsonObject } from '../../util/json.js';
import { MAX_TOKENS } from '../../util/limits.js';
import { mismatch } from './fields.js';
import { type RecordedLengths, type Row, type RowContext, RowError, type RowFormat } from './format.js';
import { seconds, sinceStart, type Time, wallClock } from './wall-clock.js';

/** A request of a trace without texts and hash IDs. */
interface LengthRow {
  readonly time: Time;
  readonly inputLength: number;
  readonly outputLength: number;
}

/** A trace in CSV. */
interface CsvForm {
  /** Columns to read; others are ignored. */
  readonly columns: readonly string[];
  /** @throws RowError for a malformed row. */
  read(cells: Readonly<Record<string, string>>): LengthRow;
}

/** The traces in CSV. */
const csvForms = {
  /** Azure's LLM inference traces: wall-clock times and lengths only. */
  azure: {
    columns: ['TIMESTAMP', 'ContextTokens', 'GeneratedTokens'],
    read: (cells) => ({
      time: wallClock('TIMESTAMP', cells.TIMESTAMP ?? ''),
      inputLength: tokens(cells, 'ContextTokens'),
      outputLength: tokens(cells, 'GeneratedTokens'),
    }),
  },
  /** BurstGPT: times in seconds and lengths; a failed request has 0 output tokens. */
  burst_gpt: {
    columns: ['Timestamp', 'Request tokens', 'Response tokens'],
    read: (cells) => ({
      time: seconds(decimal(cells, 'Timestamp')),
      inputLength: tokens(cells, 'Request tokens'),
      outputLength: tokens(cells, 'Response tokens'),
    }),
  },
} as const satisfies Readonly<Record<string, CsvForm>>;

/** Azure's LLM inference traces: a request per row. */
export const azureTrace = {
  isTrace: true,
  wallClock: 'in order',
  table: { kind: 'csv', columns: csvForms.azure.columns },
  marks: () => false,
  lengths: (row) => recorded(csvForms.azure.read(cellsOf(row))),
  read: (row, context) => lengthsOnly(csvForms.azure.read(cellsOf(row)), context),
} as const satisfies RowFormat;

/** BurstGPT's traces: a request per row; rows without numbers are skipped. */
export const burstGptTrace = {
  isTrace: true,
  table: { kind: 'csv', columns: csvForms.burst_gpt.columns },
  marks: () => false,
  lengths(row) {
    const cells = cellsOf(row);
    return oddColumn(cells) === undefined
      ? recorded(csvForms.burst_gpt.read(cells))
      : { input: 0, output: 0 };
  },
  read(row, context) {
    const cells = cellsOf(row);
    const odd = oddColumn(cells);
    if (odd === undefined) return lengthsOnly(csvForms.burst_gpt.read(cells), context);
    context.warn(`${odd} is no number: the row is skipped`);
    return { turns: [], input: 'generated text', history: 'self-contained' };
  },
} as const satisfies RowFormat;

/** The first column of BurstGPT that holds no number. */
function oddColumn(cells: Readonly<Record<string, string>>): string | undefined {
  return csvForms.burst_gpt.columns.find((column) => !isNumber(cells[column] ?? ''));
}

function recorded({ inputLength, outputLength }: LengthRow): RecordedLengths {
  return { input: inputLength, output: outputLength };
}

/** A request with a prompt of its own; lengths of 0 become 1. */
function lengthsOnly({ time, inputLength, outputLength }: LengthRow, context: RowContext): Row {
  if (inputLength === 0) context.warn('a prompt of 0 tokens cannot be sent: using 1');
  if (outputLength === 0) context.warn('an output length of 0 cannot be asked for: using 1');
  return {
    turns: [
      {
        role: 'user',
        texts: [],
        generated: { tokens: Math.max(1, inputLength), blockSize: 1, hashIds: [] },
        maxTokens: Math.max(1, outputLength),
        timestampMs: sinceStart(time, context.originMs),
      },
    ],
    input: 'generated text',
    history: 'self-contained',
  };
}

/** The cells of a row, which are texts. */
function cellsOf(row: JsonObject): Record<string, string> {
  const cells: Record<string, string> = {};
  for (const [column, cell] of Object.entries(row)) {
    if (typeof cell !== 'string') throw mismatch(column, 'a text', cell);
    cells[column] = cell;
  }
  return cells;
}

function isNumber(text: string): boolean {
  return text !== '' && Number.isFinite(Number(text));
}

function tokens(cells: Readonly<Record<string, string>>, column: string): number {
  const text = cells[column] ?? '';
  if (/^\d+$/.test(text) && Number(text) <= MAX_TOKENS) return Number(text);
  throw new RowError(
    `${column} must be a whole number of tokens from 0 to ${MAX_TOKENS}, got ${JSON.stringify(text)}`,
  );
}

function decimal(cells: Readonly<Record<string, string>>, column: string): number {
  const text = cells[column] ?? '';
  if (/^\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text)) return Number(text);
  throw new RowError(`${column} must be a number of seconds, got ${JSON.stringify(text)}`);
}
