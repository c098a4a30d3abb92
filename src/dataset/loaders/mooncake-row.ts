import type { Json, JsonObject } from '../../util/json.js';
import type { RowTurn } from './format.js';

/** A request of another trace as a row of a Mooncake trace. */
export function mooncakeRow(sessionId: string | undefined, turn: RowTurn): JsonObject {
  const { timestampMs, delayMs, maxTokens, extra, messages, tools, payload, generated, texts } = turn;
  const text = texts[0]?.contents[0];
  const members: [string, Json | undefined][] = [
    ['session_id', sessionId],
    ['timestamp', timestampMs],
    ['delay', delayMs],
    ['input_length', generated?.tokens],
    // Text keeps the digits of IDs beyond 2^53.
    ['hash_ids', generated && generated.hashIds.length > 0 ? generated.hashIds.map(idJson) : undefined],
    ['text_input', text],
    ['messages', messages && [...messages]],
    ['tools', tools && [...tools]],
    ['payload', payload],
    ['output_length', maxTokens],
    ['extra', extra],
  ];
  return Object.fromEntries(members.filter((member): member is [string, Json] => member[1] !== undefined));
}

function idJson(id: number | bigint): Json {
  return typeof id === 'bigint' ? String(id) : id;
}
