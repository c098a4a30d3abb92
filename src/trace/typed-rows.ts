import type { HashId } from '../dataset/hash-id.js';
import { findCallTrace, readCallTrace } from '../dataset/loaders/call-traces.js';
import {
  type DatasetType,
  type Row,
  RowError,
  type RowFormat,
  type RowTurn,
} from '../dataset/loaders/format.js';
import { formatOf } from '../dataset/loaders/formats.js';
import { systemMessageOf } from '../dataset/loaders/multi-turn.js';
import { parseRowText } from '../dataset/loaders/parse-row.js';
import { type RowFile, rowCount, rowText } from '../dataset/loaders/row-file.js';
import type { RowText } from '../dataset/loaders/row-stream.js';
import { SessionLinks } from '../dataset/loaders/session-links.js';
import { rowsOf } from '../dataset/loaders/table-rows.js';
import type { JsonObject } from '../util/json.js';
import type { PromptTokens, TextReader } from './prompt-tokens.js';
import { roundedMs } from './row-text.js';
import { inLine, type TraceRow } from './rows.js';

/** How the lengths of a file are read. */
export interface LengthReading {
  /** Absent: detected from the file. */
  readonly type?: DatasetType | undefined;
  /** Tokens per hash ID; absent: the default of the type. */
  readonly blockSize?: number | undefined;
  /** Counts the tokens of texts; absent: rows with texts are refused. */
  readonly texts?: TextReader | undefined;
}

/**
 * Streams the requests of a file of any type as rows of a Mooncake trace. Rows without input or output tokens are
 * skipped. A turn whose history gets live answers has the length of what it adds. Rows in any order of wall-clock times
 * are sorted in memory, and recorded calls of agents are read into memory.
 * @param onEmpty called for each skipped row.
 * @throws UserError for a malformed row, naming file and line.
 */
export async function* typedRows(
  path: string,
  type: DatasetType,
  reading: LengthReading,
  onEmpty: () => void = () => {},
): AsyncGenerator<TraceRow> {
  const requests = requestsOf(path, type, reading, onEmpty);
  if (formatOf(type).wallClock !== 'any order') {
    for await (const request of requests) yield withText(request);
    return;
  }
  const all: Request[] = [];
  for await (const request of requests) all.push(request);
  const timeOf = ({ timestampMs = 0 }: Request) => timestampMs;
  all.sort((a, b) => timeOf(a) - timeOf(b));
  const startMs = all[0] === undefined ? 0 : timeOf(all[0]);
  for (const request of all)
    yield withText({ ...request, timestampMs: roundedMs(timeOf(request) - startMs) });
}

/** A row before its text is made. */
type Request = Omit<TraceRow, 'text'> & Pick<Row, 'history'>;

async function* requestsOf(
  path: string,
  type: DatasetType,
  reading: LengthReading,
  onEmpty: () => void,
): AsyncGenerator<Request> {
  const { texts } = reading;
  const format = formatOf(type);
  const { rows, blockSize } = await fileRows(path, type, reading.blockSize);
  const links = new SessionLinks();
  let originMs: number | undefined;
  let startMs: number | undefined;
  for await (const { line, text } of rows) {
    const { row, recorded } = inLine(path, line, () => {
      const json = parseRowText(text);
      const lengths = format.lengths?.(json);
      if (lengths !== undefined && (lengths.input <= 0 || lengths.output <= 0)) return { row: undefined };
      originMs ??= originOf(format, json);
      const context = { blockSize, textName: '', originMs, warn: () => {} };
      return { row: format.read(json, context), recorded: lengths };
    });
    if (row === undefined) {
      onEmpty();
      continue;
    }
    const sessionId = inLine(path, line, () => links.sessionOf(row));
    for (const turn of promptsOf(row, type)) {
      const { timestampMs, delayMs, generated, model } = turn;
      const blocks = recorded?.blocks?.hashIds ?? generated?.hashIds;
      const length = recorded?.input ?? generated?.tokens;
      const counted = length === undefined ? inLine(path, line, () => counts(turn, texts)) : undefined;
      if (isShifted(type)) startMs ??= timestampMs;
      yield {
        line,
        timestampMs: timestampMs === undefined ? undefined : roundedMs(timestampMs - (startMs ?? 0)),
        delayMs,
        inputLength: length ?? counted?.inputLength,
        outputLength: recorded?.output ?? turn.maxTokens ?? counted?.maxTokens,
        hashIds: blocks ?? counted?.hashIds ?? [],
        sessionId,
        model,
        user: undefined,
        history: row.history,
      };
    }
  }
}

/** Rows of a file, and the tokens per hash ID in them. */
interface FileRows {
  readonly rows: AsyncIterable<RowText> | Iterable<RowText>;
  readonly blockSize: number | undefined;
}

/** Opens the rows of a file; those of recorded calls are agents. */
export async function fileRows(
  path: string,
  type: DatasetType,
  blockSize: number | undefined,
): Promise<FileRows> {
  const calls = await findCallTrace(path, false, type);
  if (calls === undefined) {
    const format = formatOf(type);
    return { rows: rowsOf(path, format), blockSize: blockSize ?? format.blockSize };
  }
  const read = await readCallTrace(path, calls, { blockSize, models: [] }, () => {});
  return { rows: textsOf(read.rows), blockSize: read.blockSize };
}

function* textsOf(file: RowFile): Generator<RowText> {
  for (let row = 0; row < rowCount(file); row++)
    yield { line: file.lines[row] ?? 0, text: rowText(file, row) };
}

/** The whole millisecond before the first time: times of the wall clock have more digits than a number. */
function originOf(format: RowFormat, json: JsonObject): number | undefined {
  if (format.wallClock === undefined) return undefined;
  const [turn] = format.read(json, { textName: '', warn: () => {} }).turns;
  return turn?.timestampMs === undefined ? undefined : Math.floor(turn.timestampMs);
}

/** Whether times count from the first row: those of a trace that are not relative yet. */
function isShifted(type: DatasetType): boolean {
  const { isTrace, wallClock } = formatOf(type);
  return (
    isTrace === true && wallClock !== 'any order' && !['otel_spans', 'weka_trace', 'tracelab'].includes(type)
  );
}

/** The turns that are requests; the text of a system message is part of the first. */
function promptsOf({ turns, systemMessage }: Row, type: DatasetType): readonly RowTurn[] {
  const leading = type === 'multi_turn' ? systemMessageOf(turns) : undefined;
  const [first, ...later] = leading === undefined ? turns : turns.slice(1);
  const system = leading ?? systemMessage;
  if (first === undefined || system === undefined) return turns;
  return [{ ...first, texts: [{ name: '', contents: [system] }, ...first.texts] }, ...later];
}

/** @throws RowError if texts cannot be counted. */
function counts(turn: RowTurn, texts: TextReader | undefined): PromptTokens {
  if (texts !== undefined) return texts.read(turn);
  const what = turn.messages ? 'messages' : turn.payload ? 'a body' : 'text';
  throw new RowError(
    `the row holds ${what} and no length: count its tokens with aiperf trace stats --tokenizer or aiperf trace convert --tokenizer, e.g. --tokenizer builtin`,
  );
}

function withText({ history, ...row }: Request): TraceRow {
  const { timestampMs, delayMs, inputLength, outputLength, hashIds, sessionId } = row;
  // Rows of a session are sent with their history; prompts that hold it are sent alone.
  const isContinued = history === 'live-answers';
  const members = [
    ['session_id', isContinued && sessionId !== undefined ? JSON.stringify(sessionId) : undefined],
    ['timestamp', timestampMs],
    ['delay', isContinued ? delayMs : undefined],
    ['input_length', inputLength],
    ['output_length', outputLength],
    // JSON.stringify does not accept bigint IDs.
    ['hash_ids', hashIds.length > 0 ? listOf(hashIds) : undefined],
  ].flatMap(([key, value]) => (value === undefined ? [] : [`"${key}":${value}`]));
  return { ...row, text: `{${members.join(',')}}` };
}

function listOf(ids: readonly HashId[]): string {
  return `[${ids.join(',')}]`;
}
