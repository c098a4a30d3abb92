import type { JsonObject } from '../../util/json.js';
import type { MediaKind } from '../conversation.js';
import type { DatasetType } from '../loaders/format.js';
import type { Cells } from './cells.js';

/** What a mapping needs to know about the run. */
export interface RowTools {
  /** Tokens of a text, by the run's tokenizer. */
  readonly countTokens: (text: string) => number;
  readonly takesText: boolean;
  readonly takesMedia: readonly MediaKind[];
  /** Requests are sent at their recorded times. */
  readonly isScheduled: boolean;
  /** Reports why rows are skipped or changed; counted, and logged once. */
  readonly warn: (what: string) => void;
}

/** How the rows of a data set become rows of one of our own file formats. */
export interface RowMapping {
  readonly type: DatasetType;
  /** The columns that are read; all of them must be there. Others are not read from Parquet. */
  readonly columns: readonly string[];
  /** Columns that are read where they are there. */
  readonly optional?: readonly string[];
  /** A recorded trace: without a limit of the run, all of it is sent. */
  readonly isTrace?: true;
  /** Whether it counts tokens. */
  readonly countsTokens?: true;
  /**
   * The rows of one conversation; empty for a row that is skipped.
   * @throws RowError for a malformed row.
   */
  read(row: Cells, tools: RowTools): JsonObject[] | Promise<JsonObject[]>;
}
