import type { Writable } from 'node:stream';

/** A command's access to the outside world. Only `cli.ts` may access the process directly (see biome.jsonc). */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** A monotonic clock, ms. */
  nowMs(): number;
  /** Calls `act` on each of these signals instead of the default action. @returns a function that undoes it. */
  onSignals(signals: readonly NodeJS.Signals[], act: (signal: NodeJS.Signals) => void): () => void;
  /** Calls `act` when the process exits. @returns a function that undoes it. */
  onExit(act: () => void): () => void;
  /** Ends the process immediately. */
  exit(code: number): void;
}

/** The real process. */
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
