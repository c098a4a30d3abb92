import { UserError } from '../../util/errors.js';
import type { Log } from '../../util/log.js';
import type { Dataset } from '../conversation.js';
import type { DatasetOptions } from '../dataset-options.js';
import { FileLoader } from '../media/loaded-files.js';
import { asRecorded } from '../pace.js';
import type { PromptSource } from '../prompts.js';
import type { PublicSource } from '../public/plan.js';
import type { TokenIdSource } from '../token-ids.js';
import type { TurnRules } from '../turn-rules.js';
import { checkRow, mixedInput, repeatedSession } from './check-row.js';
import { formatOf } from './formats.js';
import { inRow, readRow } from './read-row.js';
import {
  openConversations,
  type RowSettings,
  rowContext,
  type Script,
  scriptOf,
} from './row-conversations.js';
import { type RowFile, rowCount, rowPlace, shared } from './row-file.js';
import { SessionLinks } from './session-links.js';

/** The conversations of one file. Plain data: rows are parsed again whenever their conversation is requested. */
export interface RowsPlan extends RowSettings {
  readonly kind: 'rows';
  readonly file: RowFile;
  /** Row numbers grouped by conversation; those of conversation c are at `rowsBefore[c]` to `rowsBefore[c + 1]`. */
  readonly rowOrder: Uint32Array;
  readonly rowsBefore: Uint32Array;
  /** Turns before each conversation, and the total. */
  readonly turnsBefore: Uint32Array;
  readonly hasTimestamps: boolean;
  /** Tokens of all text to generate, and bytes of the rows with literal text and of their media. */
  readonly generatedTokens: number;
  readonly literalBytes: number;
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
  const { namedSessions, asTokenIds = false, endpointHasSystemSlot, ignoreTimings, replay } = options;
  const blockSize = options.blockSize ?? formatOf(source.type).blockSize;
  const warnings = new Map<string, { first: string; rows: number }>();
  const sessions: { rows: number[]; input: string; turns: number }[] = [];
  const byId = new Map<string, number>();
  const files = new FileLoader();
  let hasTimestamps = false;
  let generatedTokens = 0;
  let literalBytes = 0;

  for (let number = 0; number < rowCount(file); number++) {
    const row = readRow(
      file,
      number,
      format,
      rowContext({ blockSize, replay, originMs: source.originMs }, warn),
    );
    if (row.turns.length === 0) continue;
    const id = inRow(file, number, () => links.sessionOf(row));
    const known = id === undefined ? undefined : byId.get(id);
    let session = known === undefined ? undefined : sessions[known];
    if (session !== undefined && id !== undefined && format.sessionKey !== undefined)
      throw repeatedSession(file, number, `${format.sessionKey} ${id}`, rowPlace(file, session.rows[0] ?? 0));
    if (!session) {
      if (id !== undefined) byId.set(id, sessions.length);
      session = { rows: [], input: row.input, turns: 0 };
      sessions.push(session);
    }
    if (session.input !== row.input)
      throw mixedInput(file, number, id, { before: session.input, here: row.input });
    session.rows.push(number);
    session.turns += row.turns.length;
    hasTimestamps ||= !ignoreTimings && row.turns.some((turn) => turn.timestampMs !== undefined);
    const tokens = row.turns.reduce((sum, turn) => sum + (turn.generated?.tokens ?? 0), 0);
    generatedTokens += tokens;
    literalBytes += checkRow(file, number, row, options, files, warn);
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
    replay,
    endpointHasSystemSlot,
    stripsImages: options.stripsImages ?? false,
    ignoreTimings,
    pace: options.pace ?? asRecorded,
    rowOrder: shared(sessions.flatMap(({ rows }) => rows)),
    rowsBefore: prefixSums(sessions.map(({ rows }) => rows.length)),
    hasTimestamps,
    generatedTokens,
    literalBytes,
    files: files.loaded,
  } as const;
  // A leading system turn is not a request, which only the joined rows of a conversation show.
  const turnCounts = sessions.map(({ turns }, index) =>
    source.type === 'multi_turn' && scriptAt(plan, index).systemMessage !== undefined ? turns - 1 : turns,
  );
  return { ...plan, turnsBefore: prefixSums(turnCounts) };
}

export function openRows(
  plan: RowsPlan,
  prompts: PromptSource,
  tokenIds: TokenIdSource | undefined,
): Dataset {
  const conversationOf = openConversations(plan, prompts, tokenIds);
  return {
    size: plan.turnsBefore.length - 1,
    conversation: (index) => conversationOf(scriptAt(plan, index), index, plan.turnsBefore[index] ?? 0),
  };
}

function scriptAt(plan: Omit<RowsPlan, 'turnsBefore'>, index: number): Script {
  const context = rowContext(plan);
  const format = formatOf(plan.readAs);
  const numbers = plan.rowOrder.subarray(plan.rowsBefore[index], plan.rowsBefore[index + 1]);
  return scriptOf(
    plan,
    Array.from(numbers, (number) => readRow(plan.file, number, format, context)),
  );
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
