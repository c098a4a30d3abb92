import { orList } from '../util/lists.js';
import { nameOf } from './option.js';
import { type Config, profileOptions } from './options.js';

export type Key = keyof Config;

/** One thing that options can get wrong together. */
export interface Rule {
  /** The options that it looks at; the rule is passed over while one of their values is itself refused. */
  readonly keys: readonly Key[];
  /** The sentence, when the rule is broken. `name` gives an option as the user wrote it. */
  readonly check: (
    config: Config,
    given: (key: Key) => boolean,
    name: (...keys: Key[]) => string,
  ) => string | false;
}

/** Where a rule holds, and the options that this hangs on. */
export interface Condition {
  readonly keys: readonly Key[];
  readonly holds: (config: Config) => boolean;
}

/** Each of `options` needs one of `others`, where the condition holds; `why` ends the sentence. */
export function needs(
  options: readonly Key[],
  others: readonly Key[],
  why: string,
  where: Condition = always,
): Rule {
  return {
    keys: [...options, ...others, ...where.keys],
    check: (config, given, name) => {
      const lonely = options.filter(given);
      return (
        lonely.length > 0 &&
        !others.some((key) => given(key) && config[key] !== false) &&
        where.holds(config) &&
        `${name(...lonely)} ${either(lonely, 'needs', 'need')} ${eitherFlag(others)}${why}.`
      );
    },
  };
}

/** None of `options` may stand where the condition holds; `why` ends the sentence. */
export function refuses(other: Key, where: Condition, options: readonly Key[], why: string): Rule {
  return forbiddenWhen(options, where, () => `cannot be combined with ${eitherFlag([other])}${why}.`);
}

/** `options` change nothing where the condition holds; `why` ends the sentence. */
export function noEffect(options: readonly Key[], why: string, where: Condition): Rule {
  return forbiddenWhen(options, where, (extra) => `${either(extra, 'has', 'have')} no effect ${why}.`);
}

/** Broken by those of `options` that are given where the condition holds; `verdict` says what they do wrong. */
function forbiddenWhen(
  options: readonly Key[],
  where: Condition,
  verdict: (extra: readonly Key[]) => string,
): Rule {
  return {
    keys: [...options, ...where.keys],
    check: (config, given, name) => {
      const extra = options.filter(given);
      return extra.length > 0 && where.holds(config) && `${name(...extra)} ${verdict(extra)}`;
    },
  };
}

export function either(keys: readonly Key[], one: string, several: string): string {
  return keys.length === 1 ? one : several;
}

/** `--a`, `--a or --b`, as the help spells them. */
export function eitherFlag(keys: readonly Key[]): string {
  return orList(keys.map((key) => nameOf(profileOptions[key])));
}

const always: Condition = { keys: [], holds: () => true };
