import type { HashId } from '../dataset/hash-id.js';
import { membersOf } from '../util/json-text.js';

/** New values of members of a row; those left out stay as they are. */
export interface RowChanges {
  readonly timestamp?: number;
  readonly hash_ids?: readonly HashId[];
  readonly session_id?: string;
}

/** Replaces values of a row and keeps all other bytes, including digits and spaces. Adds no member. */
export function changedRow(text: string, changes: RowChanges): string {
  let result = '';
  let end = 0;
  for (const member of membersOf(text)) {
    const value = valueText(member.key, changes);
    if (value === undefined) continue;
    result += text.slice(end, member.start) + value;
    end = member.end;
  }
  return result + text.slice(end);
}

function valueText(key: string, { timestamp, hash_ids: ids, session_id: session }: RowChanges) {
  if (key === 'timestamp' && timestamp !== undefined) return String(timestamp);
  // JSON.stringify does not accept bigint IDs.
  if (key === 'hash_ids' && ids !== undefined) return `[${ids.join(',')}]`;
  return key === 'session_id' && session !== undefined ? JSON.stringify(session) : undefined;
}

/** Milliseconds rounded to the nanosecond, so that floating-point noise is not written. */
export function roundedMs(ms: number): number {
  return Math.round(ms * 1e6) / 1e6;
}
