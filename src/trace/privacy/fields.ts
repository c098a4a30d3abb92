import type { Json } from '../../util/json.js';

/** Fields of a Mooncake row that hold no text, and those that `trace anonymize` and `trace record` add. */
export const plainFields = [
  'timestamp',
  'delay',
  'session_id',
  'input_length',
  'output_length',
  'hash_ids',
  'conversation',
  'turn',
  'model',
] as const;

/** Fields whose purpose is to hold prompts. */
export const promptFields: ReadonlySet<string> = new Set(['text_input', 'messages', 'payload', 'tools']);

const plain: ReadonlySet<string> = new Set(plainFields);

/** Whether a field is unknown. */
export function isForeignField(key: string): boolean {
  return !plain.has(key) && !promptFields.has(key);
}

/** Whether a value is the number of a turn in its conversation: larger ones may be identifiers. */
export function isTurn(value: Json | undefined): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value < 1e6;
}

/** Names that are numbered in order of appearance, from `first`, behind a prefix. Any other number may be an identifier. */
export class NumberedNames {
  readonly #prefix: string;
  readonly #first: number;
  #next: number;

  constructor(prefix: string, first: number) {
    this.#prefix = prefix;
    this.#first = first;
    this.#next = first;
  }

  /** Whether a value is the name of an earlier row, or the next one; absent values are accepted. */
  accepts(value: Json | undefined): boolean {
    if (value === undefined || value === null) return true;
    if (typeof value !== 'string' && typeof value !== 'number') return false;
    const name = String(value);
    const number = Number(name.slice(this.#prefix.length));
    if (name !== `${this.#prefix}${number}` || !Number.isInteger(number)) return false;
    if (number === this.#next) this.#next++;
    return number >= this.#first && number < this.#next;
  }
}
