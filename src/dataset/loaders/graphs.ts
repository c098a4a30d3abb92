import type { GraphType } from '../../config/dataset-types.js';
import { UserError } from '../../util/errors.js';
import type { JsonObject } from '../../util/json.js';
import type { Log } from '../../util/log.js';
import { marksTurn } from '../cache-bust.js';
import type { Agent, Conversation, Dataset } from '../conversation.js';
import type { DatasetOptions } from '../dataset-options.js';
import { asRecorded } from '../pace.js';
import type { PromptSource } from '../prompts.js';
import type { TokenIdSource } from '../token-ids.js';
import type { TurnRules } from '../turn-rules.js';
import { LinkError, type LinkedAgent, linkAgents } from './agent-links.js';
import type { LinkedRow, RowTurn } from './format.js';
import { formats } from './formats.js';
import { findRoots } from './graph-roots.js';
import { checkRowTurns, readRow, rowError } from './read-row.js';
import { type RowFile, rowCount, shared } from './row-file.js';
import { openRowTurns } from './row-turns.js';
import { prefixSums, type RowsPlan } from './rows.js';

/** Conversation graphs of a file with one agent per row; the rows of a graph begin with its root. */
export interface GraphsPlan
  extends Omit<
    RowsPlan,
    'kind' | 'type' | 'readAs' | 'originMs' | 'history' | 'stripsImages' | 'namedSessions'
  > {
  readonly kind: 'graphs';
  readonly type: GraphType;
}

/** Validates every row and ties the agents together. @throws UserError for a malformed row or graph, naming its line. */
export function planGraphs(
  file: RowFile,
  type: GraphType,
  options: DatasetOptions,
  rules: TurnRules,
  log: Log,
): GraphsPlan {
  const { asTokenIds = false, blockSize, endpointHasSystemSlot, ignoreTimings, checkTurn } = options;
  const rows = Array.from({ length: rowCount(file) }, (_, number) => linkedRow(file, number, blockSize));
  if (checkTurn !== undefined) {
    for (const [number, row] of rows.entries()) {
      checkRowTurns(file, number, row, checkTurn, (what) =>
        log('WARNING', 'dataset', `${file.path}:${file.lines[number]}: ${what}`),
      );
    }
  }
  const turns = rows.flatMap((row) => row.turns);
  if (asTokenIds && turns.some(({ generated }) => generated === undefined)) {
    throw new UserError(
      `--isl-as-token-ids generates token ids, and ${file.path} holds messages`,
      'give every turn an input_length, or leave the option out',
    );
  }
  const { roots, numberOf } = findRoots(file, rows);
  const graphs = roots.map((root) => {
    const agents = linked(rows, root, numberOf, (number, message) => rowError(file, number, message));
    return {
      rows: [...new Set(agents.map(({ sessionId }) => numberOf(sessionId)))],
      turns: agents.reduce((sum, { waitsFor }) => sum + waitsFor.length, 0),
    };
  });
  const generatedTokens = turns.reduce((sum, { generated }) => sum + (generated?.tokens ?? 0), 0);
  return {
    kind: 'graphs',
    type,
    ...{ rules, asTokenIds, file, blockSize, endpointHasSystemSlot, ignoreTimings },
    pace: options.pace ?? asRecorded,
    rowOrder: shared(graphs.flatMap((graph) => graph.rows)),
    rowsBefore: prefixSums(graphs.map((graph) => graph.rows.length)),
    turnsBefore: prefixSums(graphs.map((graph) => graph.turns)),
    hasTimestamps: !ignoreTimings && turns.some(({ timestampMs }) => timestampMs !== undefined),
    generatedTokens,
    literalBytes: turns.some(({ messages }) => messages !== undefined) ? file.bytes.length : 0,
    files: new Map(),
  };
}

export function openGraphs(
  plan: GraphsPlan,
  prompts: PromptSource,
  tokenIds: TokenIdSource | undefined,
): Dataset {
  const completed = openRowTurns(plan, prompts, tokenIds);
  return { size: plan.turnsBefore.length - 1, conversation };

  function conversation(index: number): Conversation {
    const numbers = plan.rowOrder.subarray(plan.rowsBefore[index], plan.rowsBefore[index + 1]);
    const rows = Array.from(numbers, (number) => linkedRow(plan.file, number, plan.blockSize));
    const numberOf = new Map(rows.map(({ links }, number) => [links.sessionId, number]));
    const rowOf = (sessionId: string) => numberOf.get(sessionId) ?? 0;
    const linkedAgents = linked(rows, 0, rowOf, (_, message) => new Error(message));
    const first = plan.turnsBefore[index] ?? 0;
    const made: Conversation[] = [];
    for (const agent of linkedAgents) {
      const row = rows[rowOf(agent.sessionId)];
      if (row !== undefined) made.push(agentOf(agent, row, first, made));
    }
    const [root, ...others] = made;
    if (root === undefined) throw new Error('a conversation graph without agents');
    return others.length === 0 ? root : { ...root, agents: others as Agent[] };
  }

  /** @param first number of the graph's first turn in the whole dataset. @param before the agents before it. */
  function agentOf(
    { sessionId, parent, forkOf, firstTurn, waitsFor }: LinkedAgent,
    { turns, history }: LinkedRow,
    first: number,
    before: readonly Conversation[],
  ): Conversation | Agent {
    const { system, own } =
      plan.endpointHasSystemSlot && history === 'live-answers' && forkOf === undefined
        ? withoutSystem(turns)
        : { system: undefined, own: turns };
    const systemMessage = forkOf === undefined ? system : before[parent ?? 0]?.systemMessage;
    const { marked } = prompts;
    const facts = { systemMessage: systemMessage ?? plan.rules.systemPrompt, history };
    // An agent that goes on from a history has its marker there.
    const hasOwn = forkOf === undefined || history === 'self-contained';
    const markedAt = (place: number) =>
      marked !== undefined && hasOwn && marksTurn(marked.place, facts, place) ? marked : undefined;
    return {
      sessionId,
      history,
      turns: own.map((turn, place) => {
        const waits = waitsFor[place] ?? [];
        return {
          ...completed(turn, first + firstTurn + place, markedAt(place)),
          ...(waits.length === 0 ? {} : { waitsFor: waits }),
        };
      }),
      ...(systemMessage === undefined ? {} : { systemMessage }),
      ...(parent === undefined ? {} : { parent }),
      ...(forkOf === undefined ? {} : { forkOf }),
    };
  }
}

function linkedRow(file: RowFile, number: number, blockSize: number | undefined): LinkedRow {
  const row = readRow(file, number, formats.dag_jsonl, { blockSize, textName: '', warn: () => {} });
  if (row.links === undefined) throw new Error('a row of dag_jsonl without links');
  return { ...row, links: row.links };
}

function linked(
  rows: readonly LinkedRow[],
  root: number,
  numberOf: (sessionId: string) => number,
  errorOf: (row: number, message: string) => Error,
): LinkedAgent[] {
  const linksOf = (sessionId: string) => {
    const row = rows[numberOf(sessionId)];
    if (row === undefined) throw new Error(`no row for session ${sessionId}`);
    return row.links;
  };
  try {
    return linkAgents(rows[root]?.links.sessionId ?? '', linksOf);
  } catch (error) {
    if (error instanceof LinkError) throw errorOf(numberOf(error.sessionId), error.message);
    throw error;
  }
}

/**
 * Takes a leading system text out of the first turn: a turn that fails is left out of the history, and the later ones
 * would be sent without it.
 */
function withoutSystem(turns: readonly RowTurn[]): {
  readonly system: string | undefined;
  readonly own: readonly RowTurn[];
} {
  const [first, ...later] = turns;
  const [system, ...rest] = first?.messages ?? [];
  if (first === undefined || system === undefined || rest.length === 0 || !isPlainSystem(system)) {
    return { system: undefined, own: turns };
  }
  return { system: String(system.content), own: [{ ...first, messages: rest }, ...later] };
}

function isPlainSystem(message: JsonObject): boolean {
  return (
    message.role === 'system' && typeof message.content === 'string' && Object.keys(message).length === 2
  );
}
