import { UserError } from '../../util/errors.js';
import type { JsonObject } from '../../util/json.js';
import { MAX_TOKENS } from '../../util/limits.js';
import { roundHalfEven } from '../../util/rounding.js';
import type { HashId } from '../hash-id.js';
import type { RowContext, RowFormat } from './format.js';
import { mooncakeRow } from './mooncake-row.js';
import { mooncakeTrace } from './mooncake-trace.js';
import { inRow, parseRow, readRow } from './read-row.js';
import { type RowFile, rowCount, rowFileOf } from './row-file.js';
import { SessionLinks } from './session-links.js';

/** Transformations of a trace; factors of 1 and absent bounds change nothing. */
export interface Synthesis {
  /** Divides timestamps; 0 leaves them unchanged. */
  readonly speedupRatio: number;
  /** Factor on the number of blocks that a prompt shares with others (its prefix). */
  readonly prefixLenMultiplier: number;
  /** Number of copies of the prefix tree; rows are assigned to them in turn. */
  readonly prefixRootMultiplier: number;
  /** Factor on the tokens after the shared blocks. */
  readonly promptLenMultiplier: number;
  readonly outputLenMultiplier: number;
  /** Drop rows with longer prompts, tokens. */
  readonly maxIsl: number | undefined;
  /** Cap on output lengths, tokens. */
  readonly maxOsl: number | undefined;
  /** Rows outside are dropped before anything else, ms of the trace's own clock. */
  readonly window: { readonly fromMs: number; readonly toMs: number };
}

/**
 * The transformed trace: a file in memory with rows of a Mooncake trace, which keep their line numbers.
 * @throws UserError for a malformed row, and if no row is left.
 */
export function synthesised(
  file: RowFile,
  format: RowFormat,
  context: RowContext,
  synthesis: Synthesis,
): RowFile {
  const blockSize = context.blockSize ?? format.blockSize ?? 1;
  const rows = withPlainIds(keptRows(file, format, context, synthesis));
  if (rows.length === 0) {
    throw new UserError(
      `no row of ${file.path} is left: all are outside the schedule's window or longer than --synthesis-max-isl`,
      'choose wider bounds',
    );
  }
  const trees = synthesis.prefixRootMultiplier;
  const transform = isIdentity(synthesis)
    ? (row: TraceRow) => row.json
    : rowTransform(file.path, rows, blockSize, synthesis);
  // Copies of the tree must not share IDs. The offset between them is known once every ID was generated.
  const largest = (row: TraceRow) => idsOf(transform(row)).reduce((most, id) => Math.max(most, id), 0);
  const idOffset = trees > 1 ? rows.reduce((most, row) => Math.max(most, largest(row)), 0) + 1 : 0;
  const lines = rows.map((row, place) => {
    const json = clamped(transform(row), synthesis.maxOsl);
    const shift = (place % trees) * idOffset;
    const ids = idsOf(json);
    const shifted =
      shift === 0 || ids.length === 0 ? json : { ...json, hash_ids: ids.map((id) => id + shift) };
    return { line: row.line, text: JSON.stringify(shifted) };
  });
  return rowFileOf(file.path, lines);
}

interface TraceRow<Id = number> {
  readonly line: number;
  readonly json: JsonObject;
  /** 0 if the row contains its prompt. */
  readonly tokens: number;
  readonly hashIds: readonly Id[];
}

/** Makes IDs safe for arithmetic: if any is beyond 2^53 - 1, all are renumbered in order of appearance. */
function withPlainIds(rows: readonly TraceRow<HashId>[]): TraceRow[] {
  const isPlain = rows.every(({ hashIds }) => hashIds.every((id) => typeof id === 'number'));
  const numbers = new Map<HashId, number>();
  const numberOf = (id: HashId) => {
    if (isPlain) return Number(id);
    const number = numbers.get(id) ?? numbers.size;
    numbers.set(id, number);
    return number;
  };
  return rows.map((row) => {
    const hashIds = row.hashIds.map(numberOf);
    return {
      ...row,
      hashIds,
      json: isPlain || hashIds.length === 0 ? row.json : { ...row.json, hash_ids: hashIds },
    };
  });
}

function keptRows(
  file: RowFile,
  format: RowFormat,
  context: RowContext,
  { window, maxIsl = Number.POSITIVE_INFINITY }: Synthesis,
): TraceRow<HashId>[] {
  const links = new SessionLinks();
  const sessions = new Map<string | undefined, boolean>();
  const rows: TraceRow<HashId>[] = [];
  for (let number = 0; number < rowCount(file); number++) {
    const row = readRow(file, number, format, context);
    const sessionId = inRow(file, number, () => links.sessionOf(row));
    const [turn] = row.turns;
    if (turn === undefined) continue;
    const { timestampMs, generated } = turn;
    // A row without a time is kept or dropped with the row before it in its session.
    const isWithin =
      timestampMs === undefined
        ? sessionId === undefined || (sessions.get(sessionId) ?? true)
        : timestampMs >= window.fromMs && timestampMs <= window.toMs;
    if (sessionId !== undefined) sessions.set(sessionId, isWithin);
    const tokens = generated?.tokens ?? 0;
    if (!isWithin || tokens > maxIsl) continue;
    const json = format === mooncakeTrace ? parseRow(file, number) : mooncakeRow(sessionId, turn);
    rows.push({ line: file.lines[number] ?? 0, json, tokens, hashIds: generated?.hashIds ?? [] });
  }
  return rows;
}

function isIdentity(synthesis: Synthesis): boolean {
  return [
    synthesis.speedupRatio,
    synthesis.prefixLenMultiplier,
    synthesis.prefixRootMultiplier,
    synthesis.promptLenMultiplier,
    synthesis.outputLenMultiplier,
  ].every((factor) => factor === 1);
}

/** Applies every factor except the copies of the tree, row by row. The same row always gives the same result. */
function rowTransform(path: string, rows: readonly TraceRow[], blockSize: number, synthesis: Synthesis) {
  const { speedupRatio, outputLenMultiplier } = synthesis;
  const uses = new Map<number, number>();
  let largest = -1;
  for (const { hashIds } of rows) {
    for (const id of hashIds) {
      uses.set(id, (uses.get(id) ?? 0) + 1);
      largest = Math.max(largest, id);
    }
  }
  // New IDs by their description, so that equal prefixes stay equal.
  const made = new Map<string, number>();
  const idFor = (what: string) => {
    const known = made.get(what);
    if (known !== undefined) return known;
    largest++;
    made.set(what, largest);
    return largest;
  };

  const tooLong = ({ line }: TraceRow, tokens: number) =>
    new UserError(
      `${path}:${line}: --synthesis-* makes a prompt of ${Math.ceil(tokens)} tokens: at most ${MAX_TOKENS} are sent`,
      'choose smaller multipliers',
    );

  return (row: TraceRow): JsonObject => {
    const { timestamp, output_length: output } = row.json;
    return {
      ...row.json,
      ...(typeof timestamp === 'number' && speedupRatio > 0 && speedupRatio !== 1
        ? { timestamp: Math.trunc(timestamp / speedupRatio) }
        : {}),
      ...(typeof output === 'number'
        ? { output_length: Math.max(1, roundHalfEven(output * outputLenMultiplier)) }
        : {}),
      ...(row.hashIds.length > 0 ? prompt(row) : {}),
    };
  };

  function prompt(row: TraceRow) {
    const { prefixLenMultiplier, promptLenMultiplier, maxIsl = Number.POSITIVE_INFINITY } = synthesis;
    const unshared = row.hashIds.findIndex((id) => (uses.get(id) ?? 0) < 2);
    const shared = unshared === -1 ? row.hashIds : row.hashIds.slice(0, unshared);
    const prefixTokens = shared.length * prefixLenMultiplier * blockSize;
    if (prefixTokens > MAX_TOKENS) throw tooLong(row, prefixTokens);
    const prefix = scaledPrefix(shared, prefixLenMultiplier);
    const rest = row.tokens - shared.length * blockSize;
    // The last shared block may be partial: it keeps its size if it still ends the prefix.
    const missing = rest < 0 && prefix.length >= shared.length ? -rest : 0;
    const own = floor(Math.max(0, rest) * promptLenMultiplier);
    const tokens = Math.max(1, Math.min(maxIsl, prefix.length * blockSize - missing + own));
    if (tokens > MAX_TOKENS) throw tooLong(row, tokens);
    const ids = Array.from(
      { length: Math.ceil(tokens / blockSize) },
      (_, place) => prefix[place] ?? idFor(`row ${row.line}, ${place - prefix.length}`),
    );
    return { input_length: tokens, hash_ids: ids };
  }

  function scaledPrefix(shared: readonly number[], factor: number): readonly number[] {
    const k = shared.length;
    if (factor === 1 || k === 0) return shared;
    if (factor < 1) return shared.slice(0, Math.max(1, floor(k * factor)));
    const copies = Math.trunc(factor);
    const prefix = shared.flatMap((id) =>
      Array.from({ length: copies }, (_, copy) => (copy === 0 ? id : idFor(`copy ${copy} of ${id}`))),
    );
    const end = `end of ${k} to ${shared[k - 1]}`;
    while (prefix.length < Math.ceil(k * factor - EPSILON)) prefix.push(idFor(`${end}, ${prefix.length}`));
    return prefix;
  }
}

function clamped(row: JsonObject, maxOsl: number | undefined): JsonObject {
  const { output_length: output } = row;
  return maxOsl !== undefined && typeof output === 'number' && output > maxOsl
    ? { ...row, output_length: maxOsl }
    : row;
}

function idsOf({ hash_ids: ids }: JsonObject): number[] {
  return Array.isArray(ids) ? ids.filter((id) => typeof id === 'number') : [];
}

// Rounding must not make 10 × 1.1 more than 11.
const EPSILON = 1e-9;

function floor(value: number): number {
  return Math.floor(value + EPSILON);
}
