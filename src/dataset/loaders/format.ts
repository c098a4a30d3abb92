import type { JsonObject } from '../../util/json.js';
import type { Conversation, MediaKind, NamedTexts } from '../conversation.js';
import type { HashId } from '../hash-id.js';
import type { AgentLinks } from './agent-links.js';
import type { Replay } from './replay.js';

export type { DatasetType } from '../../config/dataset-types.js';

/** Text to generate: `tokens` tokens, in blocks identified by hash IDs. */
export interface GeneratedText {
  readonly tokens: number;
  readonly blockSize: number;
  /** Empty: text that no other prompt shares. */
  readonly hashIds: readonly HashId[];
}

/** Lengths of a request as its row has them, tokens. */
export interface RecordedLengths {
  readonly input: number;
  readonly output: number;
  /** Hashes of the blocks of a prompt whose text the row holds too. */
  readonly blocks?: { readonly hashIds: readonly HashId[]; readonly size: number | undefined };
}

/** An image, a sound or a video as written in a row: a URL, a data URL, `<format>,<base64>` or the path of a file. */
export interface RowMedia {
  readonly kind: MediaKind;
  readonly name: string;
  readonly source: string;
  /** By which servers cache an image; then the source may be ''. */
  readonly uuid?: string;
}

/** A turn as recorded in its row, before model, default cap and generated text are filled in. */
export interface RowTurn {
  readonly role: string;
  readonly texts: readonly NamedTexts[];
  readonly generated?: GeneratedText | undefined;
  /** Images, then audio, then videos. */
  readonly media?: readonly RowMedia[] | undefined;
  /** In place of one of `--model`. */
  readonly model?: string | undefined;
  readonly maxTokens?: number | undefined;
  readonly timestampMs?: number | undefined;
  readonly delayMs?: number | undefined;
  readonly extra?: JsonObject | undefined;
  readonly messages?: readonly JsonObject[] | undefined;
  readonly tools?: readonly JsonObject[] | undefined;
  readonly payload?: JsonObject | undefined;
}

/** One row of a file. */
export interface Row {
  /** Rows with the same ID form one conversation, in file order. */
  readonly sessionId?: string | undefined;
  /** In place of a session ID: the row's own ID, and that of the row whose session it continues. */
  readonly link?: { readonly id: string; readonly parent: string | undefined };
  /** Empty if the row has nothing to send; the row is then skipped. */
  readonly turns: readonly RowTurn[];
  /** Sent before every turn if the endpoint supports system messages. */
  readonly systemMessage?: string | undefined;
  /** A description of the kind of input; rows of one session must agree on it. */
  readonly input: string;
  readonly history: Conversation['history'];
  /** The row is one agent of a conversation graph, tied to others. */
  readonly links?: AgentLinks | undefined;
}

/** A row that is one agent of a conversation graph. */
export type LinkedRow = Row & { readonly links: AgentLinks };

/** Settings for reading a row. */
export interface RowContext {
  /** Tokens per hash ID; absent: the default of the format. */
  readonly blockSize?: number | undefined;
  /** The name assigned to plain text items. */
  readonly textName: string;
  /** The session of all rows of a file in a folder. */
  readonly fileSession?: string | undefined;
  /** Start of the trace in ms of the wall clock; absent: such times are not shifted. */
  readonly originMs?: number | undefined;
  /** How a trace with recorded prompts is replayed; absent: as recorded, with all hints. */
  readonly replay?: Pick<Replay, 'strict' | 'omitsMinTokens' | 'omitsHints'> | undefined;
  /** Reports a correction made to the row. */
  readonly warn: (what: string) => void;
}

/** Files that are tables. */
export type TableKind = 'csv' | 'parquet';

/** A file type whose rows are JSON objects; those of a table hold the texts of its columns. */
export interface RowFormat {
  /** What its files are, with the columns that must be there; absent: JSON. */
  readonly table?: {
    readonly kind: TableKind;
    readonly columns: readonly string[];
    /** Further columns that are read. */
    readonly optional?: readonly string[];
  };
  /** Recorded traffic, with times and lengths. */
  readonly isTrace?: true;
  /** Default tokens per hash ID; absent: rows have no hash IDs. */
  readonly blockSize?: number;
  /** Times are of the wall clock: rows are sent in their order, and times count from the first; how files have them. */
  readonly wallClock?: 'in order' | 'any order';
  /** Each session is one row, and this key its ID. */
  readonly sessionKey?: string;
  /** What was recorded, where `read` corrects it or returns the text. @throws RowError for a malformed row. */
  lengths?(row: JsonObject): RecordedLengths;
  /** Whether the row has the keys that identify this type; it may still be malformed. */
  marks(row: JsonObject): boolean;
  /** @throws RowError for a malformed row. */
  read(row: JsonObject, context: RowContext): Row;
}

/** An error in a row; the caller adds file and line. */
export class RowError extends Error {
  override readonly name = 'RowError';
}
