import type { JsonObject } from '../../../util/json.js';
import type { Call } from './call.js';
import { isBefore, type OrderedCall } from './call-order.js';
import type { PrefixBlocks } from './prefixes.js';
import type { Span } from './span.js';

/** A row of `dag_jsonl`, one agent of a session, and the span of its first turn. */
interface AgentRow {
  readonly row: JsonObject;
  readonly span: Span;
}

interface Agent extends AgentRow {
  /** Other agents may have the same, if they ran at the same time. */
  readonly name: string;
  readonly sessionId: string;
  readonly turns: JsonObject[];
  last: OrderedCall;
}

/** A turn made from a call. */
interface MadeTurn {
  readonly agent: Agent;
  readonly place: number;
  readonly turn: JsonObject;
}

/** When a call begins and ends in the replay. */
export type TimesOf = (call: OrderedCall) => { readonly startMs: number; readonly endMs: number };

interface SessionOfCalls {
  /** Of the first row; those of the others begin with it. */
  readonly sessionId: string;
  readonly calls: readonly OrderedCall[];
  /** Start of the whole trace. */
  readonly originMs: number;
  readonly timesOf: TimesOf;
  readonly blocksOf: PrefixBlocks;
}

/**
 * The rows of a session. Calls of one agent that did not overlap are turns of one row. The time between the last return
 * that a call waits for and its start becomes its delay: a tool ran, or a person thought.
 */
export function sessionRows({ sessionId, calls, originMs, timesOf, blocksOf }: SessionOfCalls): AgentRow[] {
  const agents: Agent[] = [];
  const made = new Map<OrderedCall, MadeTurn>();
  const startMs = calls[0] === undefined ? 0 : timesOf(calls[0]).startMs;
  for (const ordered of calls) {
    const { call, waitsFor } = ordered;
    const name = agentNameOf(ordered.path);
    const known = agents.findLast((agent) => agent.name === name && isBefore(agent.last.path, ordered.path));
    const agent = known ?? open(name, ordered);
    // The agent's last turn, or that which starts it, is waited for without being named.
    const implied = known === undefined ? waitsFor.at(-1) : undefined;
    const named = waitsFor
      .filter((other) => other !== implied && made.get(other)?.agent !== agent)
      .map((other) => ({
        session_id: made.get(other)?.agent.sessionId ?? '',
        turn: made.get(other)?.place ?? 0,
      }));
    const ends = [...waitsFor, ...(known === undefined ? [] : [known.last])].map(
      (other) => timesOf(other).endMs,
    );
    const delay = toMicroseconds(timesOf(ordered).startMs - Math.max(startMs, ...ends));
    const turn: JsonObject = {
      ...contentOf(call, () => blocksOf(call, known?.last.call)),
      ...(ordered === calls[0] ? { timestamp: toMicroseconds(startMs - originMs) } : {}),
      ...(delay > 0 ? { delay } : {}),
      ...(named.length > 0 ? { waits_for: named } : {}),
    };
    made.set(ordered, { agent, place: agent.turns.length, turn });
    agent.turns.push(turn);
    agent.last = ordered;
  }
  return agents;

  /** A new agent, which the last call that its first one waits for starts; if it waits for none, the session does. */
  function open(name: string, first: OrderedCall): Agent {
    const others = agents.filter((agent) => agent.name === name).length;
    const id =
      agents.length === 0 ? sessionId : `${sessionId}/${name}${others === 0 ? '' : `#${others + 1}`}`;
    const turns: JsonObject[] = [];
    const row = { session_id: id, context_mode: 'message_array_with_responses', turns };
    const starter = first.waitsFor.at(-1);
    const parent = starter === undefined ? agents[0]?.row : made.get(starter)?.turn;
    if (parent !== undefined && starter === undefined) append(parent, 'pre_session_spawns', id);
    else if (parent !== undefined) append(parent, 'spawns', { children: [id], background: true });
    const agent = { name, sessionId: id, turns, row, span: first.call.span, last: first };
    agents.push(agent);
    return agent;
  }
}

function append(object: JsonObject, key: string, item: string | JsonObject): void {
  const list = object[key];
  object[key] = [...(Array.isArray(list) ? list : []), item];
}

/** The agent's id or name, from the call or the nearest span around it that has one; else the service. */
function agentNameOf(path: readonly Span[]): string {
  for (const { attributes } of path) {
    const name = attributes['gen_ai.agent.id'] ?? attributes['gen_ai.agent.name'];
    if (typeof name === 'string' && name !== '') return name;
  }
  const service = path[0]?.resource['service.name'];
  return typeof service === 'string' && service !== '' ? service : 'agent';
}

/** The recorded answer's length caps the output; without it, the recorded cap does. */
function contentOf(call: Call, blocks: () => readonly number[]): JsonObject {
  const { messages, tools, inputTokens = 1, outputTokens, maxTokens, model } = call;
  const cap = outputTokens || maxTokens || undefined;
  return {
    ...(messages === undefined
      ? { input_length: Math.max(1, inputTokens), hash_ids: [...blocks()] }
      : { messages: [...messages], ...(tools === undefined ? {} : { tools: [...tools] }) }),
    ...(cap === undefined ? {} : { max_tokens: cap }),
    ...(model === undefined ? {} : { model }),
  };
}

/** Ms, rounded to whole microseconds. */
function toMicroseconds(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
