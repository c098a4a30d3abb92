import { RowError, type RowFormat } from './format.js';

/** A recorded body per row, sent as it is. */
export const rawPayload: RowFormat = {
  // Such a row may have the keys of another type: it is recognized last.
  marks: () => false,
  read(row) {
    const { type, ...rest } = row;
    const payload = type === 'raw_payload' ? rest : row;
    if (Object.keys(payload).length === 0) throw new RowError('the body is empty');
    return { turns: [{ role: 'user', texts: [], payload }], input: 'body', history: 'self-contained' };
  },
};
