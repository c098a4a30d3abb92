// Bounds of what is read from files and options, far above what honest inputs need.

/** Bytes of one row of a data set or a trace: a prompt of 10 million tokens takes some 45 MB. */
export const MAX_ROW_BYTES = 64 * 2 ** 20;
/** Levels of lists and objects within one row. */
export const MAX_ROW_LEVELS = 200;
/** Tokens of one prompt or one response. */
export const MAX_TOKENS = 10_000_000;
/** Turns of a generated conversation. */
export const MAX_TURNS = 10_000;
/** Conversations whose lengths or order are held in memory, 4 bytes each. */
export const MAX_HELD_CONVERSATIONS = 10_000_000;
/** Sessions, requests or users at a time. */
export const MAX_IN_FLIGHT = 1_000_000;
/** What a length of a trace may be multiplied by. */
export const MAX_FACTOR = 1000;
/** Points of a sweep. */
export const MAX_POINTS = 1000;
