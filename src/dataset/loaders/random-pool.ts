import type { RowFormat } from './format.js';
import { readTexts, singleTurn } from './single-turn.js';

/** A pool of texts; every request draws one row from every pool. */
export const randomPool: RowFormat = {
  marks: singleTurn.marks,
  read(row, context) {
    const turn = { role: 'user', texts: readTexts(row, context) };
    return { turns: [turn], input: 'text', history: 'self-contained' };
  },
};
