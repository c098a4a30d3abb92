import { orList } from '../util/lists.js';
import { nameOf } from './option.js';
import { type Config, profileOptions } from './options.js';

export type Key = keyof Config;

/** A conflict between options. */
export interface Rule {
  /** The options involved; the rule is skipped if one of their values is itself refused. */
  readonly keys: readonly Key[];
  /** Returns the message if the rule is broken. `name` spells an option as the user wrote it. */
  readonly check: (
    config: Config,
    isSet: (key: Key) => boolean,
    name: (...keys: Key[]) => string,
  ) => string | false;
}

/** When a rule applies, and the options that this depends on. */
export interface Condition {
  readonly keys: readonly Key[];
  readonly holds: (config: Config) => boolean;
}

/** Each of `options` needs one of `others` when the condition holds; `why` ends the sentence. */
export function needs(
  options: readonly Key[],
  others: readonly Key[],
  why: string,
  where: Condition = always,
): Rule {
  return {
    keys: [...options, ...others, ...where.keys],
    check: (config, isSet, name) => {
      const incomplete = options.filter(isSet);
      return (
        incomplete.length > 0 &&
        !others.some((key) => isSet(key) && config[key] !== false) &&
        where.holds(config) &&
        `${name(...incomplete)} ${verbFor(incomplete, 'needs', 'need')} ${eitherFlag(others)}${why}.`
      );
    },
  };
}

/** `options` cannot be combined with `other` when the condition holds; `why` ends the sentence. */
export function refuses(other: Key, where: Condition, options: readonly Key[], why: string): Rule {
  return forbiddenWhen(options, where, () => `cannot be combined with ${eitherFlag([other])}${why}.`);
}

/** `options` have no effect when the condition holds; `why` ends the sentence. */
export function noEffect(options: readonly Key[], why: string, where: Condition): Rule {
  return forbiddenWhen(options, where, (extra) => `${verbFor(extra, 'has', 'have')} no effect ${why}.`);
}

/** Broken by any of `options` that are set when the condition holds; `verdict` is the rest of the message. */
function forbiddenWhen(
  options: readonly Key[],
  where: Condition,
  verdict: (extra: readonly Key[]) => string,
): Rule {
  return {
    keys: [...options, ...where.keys],
    check: (config, isSet, name) => {
      const extra = options.filter(isSet);
      return extra.length > 0 && where.holds(config) && `${name(...extra)} ${verdict(extra)}`;
    },
  };
}

export function verbFor(keys: readonly Key[], one: string, several: string): string {
  return keys.length === 1 ? one : several;
}

/** `--a` or `--a or --b`, as spelled in help. */
export function eitherFlag(keys: readonly Key[]): string {
  return orList(keys.map((key) => nameOf(profileOptions[key])));
}

const always: Condition = { keys: [], holds: () => true };
