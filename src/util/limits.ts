// Limits for input from files and options, far above legitimate needs.

/** Bytes of one row of a dataset or trace: a prompt of 10 million tokens takes about 45 MB. */
export const MAX_ROW_BYTES = 64 * 2 ** 20;
/** Nesting levels of lists and objects within a row. */
export const MAX_ROW_LEVELS = 200;
/** Tokens of one prompt or one response. */
export const MAX_TOKENS = 10_000_000;
/** Turns of a generated conversation. */
export const MAX_TURNS = 10_000;
/** Conversations whose lengths or order are kept in memory, 4 bytes each. */
export const MAX_HELD_CONVERSATIONS = 10_000_000;
/** Concurrent sessions, requests or users. */
export const MAX_IN_FLIGHT = 1_000_000;
/** Factors on the lengths of a trace. */
export const MAX_FACTOR = 1000;
/** Points of a sweep. */
export const MAX_POINTS = 1000;
