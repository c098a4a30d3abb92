import { epochMs } from '../../util/clock.js';
import { UserError } from '../../util/errors.js';
import { freeMemory } from '../../util/free-memory.js';
import type { JsonObject } from '../../util/json.js';
import type { Log } from '../../util/log.js';
import { RowError } from '../loaders/format.js';
import type { Table } from '../loaders/parquet-table.js';
import type { RowText } from '../loaders/row-stream.js';
import type { Cells } from './cells.js';
import { type ColumnNames, mappingOf, requireColumns } from './columns.js';
import type { DataFile } from './data-files.js';
import type { RowFilter } from './filters.js';
import type { RowMapping, RowTools } from './mapping.js';
import { openTable } from './read-table.js';

/** What is read of a data set. */
export interface Selection {
  /** How messages name it. */
  readonly name: string;
  /** Undefined: found from the columns of the first row. */
  readonly mapping: RowMapping | undefined;
  readonly columns: ColumnNames;
  readonly filter: RowFilter;
  /** Conversations to read; Infinity: all. */
  readonly limit: number;
  /** The same of a recorded trace. */
  readonly limitOfTrace: number;
  /** Called where a mapping counts tokens. */
  readonly openCounter: () => Promise<(text: string) => number>;
}

/** Conversations of a data set as rows of one of our file formats. */
export interface Conversations {
  readonly type: RowMapping['type'];
  readonly rows: readonly RowText[];
  /** The files that were read. */
  readonly files: readonly DataFile[];
}

/**
 * Reads files one after the other until there are enough conversations; later files are not even downloaded.
 * @throws UserError for a column that is not there, a malformed row, or nothing to send.
 */
export async function readConversations(
  files: readonly DataFile[],
  { name, columns, filter, openCounter, ...selection }: Selection,
  endpoint: Omit<RowTools, 'countTokens' | 'warn'>,
  log: Log,
): Promise<Conversations> {
  let { mapping, limit } = selection;
  const warnings = new Map<string, number>();
  const tools: RowTools & { countTokens: RowTools['countTokens'] } = {
    ...endpoint,
    countTokens: () => 0,
    warn: (what) => void warnings.set(what, (warnings.get(what) ?? 0) + 1),
  };
  const rows: RowText[] = [];
  const used: DataFile[] = [];
  const memory = openMemory(name);
  let taken = 0;
  let read = 0;
  let loggedMs = epochMs();
  for (const file of files) {
    if (taken >= limit) break;
    used.push(file);
    const table = await openTable(await file.fetch(), file.shown);
    if (used.length === 1) {
      mapping ??= mappingOf(columns, await firstRow(table, file), endpoint);
      if (mapping.isTrace) limit = selection.limitOfTrace;
      if (mapping.countsTokens) tools.countTokens = await openCounter();
    }
    if (mapping === undefined) throw new Error('rows without a mapping');
    requireColumns([...mapping.columns, ...filter.columns], table.columns);
    for await (const { number, cells } of table.rows(columnsOf(mapping, filter, table))) {
      if (++read % rowsBetweenLooks === 0 && epochMs() - loggedMs > progressMs) {
        loggedMs = epochMs();
        log('INFO', 'dataset', `${name}: ${taken} conversations from ${read} rows so far`);
      }
      if (!filter.accepts(cells)) continue;
      const made = await mapped(mapping, cells, tools, `${file.shown}:${number}`);
      for (const row of made) {
        const text = JSON.stringify(row);
        memory.take(text.length);
        rows.push({ line: number, text });
      }
      if (made.length > 0 && ++taken >= limit) break;
    }
  }
  for (const [what, count] of warnings) log('WARNING', 'dataset', `${name}: ${what} (${count} rows)`);
  if (mapping === undefined || rows.length === 0) throw nothing(name, read, warnings, filter);
  log('INFO', 'dataset', `${name}: ${taken} conversations from ${read} rows`);
  return { type: mapping.type, rows, files: used };
}

const progressMs = 5000;
const rowsBetweenLooks = 100;

async function mapped(
  mapping: RowMapping,
  cells: Cells,
  tools: RowTools,
  at: string,
): Promise<readonly JsonObject[]> {
  try {
    return await mapping.read(cells, tools);
  } catch (error) {
    if (error instanceof RowError) throw new UserError(`${at}: ${error.message}`);
    throw error;
  }
}

async function firstRow(table: Table, file: DataFile): Promise<Cells> {
  const first = await table.rows(table.columns).next();
  if (first.done) throw new UserError(`${file.shown} holds no rows`);
  return first.value.cells;
}

function columnsOf(mapping: RowMapping, filter: RowFilter, table: Table): string[] {
  const optional = (mapping.optional ?? []).filter((column) => table.columns.includes(column));
  return [...new Set([...mapping.columns, ...optional, ...filter.columns])];
}

function nothing(
  name: string,
  read: number,
  warnings: ReadonlyMap<string, number>,
  filter: RowFilter,
): UserError {
  if (filter.columns.length > 0 && warnings.size === 0 && read > 0) return filter.nothingLeft();
  const why = [...warnings.keys()].join('; ');
  return new UserError(
    `${name} has no conversation to send: ${read} rows were read${why === '' ? '' : ` (${why})`}`,
    'Check --hf-subset, --hf-split, --dataset-filter and --dataset-columns.',
  );
}

/** Prompts are held in memory, once as text and once shared between threads. */
function openMemory(name: string): { take(bytes: number): void } {
  const most = Math.min(0xffff_ffff, Math.floor(freeMemory() / 3));
  let held = 0;
  return {
    take(bytes) {
      held += bytes;
      if (held <= most) return;
      throw new UserError(
        `${name} has more than ${Math.floor(most / 1e6)} MB of requests, the limit for the free memory of this machine`,
        'Read fewer conversations with --num-dataset-entries.',
      );
    },
  };
}
