import { isDeeperThan, isObject, type Json, type JsonObject, jsonFault } from '../../util/json.js';
import { inexactIntegers, membersOf } from '../../util/json-text.js';
import { MAX_ROW_LEVELS } from '../../util/limits.js';
import { jsonExcerpt } from './fields.js';
import { RowError } from './format.js';

/** Keys whose content is sent: a changed digit would change the request. */
const sentKeys = ['messages', 'tools', 'payload', 'payloads', 'extra', 'turns', 'body', 'conversations'];

/**
 * Parses a row, which must be an object. Integers of `hash_ids` that a number would round are returned as strings.
 * @throws RowError
 */
export function parseRowText(text: string): JsonObject {
  const value = parsed(text);
  if (isDeeperThan(value, MAX_ROW_LEVELS)) {
    throw new RowError(`the row is nested in more than ${MAX_ROW_LEVELS} levels, the limit`);
  }
  if (!isObject(value)) throw new RowError(`expected a JSON object, got ${jsonExcerpt(value)}`);
  const rounded = inexactIntegers(text);
  if (rounded.length === 0) return value;
  let exact = '';
  let end = 0;
  const members = membersOf(text);
  for (const { digits, index } of rounded) {
    const key = members.find((member) => index >= member.start && index < member.end)?.key ?? '';
    if (sentKeys.includes(key)) {
      throw new RowError(
        `${key} holds the integer ${digits}, which would be sent as ${Number(digits)}: write it as text, or below 2^53`,
      );
    }
    if (key !== 'hash_ids') continue;
    exact += `${text.slice(end, index)}"${digits}"`;
    end = index + digits.length;
  }
  return JSON.parse(exact + text.slice(end));
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new RowError(`the line is not JSON (${jsonFault(error)})`);
  }
}
