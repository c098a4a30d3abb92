import type { RowFormat } from './format.js';
import { readContents, singleTurn } from './single-turn.js';

/** A pool of texts and media; every request draws one row from every pool. */
export const randomPool: RowFormat = {
  marks: singleTurn.marks,
  read(row, context) {
    const turn = { role: 'user', ...readContents(row, context) };
    return { turns: [turn], input: 'text', history: 'self-contained' };
  },
};
