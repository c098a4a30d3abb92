// Bounds of what is read from files and options, far above what honest inputs need.

/** Bytes of one row of a data set or a trace: a prompt of 10 million tokens takes some 45 MB. */
export const MAX_ROW_BYTES = 64 * 2 ** 20;
/** Levels of lists and objects within one row. */
export const MAX_ROW_LEVELS = 200;
/** Tokens of one prompt or one response. */
export const MAX_TOKENS = 10_000_000;
