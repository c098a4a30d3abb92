import type { datasetTypes } from '../../config/options.js';
import type { JsonObject } from '../../util/json.js';
import type { Conversation, NamedTexts } from '../conversation.js';
import type { HashId } from '../hash-id.js';

/** A kind of file that can be read, as `--custom-dataset-type` names it. */
export type DatasetType = (typeof datasetTypes)[number];

/** Text to be generated: `tokens` tokens, in blocks that the ids stand for. */
export interface GeneratedText {
  readonly tokens: number;
  readonly blockSize: number;
  /** Empty: text shared with nobody. */
  readonly hashIds: readonly HashId[];
}

/** One turn as its row says it, before model, default cap and generated text are filled in. */
export interface RowTurn {
  readonly role: string;
  readonly texts: readonly NamedTexts[];
  readonly generated?: GeneratedText | undefined;
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
  /** Rows that share it are one conversation, in file order. */
  readonly sessionId?: string | undefined;
  /** None where the row holds nothing to send: it is left out. */
  readonly turns: readonly RowTurn[];
  /** Sent in front of every turn where the endpoint has a place for it. */
  readonly systemMessage?: string | undefined;
  /** What sort of input it is, in words; rows of one session must agree in it. */
  readonly input: string;
  readonly history: Conversation['history'];
}

/** What a row is read with. */
export interface RowContext {
  /** Tokens of a block that a hash id stands for; absent: the format's own. */
  readonly blockSize?: number | undefined;
  /** Given to plain text items as their name. */
  readonly textName: string;
  /** Takes what was mended in the row. */
  readonly warn: (what: string) => void;
}

/** A file type: one JSON object a line. */
export interface RowFormat {
  /** The row has the keys that mark this type; it may still be malformed. */
  marks(row: JsonObject): boolean;
  /** @throws RowError for a malformed row. */
  read(row: JsonObject, context: RowContext): Row;
}

/** What is wrong with a row; file and line are added by who knows them. */
export class RowError extends Error {
  override readonly name = 'RowError';
}
