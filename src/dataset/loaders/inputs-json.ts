import { mismatch, objectListField, stringField } from './fields.js';
import { RowError, type RowFormat } from './format.js';

/** The recorded bodies of a session per item of `data`, each sent as it is: what a run writes as `inputs.json`. */
export const inputsJson = {
  sessionKey: 'session_id',
  marks: (row) => Array.isArray(row.payloads),
  read(row) {
    const sessionId = stringField(row, 'session_id');
    if (sessionId === undefined) throw new RowError('the item has no session_id');
    const payloads = objectListField(row, 'payloads');
    if (payloads === undefined || payloads.length === 0)
      throw new RowError(`payloads of session ${sessionId} must hold at least one body`);
    for (const [place, payload] of payloads.entries()) {
      if (Object.keys(payload).length === 0) throw mismatch(`payloads[${place}]`, 'a body', payload);
    }
    return {
      sessionId,
      turns: payloads.map((payload) => ({ role: 'user', texts: [], payload })),
      input: 'body',
      history: 'self-contained',
    };
  },
} as const satisfies RowFormat;
