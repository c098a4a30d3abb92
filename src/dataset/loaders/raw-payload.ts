import { listField } from './fields.js';
import { RowError, type RowFormat } from './format.js';

const traceKeys = ['timestamp', 'delay', 'session_id', 'output_length', 'hash_ids'];
const inputKeys = ['input_length', 'text_input', 'payload', 'conversation_id'];

/** A recorded body per row, sent as it is. In a folder, the rows of each file are a conversation. */
export const rawPayload: RowFormat = {
  /** Messages and no key of a trace. */
  marks: (row) =>
    Array.isArray(row.messages) &&
    ![...traceKeys, ...inputKeys].some((key) => (row[key] ?? undefined) !== undefined),
  read(row, { fileSession }) {
    const { type, ...rest } = row;
    const payload = type === 'raw_payload' ? rest : row;
    if (listField(payload, 'messages') === undefined)
      throw new RowError('the body has no messages: other bodies are sent as inputs_json');
    return {
      sessionId: fileSession,
      turns: [{ role: 'user', texts: [], payload }],
      input: 'body',
      history: 'self-contained',
    };
  },
};
