import type { PhaseName } from '../records/record.js';

/** A request that has ended, as a trace shows it: plain data without texts. */
export interface RequestSpan {
  readonly phase: PhaseName;
  readonly requestId: string;
  readonly sessionId: string;
  /** From 0. */
  readonly turn: number;
  readonly model: string;
  /** Wall clock of its start, ns since 1970. */
  readonly startUnixNs: bigint;
  /** Ns after the start; undefined where it did not happen. */
  readonly firstContentNs: number | undefined;
  /** Ns after the start, of each content chunk. */
  readonly contentNs: Float64Array;
  readonly endNs: number;
  readonly inputTokens: number | undefined;
  readonly outputTokens: number | undefined;
  /** HTTP status; undefined without a response. */
  readonly status: number | undefined;
  /** Undefined where it succeeded; without secrets. */
  readonly error: { readonly type: string; readonly message: string } | undefined;
}
