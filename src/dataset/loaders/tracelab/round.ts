import type { JsonObject } from '../../../util/json.js';
import { lengthField, numberField, objectListField, stringField } from '../fields.js';
import { RowError } from '../format.js';
import { sinceStart, wallClock } from '../wall-clock.js';

/** A request of a coding agent, and the tools that its answer called. Times are ms since 1970. */
export interface Round {
  /** Of the file. */
  readonly line: number;
  readonly sessionId: string;
  /** Only sessions of the same owner are agents of each other. */
  readonly owner: string;
  readonly isCodex: boolean;
  /** Place in the session, where times do not tell. */
  readonly index: number;
  readonly model: string | undefined;
  readonly inputTokens: number;
  /** Of them, those that the server had in its prefix cache. */
  readonly cachedTokens: number;
  readonly outputTokens: number;
  readonly startMs: number;
  readonly endMs: number;
  /** From its first event to its last, tools included. */
  readonly firstMs: number;
  readonly lastMs: number;
  readonly tools: readonly ToolCall[];
}

interface ToolCall {
  readonly name: string | undefined;
  readonly startMs: number | undefined;
  readonly endMs: number | undefined;
  readonly latencyMs: number;
}

const inputEvents = ['user_message', 'tool_result'];
const outputEvents = ['text', 'reasoning', 'tool_call'];

/**
 * A round was sent at its last input event, or its first output event, and returned at its last output event.
 * @returns undefined for a round without times. @throws RowError for a malformed round.
 */
export function readRound(row: JsonObject, line: number): Round | undefined {
  const sessionId = stringField(row, 'session_id') ?? '';
  if (sessionId === '') throw new RowError('session_id is missing');
  const events = (objectListField(row, 'timing_events') ?? []).flatMap((event) => {
    const ms = timeField(event, 'timestamp');
    return ms === undefined ? [] : [{ type: stringField(event, 'event_type') ?? '', ms }];
  });
  const tools = (objectListField(row, 'tools') ?? []).map((tool) => ({
    name: stringField(tool, 'tool_name'),
    startMs: timeField(tool, 'emitted_at'),
    endMs: timeField(tool, 'result_at'),
    latencyMs: numberField(tool, 'tool_wall_latency_ms') ?? 0,
  }));
  const timesOf = (types: readonly string[]) =>
    events.filter(({ type }) => types.includes(type)).map(({ ms }) => ms);
  const [inputs, outputs] = [timesOf(inputEvents), timesOf(outputEvents)];
  if (inputs.length + outputs.length === 0) return undefined;
  const startMs = inputs.length > 0 ? Math.max(...inputs) : Math.min(...outputs);
  const all = [
    ...events.map(({ ms }) => ms),
    ...tools.flatMap((tool) => [tool.startMs ?? startMs, tool.endMs ?? startMs]),
  ];
  return {
    ...{ line, sessionId },
    owner: JSON.stringify([row.user ?? null, row.project ?? null]),
    isCodex: row.provider === 'codex',
    index: numberField(row, 'round_index') ?? 0,
    model: stringField(row, 'model'),
    inputTokens: Math.max(1, lengthField(row, 'input_tokens_total') ?? 0),
    cachedTokens: lengthField(row, 'prefix_tokens') ?? 0,
    outputTokens: Math.max(
      1,
      (lengthField(row, 'output_tokens') ?? 0) + (lengthField(row, 'reasoning_output_tokens') ?? 0),
    ),
    startMs,
    endMs: Math.max(startMs, ...outputs),
    firstMs: Math.min(...all),
    lastMs: Math.max(...all),
    tools,
  };
}

function timeField(object: JsonObject, key: string): number | undefined {
  const text = stringField(object, key);
  return text === undefined ? undefined : sinceStart(wallClock(key, text), undefined);
}
