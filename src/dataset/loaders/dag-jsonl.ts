import { isObject, type Json, type JsonObject } from '../../util/json.js';
import type { TurnLinks, TurnName } from './agent-links.js';
import {
  integerField,
  jsonExcerpt,
  listField,
  mismatch,
  numberField,
  objectField,
  objectListField,
  stringField,
} from './fields.js';
import { type Row, type RowContext, RowError, type RowFormat, type RowTurn } from './format.js';
import { BLOCK_TOKENS, readGenerated, readMessages, readTools } from './mooncake-trace.js';
import { delayField } from './single-turn.js';

const rowKeys = ['type', 'session_id', 'turns', 'context_mode', 'pre_session_spawns'];
const orchestratorKeys = ['orchestrator', 'spawns', 'rounds', 'think_time_ms', 'think_time_sigma'];
const turnKeys = [
  ...['messages', 'input_length', 'hash_ids', 'model', 'max_tokens', 'tools', 'extra'],
  ...['forks', 'spawns', 'waits_for', 'delay', 'timestamp'],
];
/** Keys of a turn that no other file type has. */
const markingKeys = ['messages', 'input_length', 'forks', 'spawns', 'waits_for'];

/** One agent of a conversation graph per row: its turns, the agents that they start, and what they wait for. */
export const dagJsonl = {
  blockSize: BLOCK_TOKENS,
  marks: ({ turns }) =>
    Array.isArray(turns) && turns.some((turn) => isObject(turn) && markingKeys.some((key) => key in turn)),
  read(row, context) {
    const unsupported = orchestratorKeys.find(
      (key) => (row[key] ?? undefined) !== undefined && row[key] !== false,
    );
    if (unsupported !== undefined) {
      throw new RowError(
        `${unsupported}: conversations that send no request of their own (orchestrators) are not supported; ` +
          'give the row turns, or list agents that start with it in pre_session_spawns',
      );
    }
    refuseUnknown(row, rowKeys);
    const sessionId = stringField(row, 'session_id') ?? '';
    if (sessionId === '') throw new RowError('session_id is missing: every agent needs one');
    const turns = objectListField(row, 'turns') ?? [];
    if (turns.length === 0) throw new RowError('turns must hold at least one turn');
    const startsWith = idsOf(row, 'pre_session_spawns');
    refuseRepeats(startsWith, 'pre_session_spawns');
    return {
      sessionId,
      turns: turns.map((turn, place) => inTurn(place, () => readTurn(turn, context))),
      links: {
        sessionId,
        startsWith,
        turns: turns.map((turn, place) => inTurn(place, () => readLinks(turn, place, turns.length))),
      },
      input: 'messages or generated text',
      history: historyOf(row),
    };
  },
} as const satisfies RowFormat;

function historyOf(row: JsonObject): Row['history'] {
  const mode = stringField(row, 'context_mode') ?? 'deltas_without_responses';
  if (mode === 'deltas_without_responses') return 'live-answers';
  if (mode === 'message_array_with_responses') return 'self-contained';
  throw mismatch('context_mode', 'deltas_without_responses or message_array_with_responses', mode);
}

function readTurn(turn: JsonObject, context: RowContext): RowTurn {
  refuseUnknown(turn, turnKeys);
  const has = (key: string) => (turn[key] ?? undefined) !== undefined;
  if (has('messages') === has('input_length')) {
    throw new RowError(
      `exactly one of messages and input_length is expected, got ${has('messages') ? 'both' : 'none'}`,
    );
  }
  for (const [key, owner] of [
    ['hash_ids', 'input_length'],
    ['tools', 'messages'],
  ] as const) {
    if (has(key) && !has(owner)) throw new RowError(`${key} is only valid with ${owner}`);
  }
  const cap = integerField(turn, 'max_tokens');
  if (cap !== undefined && cap < 1) throw mismatch('max_tokens', 'at least 1', cap);
  return {
    role: 'user',
    texts: [],
    model: stringField(turn, 'model'),
    maxTokens: cap,
    timestampMs: numberField(turn, 'timestamp'),
    delayMs: delayField(turn),
    extra: objectField(turn, 'extra'),
    ...(has('messages')
      ? { messages: readMessages(turn), tools: readTools(turn) }
      : { generated: readGenerated(turn, context) }),
  };
}

/** @param place of the turn in its agent. @param count of the agent's turns. */
function readLinks(turn: JsonObject, place: number, count: number): TurnLinks {
  const isLast = place === count - 1;
  const forks = (listField(turn, 'forks') ?? []).map((entry, at) => {
    const { child, background } = forkOf(entry, `forks[${at}]`);
    if (!background && !isLast) {
      throw new RowError(
        `forks[${at}] is not on the last turn: a fork ends its parent; to let the parent go on, write ` +
          `{"child": ${JSON.stringify(child)}, "background": true}`,
      );
    }
    return child;
  });
  const spawns = (listField(turn, 'spawns') ?? []).map((entry, at) =>
    spawnOf(entry, `spawns[${at}]`, place, count),
  );
  refuseRepeats(forks, 'forks');
  refuseRepeats(
    spawns.flatMap(({ children }) => children),
    'spawns',
  );
  return {
    forks,
    spawns,
    waitsFor: (listField(turn, 'waits_for') ?? []).map((entry, at) => turnNameOf(entry, `waits_for[${at}]`)),
  };
}

function forkOf(entry: Json, key: string): { readonly child: string; readonly background: boolean } {
  if (!isObject(entry)) return { child: idOf(entry, key), background: false };
  refuseUnknown(entry, ['child', 'background'], key);
  return { child: idOf(entry.child ?? null, `${key}.child`), background: flagOf(entry, 'background', key) };
}

function spawnOf(entry: Json, key: string, place: number, count: number): TurnLinks['spawns'][number] {
  const next = place + 1 < count ? place + 1 : undefined;
  if (!isObject(entry)) return { children: [idOf(entry, key)], joinAt: next };
  refuseUnknown(entry, ['children', 'join_at', 'background'], key);
  const children = idsOf(entry, 'children');
  if (children.length === 0) throw new RowError(`${key}.children must name at least one session`);
  const joinAt = integerField(entry, 'join_at');
  const background = flagOf(entry, 'background', key);
  if (joinAt === undefined) return { children, joinAt: background ? undefined : next };
  if (background)
    throw new RowError(`${key} has both join_at and background: a background agent is not waited for`);
  if (joinAt <= place || joinAt >= count) {
    throw new RowError(`${key}.join_at must be a later turn, ${place + 1} to ${count - 1}, got ${joinAt}`);
  }
  return { children, joinAt };
}

function turnNameOf(entry: Json, key: string): TurnName {
  if (!isObject(entry)) return { sessionId: idOf(entry, key) };
  refuseUnknown(entry, ['session_id', 'turn'], key);
  const turn = integerField(entry, 'turn');
  if (turn !== undefined && turn < 0) throw mismatch(`${key}.turn`, 'at least 0', turn);
  return { sessionId: idOf(entry.session_id ?? null, `${key}.session_id`), turn };
}

function inTurn<T>(place: number, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof RowError) throw new RowError(`turns[${place}]: ${error.message}`);
    throw error;
  }
}

/** A misspelt key would silently change the graph. */
function refuseUnknown(object: JsonObject, known: readonly string[], where?: string): void {
  const unknown = Object.keys(object).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  throw new RowError(
    `${where === undefined ? '' : `${where}: `}unknown key ${unknown}; known are ${known.join(', ')}`,
  );
}

function refuseRepeats(ids: readonly string[], key: string): void {
  const repeated = ids.find((id, place) => ids.indexOf(id) !== place);
  if (repeated !== undefined) throw new RowError(`${key} names session ${repeated} twice`);
}

function idsOf(row: JsonObject, key: string): string[] {
  return (listField(row, key) ?? []).map((item, place) => idOf(item, `${key}[${place}]`));
}

function idOf(value: Json, key: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new RowError(`${key} must be a session_id, got ${jsonExcerpt(value)}`);
}

function flagOf(object: JsonObject, key: string, where: string): boolean {
  const value = object[key] ?? false;
  if (typeof value === 'boolean') return value;
  throw mismatch(`${where}.${key}`, 'true or false', value);
}
