/** A log-normal distribution by its mean and median; values outside of `min` and `max` are drawn again. */
export interface LogNormal {
  readonly mean: number;
  readonly median: number;
  readonly min?: number | undefined;
  readonly max?: number | undefined;
}

/** What synthetic sessions of a coding agent are like. Lengths in tokens, delays in ms. */
export interface AgenticSettings {
  /** Tokens that each turn adds to what was sent and answered before; `bias` multiplies them. */
  readonly newTokens: LogNormal & { readonly bias: number };
  readonly generation: LogNormal;
  readonly delay: {
    /** Share of turns that follow a tool call; the others wait for a person. */
    readonly agenticShare: number;
    readonly agentic: LogNormal;
    readonly human: LogNormal;
    readonly max?: number | undefined;
  };
  /** Chance of each turn to be the last; undefined: only the context ends a session. */
  readonly reset: { readonly probability: number; readonly scaling: number } | undefined;
  /** Turns of each session; undefined: a session goes on until its context or a reset ends it. */
  readonly turns:
    | (LogNormal & {
        /** Sessions may end early at the context limit, in place of being drawn again. */
        readonly mayTruncate: boolean;
        readonly attempts: number;
      })
    | undefined;
  readonly maxPromptTokens: number;
  readonly blockSize: number;
  /** Tools and system prompt, the same in all sessions. */
  readonly systemTokens: number;
  /** Instructions of a repository, the same in all sessions of a group. */
  readonly groupTokens: number;
  /** Files that a session starts with. */
  readonly sessionTokens: LogNormal;
  readonly groups: number;
  /** Skew of the sizes of groups: group k has a share of 1 / k^alpha. */
  readonly zipfAlpha: number;
  /** Chance of the first session to be continued by a restart; falls to 0 over the first three quarters. */
  readonly restartProbability: number;
  /** A restart happens before a turn from the first to below the second of these. */
  readonly restartTurns: readonly [number, number];
}
