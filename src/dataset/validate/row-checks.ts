import { UserError } from '../../util/errors.js';
import type { HashId } from '../hash-id.js';
import { type DatasetType, type Row, RowError, type RowTurn } from '../loaders/format.js';
import { formatOf } from '../loaders/formats.js';
import { systemMessageOf } from '../loaders/multi-turn.js';
import { parseRowText } from '../loaders/parse-row.js';
import { SessionLinks } from '../loaders/session-links.js';
import { checkMedia } from '../media/source.js';
import { BlockSizes } from './block-sizes.js';
import { Notes, Problems } from './findings.js';

/** Sessions and hash IDs that are remembered; later ones are not compared, so that memory is bounded. */
const MOST_REMEMBERED = 2_000_000;

/** Checks the rows of a file one by one, and what only shows between them. */
export class RowChecks {
  readonly problems: Problems;
  readonly notes = new Notes();
  readonly blockSizes: BlockSizes;
  /** Counts of what can be sent. */
  readonly totals = {
    rows: 0,
    sessions: 0,
    turns: 0,
    generatedTokens: 0,
    literalCharacters: 0,
    outputTokens: 0,
    cappedTurns: 0,
    firstMs: Number.POSITIVE_INFINITY,
    lastMs: Number.NEGATIVE_INFINITY,
  };
  /** Of conversation graphs. */
  graphs: { readonly sessions: number; readonly agents: number; readonly turns: number } | undefined;
  /** A session that no fixed schedule can start. */
  untimed: { readonly place: string } | undefined;
  readonly #type: DatasetType;
  readonly #blockSize: number | undefined;
  readonly #sessions = new Map<string, { input: string; lastMs: number; line: string }>();
  readonly #links = new SessionLinks();
  readonly #linked = new Set<string>();
  /** Tokens of each hash ID where it was first seen. */
  readonly #sizes = new Map<HashId, number>();

  constructor(type: DatasetType, blockSize: number | undefined, keepProblems: number) {
    this.#type = type;
    this.#blockSize = blockSize;
    this.problems = new Problems(keepProblems);
    this.blockSizes = new BlockSizes(blockSize ?? formatOf(type).blockSize ?? 1);
  }

  /** Checks the next row of a file. @param fileSession the session of all its rows, in a folder. */
  take(path: string, line: number, text: string, fileSession?: string): void {
    const place = `${path}:${line}`;
    try {
      const row = formatOf(this.#type).read(parseRowText(text), {
        ...{ blockSize: this.#blockSize, textName: 'text', fileSession },
        warn: (what) => this.notes.add(what, place),
      });
      if (row.turns.length === 0) return;
      this.#checkMedia(row);
      this.#checkSession(row, place);
      for (const turn of row.turns) this.#count(turn, place);
      this.totals.rows++;
    } catch (error) {
      if (!(error instanceof RowError || error instanceof UserError)) throw error;
      this.problems.add(path, line, error.message);
    }
  }

  /** Widens the time span. */
  takeTime(timestampMs: number | undefined): void {
    if (timestampMs === undefined) return;
    this.totals.firstMs = Math.min(this.totals.firstMs, timestampMs);
    this.totals.lastMs = Math.max(this.totals.lastMs, timestampMs);
  }

  #checkMedia({ turns }: Row): void {
    for (const { kind, source, uuid } of turns.flatMap(({ media = [] }) => media)) {
      if (source !== '' || uuid === undefined) checkMedia(kind, source);
    }
  }

  #checkSession(row: Row, place: string): void {
    const id = this.#links.sessionOf(row);
    const { link, input } = row;
    if (link !== undefined && this.#linked.size < MOST_REMEMBERED) {
      if (this.#linked.has(link.id)) this.notes.add('an id that an earlier row has', place);
      this.#linked.add(link.id);
    }
    const known = id === undefined ? undefined : this.#sessions.get(id);
    const { sessionKey } = formatOf(this.#type);
    if (known !== undefined && sessionKey !== undefined)
      throw new RowError(`the ${sessionKey} ${id} is used already at ${known.line}`);
    if (known !== undefined && known.input !== input)
      throw new RowError(`the session ${id} has rows with ${known.input}, and this one has ${input}`);
    let lastMs = known?.lastMs ?? Number.NEGATIVE_INFINITY;
    for (const [number, { timestampMs }] of this.#sent(row).entries()) {
      if (timestampMs !== undefined && timestampMs < lastMs)
        this.notes.add(
          'the time is before that of the turn before it in its session: it is sent after it',
          place,
        );
      if (timestampMs === undefined && number === 0 && known === undefined) this.untimed ??= { place };
      lastMs = timestampMs ?? lastMs;
    }
    if (known !== undefined) known.lastMs = lastMs;
    else {
      this.totals.sessions++;
      if (id !== undefined && this.#sessions.size < MOST_REMEMBERED)
        this.#sessions.set(id, { input, lastMs, line: place });
    }
  }

  /** The turns that are requests, where a leading system turn is none. */
  #sent({ turns }: Row): readonly RowTurn[] {
    return this.#type === 'multi_turn' && systemMessageOf(turns) !== undefined ? turns.slice(1) : turns;
  }

  #count(turn: RowTurn, place: string): void {
    const { totals } = this;
    const { generated, maxTokens, timestampMs } = turn;
    totals.turns++;
    totals.generatedTokens += generated?.tokens ?? 0;
    totals.literalCharacters += literalCharacters(turn);
    if (maxTokens !== undefined) {
      totals.outputTokens += maxTokens;
      totals.cappedTurns++;
    }
    if (timestampMs !== undefined && timestampMs < totals.lastMs)
      this.notes.add('the time is before that of an earlier row', place);
    this.takeTime(timestampMs);
    if (generated === undefined) return;
    const { tokens, hashIds, blockSize } = generated;
    this.blockSizes.add(tokens, hashIds.length);
    for (const [at, id] of hashIds.entries()) {
      const size = at < hashIds.length - 1 ? blockSize : Math.min(blockSize, tokens - at * blockSize);
      const known = this.#sizes.get(id);
      if (known !== undefined && known !== size)
        this.notes.add(
          'a hash id stands for a whole block in one row and for a part of it in another',
          place,
        );
      if (known === undefined && this.#sizes.size < MOST_REMEMBERED) this.#sizes.set(id, size);
    }
  }
}

function literalCharacters({ texts, messages, payload }: RowTurn): number {
  const written = texts.reduce(
    (sum, { contents }) => sum + contents.reduce((length, text) => length + text.length, 0),
    0,
  );
  const recorded = payload ?? messages;
  return written + (recorded === undefined ? 0 : JSON.stringify(recorded).length);
}
