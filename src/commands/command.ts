import type { Refuse } from '../config/command-line.js';
import type { Check, Findings, Loaded } from '../config/load.js';
import type { OptionTable } from '../config/option.js';
import type { Io } from '../util/io.js';

/** How a command was called. */
export interface Invocation<Table extends OptionTable> extends Loaded<Table> {
  /** A sentence for each option without effect; not yet shown. */
  readonly warnings: readonly string[];
  /** The command line for reports, quoted for a shell, with secrets masked. */
  readonly recordedCommand: string;
}

/** A command of `aiperf`. */
export interface Command<Table extends OptionTable> {
  readonly options: Table;
  /** Finds conflicts between options. */
  check?(...facts: Parameters<Check<Table>>): Findings;
  /** Explains options that are not in the table. */
  readonly refuse?: Refuse;
  /** @returns the exit code. @throws UserError, which is shown as the `Error` panel with exit code 1. */
  run(invocation: Invocation<Table>, io: Io): Promise<number>;
}
