import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { natsOptions } from '../../config/cluster-options.js';
import { liveOptions } from '../../config/live-options.js';
import { nameOf, type OptionRow } from '../../config/option.js';
import { secretsOfValue } from '../../config/option-secrets.js';
import { type Config, profileOptions } from '../../config/options.js';
import { UserError } from '../../util/errors.js';
import { andList } from '../../util/lists.js';

/** What NATS keeps of a command for the coordinator that takes its place; no secrets. */
export interface KeptCommand {
  /** As typed, secrets masked. */
  readonly recordedCommand: string;
  /** Options whose values hold secrets: they are stored empty. */
  readonly withheld: readonly (keyof Config)[];
  /** Where it was given: paths may be relative to the folder. */
  readonly host: string;
  readonly folder: string;
}

const table: Readonly<Record<string, OptionRow>> = profileOptions;

/** Those that each coordinator has its own values of. */
const ofCoordinator: ReadonlySet<string> = new Set([
  ...Object.keys(natsOptions),
  ...Object.keys(liveOptions),
]);

/** What is kept of a command. @param configs of all its points. */
export function keptCommand(recordedCommand: string, configs: readonly Config[]): KeptCommand {
  const keys = Object.keys(profileOptions) as (keyof Config)[];
  const withheld = keys.filter(
    (key) => !ofCoordinator.has(key) && configs.some((config) => holdsSecret(key, config[key])),
  );
  return { recordedCommand, withheld, host: hostname(), folder: resolve('.') };
}

/** The options without the values that hold secrets. */
export function shownConfig(config: Config): Config {
  const shown = Object.entries(config).map(([key, value]) => [
    key,
    holdsSecret(key, value) ? emptyLike(value) : value,
  ]);
  return Object.fromEntries(shown) as Config;
}

function holdsSecret(key: string, value: unknown): boolean {
  return value !== undefined && secretsOfValue(value, table[key]).length > 0;
}

function emptyLike(value: unknown): unknown {
  if (Array.isArray(value)) return [];
  return typeof value === 'object' ? {} : undefined;
}

/** @throws UserError if a run was begun by another command. */
export function requireSameCommand(kept: KeptCommand, recordedCommand: string, run: string): void {
  if (kept.recordedCommand === recordedCommand) return;
  throw new UserError(
    `Run ${run} was begun by another command: ${kept.recordedCommand}`,
    `Finish it with aiperf attach ${run}, or name another run with --run-id.`,
  );
}

/** Requests that are not sent yet need the options that NATS does not store. @throws UserError if one is missing. */
export function requireSecrets({ withheld }: KeptCommand, config: Config, run: string): void {
  const missing = withheld.filter((key) => isEmpty(config[key]));
  if (missing.length === 0) return;
  const names = missing.map(optionName);
  const variables = missing.flatMap((key) => table[key]?.env ?? []);
  const byVariable = variables.length === 0 ? '' : `, or set ${andList(variables)}`;
  throw new UserError(
    `Run ${run} has requests left to send, and NATS stores no secrets: ${andList(names)} ${names.length === 1 ? 'is' : 'are'} missing.`,
    `Give ${names.length === 1 ? 'it' : 'them'} again as when the run was started${byVariable}.`,
  );
}

/** The name of an option by its key. */
export function optionName(key: keyof Config): string {
  const row = table[key];
  return row === undefined ? key : nameOf(row);
}

function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return (
    value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0)
  );
}

/** Prepares what a kept command needs of this machine. @throws UserError that names the place where it was given. */
export async function preparedLike<Value>(kept: KeptCommand, prepare: () => Promise<Value>): Promise<Value> {
  try {
    return await prepare();
  } catch (thrown) {
    if (!(thrown instanceof UserError)) throw thrown;
    const { host, folder } = kept;
    const place = `The command was given in ${folder} on ${host}: files that it names must be there under the same names, seen from the folder that you are in.`;
    throw new UserError(thrown.message, [thrown.hint, place].filter((part) => part !== undefined).join(' '));
  }
}
