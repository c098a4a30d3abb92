import type { Writable } from 'node:stream';

/** The outside world of a command. Nothing but `cli.ts` reaches for the process past it (see biome.jsonc). */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** A monotonic clock, ms. */
  nowMs(): number;
  /** Calls `act` at each of these signals, in place of what the system does. @returns takes that back. */
  onSignals(signals: readonly NodeJS.Signals[], act: (signal: NodeJS.Signals) => void): () => void;
  /** Calls `act` when the process exits. @returns takes that back. */
  onExit(act: () => void): () => void;
  /** Ends the process now. */
  exit(code: number): void;
}

/** The process itself. */
export const processIo: Io = {
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  nowMs: () => performance.now(),
  onSignals: (signals, act) => {
    for (const signal of signals) process.on(signal, act);
    return () => {
      for (const signal of signals) process.off(signal, act);
    };
  },
  onExit: (act) => {
    process.once('exit', act);
    return () => void process.off('exit', act);
  },
  exit: (code) => process.exit(code),
};
