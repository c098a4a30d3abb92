import { marksTurn } from '../cache-bust.js';
import type { Conversation } from '../conversation.js';
import type { LoadedFiles } from '../media/loaded-files.js';
import type { Pace } from '../pace.js';
import type { PromptSource } from '../prompts.js';
import { sessionIds } from '../session-ids.js';
import type { TokenIdSource } from '../token-ids.js';
import type { TurnRules } from '../turn-rules.js';
import type { DatasetType, Row, RowContext, RowTurn } from './format.js';
import { systemMessageOf } from './multi-turn.js';
import type { Replay } from './replay.js';
import { openRowTurns } from './row-turns.js';

/** How the rows of a file become conversations. Plain data. */
export interface RowSettings {
  readonly type: DatasetType;
  /** The type by which its rows are read: `mooncake_trace` for those of a changed trace. */
  readonly readAs: DatasetType;
  /** Start of a trace with times of the wall clock, ms since the epoch. */
  readonly originMs: number | undefined;
  /** Of a trace with recorded prompts; absent: as recorded. */
  readonly replay?: Replay | undefined;
  /** Absent: as in the rows. */
  readonly history?: Conversation['history'] | undefined;
  readonly namedSessions: boolean;
  readonly rules: TurnRules;
  /** Generated prompts are token IDs. */
  readonly asTokenIds: boolean;
  readonly blockSize: number | undefined;
  readonly endpointHasSystemSlot: boolean;
  /** Images that a session has sent are only named in its later turns. */
  readonly stripsImages: boolean;
  /** Timestamps and delays in the file are ignored. */
  readonly ignoreTimings: boolean;
  readonly pace: Pace;
  /** Media files that are in memory. */
  readonly files: LoadedFiles;
}

/** How rows are read whose file has no names for texts. */
export function rowContext(
  { blockSize, originMs, replay }: Pick<RowSettings, 'blockSize' | 'originMs' | 'replay'>,
  warn: RowContext['warn'] = () => {},
): RowContext {
  return { blockSize, textName: '', originMs, replay, warn };
}

/** The turns of a conversation as its rows have them. */
export type Script = Pick<Row, 'sessionId' | 'turns' | 'history'> & {
  readonly systemMessage?: string | undefined;
};

/** Joins the rows of one conversation, which are in file order. */
export function scriptOf(
  settings: Pick<RowSettings, 'type' | 'history' | 'endpointHasSystemSlot'>,
  rows: readonly Row[],
): Script {
  const turns = rows.flatMap((row) => row.turns);
  const [first] = rows;
  const { systemMessage } = first ?? {};
  const history = settings.history ?? first?.history ?? 'self-contained';
  // The first row of linked ones begins their session.
  const sessionId = first?.sessionId ?? first?.link?.id;
  if (!settings.endpointHasSystemSlot) return { sessionId, history, turns };
  const leading = settings.type === 'multi_turn' ? systemMessageOf(turns) : undefined;
  return {
    sessionId,
    history,
    systemMessage: leading ?? systemMessage,
    turns: leading === undefined ? turns : turns.slice(1),
  };
}

/**
 * Opens what completes scripts with models, caps and generated text.
 * @returns the conversation of a script, with its index in the dataset and the number of turns before it.
 */
export function openConversations(
  settings: RowSettings,
  prompts: PromptSource,
  tokenIds: TokenIdSource | undefined,
): (script: Script, index: number, firstTurn: number) => Conversation {
  const sessionId = sessionIds(settings.rules.seed, settings.namedSessions);
  const completed = openRowTurns(settings, prompts, tokenIds);

  return (script, index, firstTurn) => ({
    sessionId: script.sessionId ?? sessionId(index),
    turns: (settings.stripsImages ? withoutRepeats(script.turns) : script.turns).map((turn, place) =>
      completed(turn, firstTurn + place, isMarked(script, place) ? prompts.marked : undefined),
    ),
    history: script.history,
    ...(script.systemMessage === undefined ? {} : { systemMessage: script.systemMessage }),
  });

  function isMarked(
    { systemMessage = settings.rules.systemPrompt, history }: Script,
    place: number,
  ): boolean {
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
