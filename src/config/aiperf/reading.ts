import { isObject } from '../../util/json.js';
import { andList, orList } from '../../util/lists.js';
import type { Key } from '../rule.js';
import { insteadOf } from '../unsupported.js';
import { nearest, valueWords } from '../words.js';

/** Path from the root of the file: keys as written and list indexes. */
export type FilePath = readonly (string | number)[];

/** A value's path and its name in messages: dotted keys, with datasets and phases by name. */
export interface Site {
  readonly path: FilePath;
  readonly name: string;
}

/** Collects what the file contains. */
export interface Reading {
  /** Sets an option. */
  readonly put: (key: Key, value: unknown, site: Site) => void;
  /** Reports an error; `fault` continues a sentence that starts with the site's name. */
  readonly refuse: (site: Site, fault: string) => void;
  readonly warn: (site: Site, fault: string) => void;
  readonly isSwept: (key: Key) => boolean;
  /** Names of the options that accept lists. */
  readonly sweeps: readonly string[];
}

/** Reads one value of the file. */
export type Read = (value: unknown, site: Site, reading: Reading) => void;

/** The readers of a mapping's keys, in snake_case. */
export type Section = Readonly<Record<string, Read>>;

/** A mapping in the file. */
export type Tree = Record<string, unknown>;

/** Values that a sweep puts in place of a single one, and where they are listed. */
export class Swept {
  readonly values: readonly unknown[];
  readonly site: Site;

  constructor(values: readonly unknown[], site: Site) {
    this.values = values;
    this.site = site;
  }
}

/** Sets an option; `as` converts values in a notation that the option does not accept. */
export function option(key: Key, as: (value: unknown) => unknown = (value) => value): Read {
  return (value, site, reading) => {
    if (value instanceof Swept) {
      if (reading.isSwept(key)) reading.put(key, value.values.map(as), value.site);
      else reading.refuse(value.site, `cannot be swept: a sweep is a list of ${orList(reading.sweeps)}`);
    } else {
      reading.put(key, Array.isArray(value) && reading.isSwept(key) ? value.map(as) : as(value), site);
    }
  };
}

/** A mapping with known keys. */
export function section(members: Section): Read {
  return (value, site, reading) => {
    if (!isObject(value) || value instanceof Swept)
      return reading.refuse(siteOf(value, site), mappingFault(value));
    const seen = new Map<string, string>();
    for (const [key, member] of Object.entries(value)) {
      const inner = within(site, key);
      const name = snake(key);
      const read = Object.hasOwn(members, name) ? members[name] : undefined;
      const twin = seen.get(name);
      seen.set(name, key);
      if (read === undefined) reading.refuse(siteOf(member, inner), unknownFault(key, members));
      else if (twin !== undefined) reading.refuse(inner, `is the same key as ${twin}; give one of them`);
      else visit(read, member, inner, reading);
    }
  };
}

/** Reads a member. Null counts as absent, and a sweep over one value as that value. */
function visit(read: Read, value: unknown, site: Site, reading: Reading): void {
  if (value instanceof Swept && value.values.length === 1) read(value.values[0], value.site, reading);
  else if (value !== null) read(value, site, reading);
}

/** Refuses an unsupported setting unless its value turns it off. */
export function unsupported(name: string, ...off: readonly unknown[]): Read {
  return refused(insteadOf(name) ?? 'leave it out', ...off);
}

/** Refuses a setting that matches no option; `instead` ends the sentence. */
export function refused(instead: string, ...off: readonly unknown[]): Read {
  const harmless = [false, ...off].map((value) => JSON.stringify(value));
  return (value, site, reading) => {
    if (value instanceof Swept || !harmless.includes(JSON.stringify(value))) {
      reading.refuse(siteOf(value, site), `is a setting of AIPerf that is not supported: ${instead}`);
    }
  };
}

/** A setting that accepts only these values. */
export function only(...values: readonly unknown[]): Read {
  return (value, site, reading) => {
    if (values.some((allowed) => JSON.stringify(allowed) === JSON.stringify(value))) return;
    const list = orList(
      values.map((allowed) => (typeof allowed === 'string' ? allowed : JSON.stringify(allowed))),
    );
    reading.refuse(
      siteOf(value, site),
      `must be ${list}, got ${value instanceof Swept ? 'a sweep' : valueWords(value)}`,
    );
  };
}

/** Accepts anything: the value is read elsewhere or has no meaning. */
export const anything: Read = () => undefined;

/** A setting for services that do not exist in this implementation. */
export const meaningless: Read = (_value, site, reading) =>
  reading.warn(site, 'has no effect here: these services do not exist');

/** A number, or a mapping with mean and standard deviation. */
export function distribution(mean: Key, stddev: Key): Read {
  const spread = section({
    mean: option(mean),
    value: option(mean),
    stddev: option(stddev),
    type: only('fixed', 'normal'),
    ...Object.fromEntries(
      ['median', 'p50', 'p99', 'peaks', 'points', 'split', 'min', 'max'].map((key) => [
        key,
        refused('give a number, or mean and stddev'),
      ]),
    ),
  });
  return (value, site, reading) => (isMapping(value) ? spread : option(mean))(value, site, reading);
}

/** Seconds, or a mapping with a duration in seconds. */
export function ramp(key: Key): Read {
  const mapping = section({ duration: option(key, seconds), strategy: only('linear') });
  return (value, site, reading) => (isMapping(value) ? mapping : option(key, seconds))(value, site, reading);
}

/** Converts durations such as `5m` to seconds; returns other values unchanged for the option to refuse. */
export function seconds(value: unknown): unknown {
  const [, count, unit = 's'] =
    (typeof value === 'string' ? /^(\d+(?:\.\d+)?)\s*(s|sec|m|min|h|hr|hour)?$/i.exec(value.trim()) : null) ??
    [];
  if (count === undefined) return value;
  return Number(count) * ({ s: 1, m: 60, h: 3600 }[unit.charAt(0).toLowerCase()] ?? 1);
}

export function within({ path, name }: Site, key: string): Site {
  return { path: [...path, key], name: name === '' ? key : `${name}.${key}` };
}

export function indexed({ path, name }: Site, index: number): Site {
  return { path: [...path, index], name: `${name}.${index}` };
}

/** Where a value is written; for a sweep, its list. */
export function siteOf(value: unknown, site: Site): Site {
  return value instanceof Swept ? value.site : site;
}

export function isMapping(value: unknown): value is Tree {
  return isObject(value) && !(value instanceof Swept);
}

/** The key as written (in any case) of a member. */
export function keyOf(mapping: Tree, name: string): string | undefined {
  return Object.keys(mapping).find((key) => snake(key) === name);
}

/** A member by its snake_case name; null counts as absent. */
export function member(mapping: Tree, name: string): unknown {
  const key = keyOf(mapping, name);
  return key === undefined ? undefined : (mapping[key] ?? undefined);
}

export function has(mapping: Tree, name: string): boolean {
  return member(mapping, name) !== undefined;
}

export function snake(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Does not show the value, which may be a misplaced secret. */
export function mappingFault(value: unknown): string {
  return value instanceof Swept
    ? 'cannot be swept as a whole: name a value in it'
    : 'must be a mapping of settings to values';
}

function unknownFault(key: string, members: Section): string {
  const isCamel = /[A-Z]/.test(key);
  const spelled = (name: string) =>
    isCamel ? name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()) : name;
  const guess = nearest(snake(key), Object.keys(members));
  return guess === undefined
    ? `is not a setting: known are ${andList(Object.keys(members).map(spelled))}`
    : `is not a setting. Did you mean ${spelled(guess)}?`;
}
