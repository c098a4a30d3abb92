import { type HashId, highWord, lowWord } from '../../dataset/hash-id.js';
import { UserError } from '../../util/errors.js';
import type { Json, JsonObject } from '../../util/json.js';
import { KeyTable } from '../key-table.js';
import { lineError } from '../rows.js';
import { writeLines } from '../write-lines.js';
import { RowColumns } from './columns.js';
import { isTurn, plainFields, promptFields } from './fields.js';
import { withoutRare } from './rarity.js';
import { type PrivacyRow, privacyRows } from './row.js';

/** How to make a trace reveal less. */
export interface Cleaning {
  /** Round lengths to multiples of this many tokens, at least one of them; undefined: keep them. */
  readonly roundInput: number | undefined;
  readonly roundOutput: number | undefined;
  /** Round times down to multiples of this many ms; undefined: keep them. */
  readonly roundTimes: number | undefined;
  /** Drop rows with lengths, and conversations with numbers of turns, that fewer have; undefined: keep them. */
  readonly fewest: number | undefined;
  readonly dropFields: readonly string[];
  readonly blockSize: number;
}

/** Rows read and written. */
export interface CleanedRows {
  rows: number;
  kept: number;
}

/**
 * Writes a trace that reveals less: ids, sessions and models are numbered in order of appearance, times start at 0,
 * unknown fields are left out, and more as `cleaning` says. Blocks beyond a rounded length are left out, and blocks
 * that it lacks are added, the same ones for prompts that are the same up to there. Memory holds
 * 16 bytes a row to drop rare ones, and up to 48 for each id.
 * @throws UserError for a malformed row, one with a prompt, or if nothing is left.
 */
export async function cleanTrace(path: string, out: string, cleaning: Cleaning): Promise<CleanedRows> {
  const counts = { rows: 0, kept: 0 };
  await writeLines(out, cleanedLines(path, cleaning, counts), path);
  return counts;
}

async function* cleanedLines(path: string, cleaning: Cleaning, counts: CleanedRows): AsyncGenerator<string> {
  const kept = cleaning.fewest === undefined ? undefined : await keptRows(path, cleaning, cleaning.fewest);
  const cleaner = new RowCleaner(cleaning);
  for await (const row of privacyRows(path)) {
    const isKept = kept === undefined || kept[counts.rows] === 1;
    counts.rows++;
    if (!isKept) continue;
    refusePrompt(path, row);
    counts.kept++;
    yield JSON.stringify(cleaner.clean(row));
  }
  if (counts.kept > 0) return;
  throw new UserError(
    `nothing is left of the ${counts.rows} rows of ${path}`,
    'round lengths to larger multiples, or take a smaller --min-rows',
  );
}

async function keptRows(path: string, cleaning: Cleaning, fewest: number): Promise<Uint8Array> {
  const columns = new RowColumns();
  for await (const { line, inputLength, outputLength, conversation } of privacyRows(path)) {
    const { roundInput, roundOutput } = cleaning;
    columns.add(
      line,
      rounded(inputLength, roundInput) ?? -1,
      rounded(outputLength, roundOutput) ?? -1,
      conversation,
    );
  }
  return withoutRare(columns, fewest);
}

class RowCleaner {
  readonly #cleaning: Cleaning;
  readonly #fields: readonly string[];
  readonly #ids = new KeyTable(2);
  /** Ids of added blocks, by the id before them. */
  readonly #added = new KeyTable(2);
  readonly #words = new Uint32Array(2);
  readonly #sessions = new Map<string, number>();
  readonly #conversations = new Map<string, number>();
  readonly #models = new Map<string, number>();
  #firstMs: number | undefined;

  constructor(cleaning: Cleaning) {
    this.#cleaning = cleaning;
    this.#fields = plainFields.filter((field) => !cleaning.dropFields.includes(field));
  }

  clean({ json, timestampMs, delayMs, inputLength, outputLength, hashIds }: PrivacyRow): JsonObject {
    const { roundInput, roundOutput, roundTimes, blockSize } = this.#cleaning;
    this.#firstMs ??= timestampMs;
    const tokens = rounded(inputLength, roundInput);
    const blocks = Math.ceil((tokens ?? 0) / blockSize);
    const isLonger = tokens !== undefined && inputLength !== undefined && tokens > inputLength;
    const kept = hashIds.slice(0, blocks).map((id) => this.#idOf(id));
    if (isLonger) this.#extend(kept, blocks);
    const elapsedMs = timestampMs === undefined ? undefined : timestampMs - (this.#firstMs ?? 0);
    const values: Readonly<Record<string, Json | undefined>> = {
      timestamp: roundedDown(elapsedMs, roundTimes),
      delay: roundedDown(delayMs, roundTimes),
      session_id: numbered(this.#sessions, json.session_id, String),
      input_length: tokens,
      output_length: rounded(outputLength, roundOutput),
      hash_ids: 'hash_ids' in json ? kept : undefined,
      conversation: numbered(this.#conversations, json.conversation, (number) => number),
      turn: isTurn(json.turn) ? json.turn : undefined,
      model: numbered(this.#models, json.model, (number) => `model-${number + 1}`),
    };
    const present = this.#fields.filter((field) => values[field] !== undefined);
    return Object.fromEntries(present.map((field) => [field, values[field] ?? null]));
  }

  #idOf(id: HashId): number {
    return this.#numberOf(this.#ids, lowWord(id), highWord(id));
  }

  #extend(ids: number[], blocks: number): void {
    for (let last = ids.at(-1); last !== undefined && ids.length < blocks; ids.push(last)) {
      last = this.#numberOf(this.#added, last, 0);
    }
  }

  #numberOf(table: KeyTable, low: number, high: number): number {
    this.#words[0] = low;
    this.#words[1] = high;
    return table.first(this.#words, 0, this.#ids.size + this.#added.size);
  }
}

function refusePrompt(path: string, { line, json, inputLength }: PrivacyRow): void {
  const field = Object.keys(json).find((key) => promptFields.has(key));
  if (field !== undefined && inputLength === undefined) {
    throw lineError(path, line, `the row holds a prompt (${field})`, 'use aiperf trace anonymize');
  }
}

/** To the nearest multiple, at least one. */
function rounded(tokens: number | undefined, multiple: number | undefined): number | undefined {
  if (tokens === undefined || multiple === undefined) return tokens;
  return Math.max(1, Math.round(tokens / multiple)) * multiple;
}

function roundedDown(ms: number | undefined, step: number | undefined): number | undefined {
  return ms === undefined || step === undefined ? ms : Math.floor(ms / step) * step;
}

/** The number of a name in order of appearance. */
function numbered(
  names: Map<string, number>,
  name: Json | undefined,
  as: (number: number) => Json,
): Json | undefined {
  if (name === undefined || name === null) return undefined;
  const key = JSON.stringify(name);
  const known = names.get(key) ?? names.size;
  names.set(key, known);
  return as(known);
}
