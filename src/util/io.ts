import type { Readable, Writable } from 'node:stream';

/** A command's access to the outside world. Only `cli.ts` may access the process directly (see biome.jsonc). */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** Opens stdin; a command that does not call it leaves it alone. */
  stdin(): Readable;
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
  stdin: () => process.stdin,
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
