import type { Refuse } from '../config/command-line.js';
import type { Check, Findings, Loaded } from '../config/load.js';
import type { OptionTable } from '../config/option.js';
import type { Io } from '../util/io.js';

/** How a command was called. */
export interface Invocation<Table extends OptionTable> extends Loaded<Table> {
  /** One sentence each for options that can have no effect; not yet shown to anyone. */
  readonly warnings: readonly string[];
  /** The command line for reports: quoted so that a shell reads it back, secrets masked. */
  readonly recordedCommand: string;
}

/** A command of `aiperf`. */
export interface Command<Table extends OptionTable> {
  readonly options: Table;
  /** Rules that look at several options. */
  check?(...facts: Parameters<Check<Table>>): Findings;
  /** Knows options that the table does not hold, and why. */
  readonly refuse?: Refuse;
  /** @returns the exit code. @throws UserError, which is shown as the `Error` panel with exit code 1. */
  run(invocation: Invocation<Table>, io: Io): Promise<number>;
}
