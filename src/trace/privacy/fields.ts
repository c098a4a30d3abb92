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

/** Whether a field is unknown, or holds whatever its writer put into it. */
export function isForeignField(key: string): boolean {
  return !plain.has(key) && !promptFields.has(key);
}

/** The name of a model as this program numbers models. */
export function isModelNumber(value: unknown): boolean {
  return typeof value === 'string' && /^model-\d{1,9}$/.test(value);
}

/** A number that names a session or a conversation, as this program writes it. */
export function isNumbered(value: unknown): boolean {
  return /^\d{1,9}$/.test(String(value));
}
