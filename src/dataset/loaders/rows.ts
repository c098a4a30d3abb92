import { UserError } from '../../util/errors.js';
import type { Log } from '../../util/log.js';
import { marksTurn } from '../cache-bust.js';
import type { Conversation, Dataset } from '../conversation.js';
import type { DatasetOptions } from '../dataset-options.js';
import { FileLoader, type LoadedFiles } from '../media/loaded-files.js';
import type { PromptSource } from '../prompts.js';
import type { PublicSource } from '../public/plan.js';
import { sessionIds } from '../session-ids.js';
import type { TokenIdSource } from '../token-ids.js';
import type { TurnRules } from '../turn-rules.js';
import type { DatasetType, Row, RowContext, RowTurn } from './format.js';
import { formatOf } from './formats.js';
import { systemMessageOf } from './multi-turn.js';
import { checkRowMedia, checkRowTurns, inRow, readRow, rowError } from './read-row.js';
import { type RowFile, rowCount, rowPlace, shared } from './row-file.js';
import { openRowTurns } from './row-turns.js';
import { SessionLinks } from './session-links.js';

/** The conversations of one file. Plain data: rows are parsed again whenever their conversation is requested. */
export interface RowsPlan {
  readonly kind: 'rows';
  readonly type: DatasetType;
  /** The type by which its rows are read: `mooncake_trace` for those of a changed trace. */
  readonly readAs: DatasetType;
  /** Start of a trace with times of the wall clock, ms since the epoch. */
  readonly originMs: number | undefined;
  /** Absent: as in the rows. */
  readonly history?: Conversation['history'] | undefined;
  readonly namedSessions: boolean;
  readonly rules: TurnRules;
  /** Generated prompts are token IDs. */
  readonly asTokenIds: boolean;
  readonly file: RowFile;
  readonly blockSize: number | undefined;
  readonly endpointHasSystemSlot: boolean;
  /** Images that a session has sent are only named in its later turns. */
  readonly stripsImages: boolean;
  /** Timestamps and delays in the file are ignored. */
  readonly ignoreTimings: boolean;
  /** Row numbers grouped by conversation; those of conversation c are at `rowsBefore[c]` to `rowsBefore[c + 1]`. */
  readonly rowOrder: Uint32Array;
  readonly rowsBefore: Uint32Array;
  /** Turns before each conversation, and the total. */
  readonly turnsBefore: Uint32Array;
  readonly hasTimestamps: boolean;
  /** Tokens of all text to generate, and bytes of the rows with literal text and of their media. */
  readonly generatedTokens: number;
  readonly literalBytes: number;
  readonly files: LoadedFiles;
  /** Of a public data set. */
  readonly source?: PublicSource;
}

/** Validates every row and groups rows by conversation. @throws UserError for a malformed row, naming its line. */
export function planRows(
  file: RowFile,
  source: Pick<RowsPlan, 'type' | 'readAs' | 'originMs' | 'history'>,
  options: DatasetOptions,
  rules: TurnRules,
  log: Log,
): RowsPlan {
  const format = formatOf(source.readAs);
  const links = new SessionLinks();
  const { namedSessions, asTokenIds = false, endpointHasSystemSlot, ignoreTimings } = options;
  const blockSize = options.blockSize ?? formatOf(source.type).blockSize;
  const warnings = new Map<string, { first: string; rows: number }>();
  const sessions: { rows: number[]; input: string; turns: number }[] = [];
  const byId = new Map<string, number>();
  const files = new FileLoader();
  let hasTimestamps = false;
  let generatedTokens = 0;
  let literalBytes = 0;

  for (let number = 0; number < rowCount(file); number++) {
    const row = readRow(file, number, format, { blockSize, textName: '', originMs: source.originMs, warn });
    if (row.turns.length === 0) continue;
    if (asTokenIds && row.turns.some(({ generated }) => generated === undefined)) {
      throw rowError(
        file,
        number,
        `--isl-as-token-ids generates token ids, and this row holds its own ${row.input === 'generated or literal text' ? 'text' : row.input}`,
        'give every row an input_length, or leave the option out',
      );
    }
    const id = inRow(file, number, () => links.sessionOf(row));
    const known = id === undefined ? undefined : byId.get(id);
    let session = known === undefined ? undefined : sessions[known];
    if (session !== undefined && format.uniqueSessions) {
      const [first = 0] = session.rows;
      throw rowError(
        file,
        number,
        `the session_id ${id} is used already at ${rowPlace(file, first)}`,
        'give every session an id of its own',
      );
    }
    if (!session) {
      if (id !== undefined) byId.set(id, sessions.length);
      session = { rows: [], input: row.input, turns: 0 };
      sessions.push(session);
    }
    if (session.input !== row.input) {
      throw rowError(
        file,
        number,
        `the session ${id} has rows with ${session.input}, and this one has ${row.input}`,
        'use the same kind of input in all rows of a session',
      );
    }
    session.rows.push(number);
    session.turns += row.turns.length;
    hasTimestamps ||= !ignoreTimings && row.turns.some((turn) => turn.timestampMs !== undefined);
    const tokens = row.turns.reduce((sum, turn) => sum + (turn.generated?.tokens ?? 0), 0);
    generatedTokens += tokens;
    literalBytes += checkRowMedia(file, number, row, options, files);
    if (options.checkTurn !== undefined) checkRowTurns(file, number, row, options.checkTurn, warn);
    if (tokens === 0) literalBytes += (file.ends[number] ?? 0) - (file.starts[number] ?? 0);

    function warn(what: string): void {
      const seen = warnings.get(what);
      if (seen) seen.rows++;
      else warnings.set(what, { first: rowPlace(file, number), rows: 1 });
    }
  }
  for (const [what, { first, rows }] of warnings) {
    const others = rows > 1 ? ` (and in ${rows - 1} more rows)` : '';
    log('WARNING', 'dataset', `${first}: ${what}${others}`);
  }

  if (sessions.length === 0) {
    throw new UserError(`${file.path} has no requests to send`, 'every row was skipped; see the log');
  }
  const plan = {
    kind: 'rows',
    ...source,
    namedSessions,
    rules,
    asTokenIds,
    file,
    blockSize,
    endpointHasSystemSlot,
    stripsImages: options.stripsImages ?? false,
    ignoreTimings,
    rowOrder: shared(sessions.flatMap(({ rows }) => rows)),
    rowsBefore: prefixSums(sessions.map(({ rows }) => rows.length)),
    hasTimestamps,
    generatedTokens,
    literalBytes,
    files: files.loaded,
  } as const;
  // A leading system turn is not a request, which only the joined rows of a conversation show.
  const turnCounts = sessions.map(({ turns }, index) =>
    source.type === 'multi_turn' && scriptOf(plan, index).systemMessage !== undefined ? turns - 1 : turns,
  );
  return { ...plan, turnsBefore: prefixSums(turnCounts) };
}

export function openRows(
  plan: RowsPlan,
  prompts: PromptSource,
  tokenIds: TokenIdSource | undefined,
): Dataset {
  const sessionId = sessionIds(plan.rules.seed, plan.namedSessions);
  const completed = openRowTurns(plan, prompts, tokenIds);

  return { size: plan.turnsBefore.length - 1, conversation };

  function conversation(index: number): Conversation {
    const script = scriptOf(plan, index);
    const first = plan.turnsBefore[index] ?? 0;
    return {
      sessionId: script.sessionId ?? sessionId(index),
      turns: (plan.stripsImages ? withoutRepeats(script.turns) : script.turns).map((turn, place) =>
        completed(turn, first + place, isMarked(script, place) ? prompts.marked : undefined),
      ),
      history: script.history,
      ...(script.systemMessage === undefined ? {} : { systemMessage: script.systemMessage }),
    };
  }

  function isMarked({ systemMessage = plan.rules.systemPrompt, history }: Script, place: number): boolean {
    return prompts.marked !== undefined && marksTurn(prompts.marked.place, { systemMessage, history }, place);
  }
}

/** Leaves out the content of images whose ids an earlier turn has: the server has kept it. */
function withoutRepeats(turns: readonly RowTurn[]): RowTurn[] {
  const sent = new Set<string>();
  return turns.map((turn) => {
    const media = turn.media?.map((item) =>
      item.uuid !== undefined && sent.has(item.uuid) ? { ...item, source: '' } : item,
    );
    for (const { uuid, source } of turn.media ?? []) if (uuid !== undefined && source !== '') sent.add(uuid);
    return { ...turn, media };
  });
}

type Script = Pick<Row, 'sessionId' | 'turns' | 'history'> & { readonly systemMessage?: string | undefined };

function scriptOf(plan: Omit<RowsPlan, 'turnsBefore'>, index: number): Script {
  const { blockSize, originMs } = plan;
  const context: RowContext = { blockSize, textName: '', originMs, warn: () => {} };
  const format = formatOf(plan.readAs);
  const numbers = plan.rowOrder.subarray(plan.rowsBefore[index], plan.rowsBefore[index + 1]);
  const rows = Array.from(numbers, (number) => readRow(plan.file, number, format, context));
  const turns = rows.flatMap((row) => row.turns);
  const [first] = rows;
  const { systemMessage } = first ?? {};
  const history = plan.history ?? first?.history ?? 'self-contained';
  // The first row of linked ones begins their session.
  const sessionId = first?.sessionId ?? first?.link?.id;
  if (!plan.endpointHasSystemSlot) return { sessionId, history, turns };
  const leading = plan.type === 'multi_turn' ? systemMessageOf(turns) : undefined;
  return {
    sessionId,
    history,
    systemMessage: leading ?? systemMessage,
    turns: leading === undefined ? turns : turns.slice(1),
  };
}

/** Sums of all counts before each, and of all: in shared memory. */
export function prefixSums(counts: readonly number[]): Uint32Array {
  let sum = 0;
  const sums = [0];
  for (const count of counts) {
    sum += count;
    sums.push(sum);
  }
  return shared(sums);
}
