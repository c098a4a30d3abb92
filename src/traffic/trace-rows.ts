import { BlockIds } from './block-ids.js';
import { Conversations, type Place } from './conversations.js';
import type { RequestFacts } from './facts.js';
import type { TrafficLog } from './traffic-log.js';

/** How a trace is written. */
export interface TraceForm {
  /** Later turns of a conversation hold only their new tokens, and wait for the answer before them. */
  readonly sessions: boolean;
  /** Write the names of models instead of numbers. */
  readonly keepModels: boolean;
}

/** Figures of a written trace. */
export interface TraceSize {
  rows: number;
  conversations: number;
  /** Distinct ids of blocks. */
  ids: number;
  /** From the first arrival to the last, ms. */
  spanMs: number;
}

export function emptySize(): TraceSize {
  return { rows: 0, conversations: 0, ids: 0, spanMs: 0 };
}

/** The rows of a Mooncake trace in order of arrival, from 0 ms. @param size is filled meanwhile. */
export function* traceRows(log: TrafficLog, form: TraceForm, size: TraceSize): Generator<string> {
  const ids = new BlockIds();
  const conversations = new Conversations();
  const models = new Map<number, string>();
  let firstMs: number | undefined;
  for (const facts of log.facts.inOrder()) {
    firstMs ??= facts.atMs;
    const place = conversations.place(facts);
    // Later turns of a session are written without ids, which would leave gaps in those of others.
    const hashIds = form.sessions && place.turn > 1 ? [] : ids.of(facts.blocks);
    const timestamp = Math.round(facts.atMs - firstMs);
    const model = models.get(facts.model) ?? `model-${models.size + 1}`;
    models.set(facts.model, model);
    size.rows++;
    size.conversations = Math.max(size.conversations, place.conversation + 1);
    size.ids = ids.size;
    size.spanMs = Number.isNaN(timestamp) ? 0 : timestamp;
    const name = form.keepModels ? log.models[facts.model] : log.models.length > 1 ? model : undefined;
    const row = form.sessions
      ? sessionRow(facts, place, timestamp, hashIds)
      : { ...wholeRow(facts, timestamp, hashIds), conversation: place.conversation, turn: place.turn };
    yield JSON.stringify({ ...row, model: name === '' ? undefined : name });
  }
}

function wholeRow(
  { inputLength, outputLength }: RequestFacts,
  timestamp: number,
  hashIds: readonly number[],
) {
  return {
    timestamp: Number.isNaN(timestamp) ? undefined : timestamp,
    input_length: inputLength,
    output_length: outputLength === 0 ? undefined : outputLength,
    hash_ids: hashIds,
  };
}

/**
 * A later turn is sent with all turns before it and their answers: its length is what it adds to them, and it needs no
 * ids. It waits as long after the answer before it as it did, if that is known.
 */
function sessionRow(facts: RequestFacts, place: Place, timestamp: number, hashIds: readonly number[]) {
  const session_id = `${place.conversation}`;
  const { previous } = place;
  if (previous === undefined) return { session_id, ...wholeRow(facts, timestamp, hashIds) };
  const inHistory = previous.inputLength + previous.outputLength;
  const delay = Math.max(0, Math.round(facts.atMs - previous.endMs));
  return {
    session_id,
    ...(Number.isNaN(delay) ? {} : { delay }),
    input_length: Math.max(1, facts.inputLength - inHistory),
    output_length: facts.outputLength === 0 ? undefined : facts.outputLength,
  };
}
