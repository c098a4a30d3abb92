import { isObject, type Json, type JsonObject } from './json.js';
import { Float, type Printable } from './python-json.js';

/** Reads and writes a value as a member of a JSON file. */
export interface Codec<Value> {
  /** Undefined if the member is missing or has another type. */
  read(json: Json | undefined): Value | undefined;
  /** Undefined omits the member. */
  write(value: Value): Printable | undefined;
}

export type ValueOf<Of> = Of extends Codec<infer Value> ? Value : never;

export const string: Codec<string> = {
  read: (json) => (typeof json === 'string' ? json : undefined),
  write: (value) => value,
};

export const boolean: Codec<boolean> = {
  read: (json) => (typeof json === 'boolean' ? json : undefined),
  write: (value) => value,
};

/** A number, written without a decimal point if it is an integer. */
export const plainNumber: Codec<number> = {
  read: (json) => (typeof json === 'number' ? json : undefined),
  write: (value) => value,
};

/** A number, written with a decimal point even if it is an integer. */
export const float: Codec<number> = { read: plainNumber.read, write: (value) => new Float(value) };

/** Any object; its structure is defined elsewhere. */
export const anyObject: Codec<JsonObject> = {
  read: (json) => (isObject(json) ? json : undefined),
  write: (value) => value,
};

/** A list; items of another type are skipped. */
export function array<Value>(item: Codec<Value>): Codec<readonly Value[]> {
  return {
    read: (json) =>
      Array.isArray(json) ? json.map((one) => item.read(one)).filter((one) => one !== undefined) : undefined,
    write: (values) => values.map((value) => item.write(value)).filter((one) => one !== undefined),
  };
}

type Members = Readonly<Record<string, Codec<unknown>>>;

/** An object with these members, all optional. */
export type ObjectOf<Of extends Members> = { readonly [Name in keyof Of]?: ValueOf<Of[Name]> | undefined };

/** An object whose members have these names in snake case, in this order. */
export function object<Of extends Members>(members: Of): Codec<ObjectOf<Of>> {
  const known = Object.entries(members).map(([name, codec]) => ({ name, key: snakeCase(name), codec }));
  return {
    read: (json) => {
      if (!isObject(json)) return undefined;
      const read = known.map(({ name, key, codec }) => [name, codec.read(json[key])] as const);
      return Object.fromEntries(read.filter(([, value]) => value !== undefined)) as ObjectOf<Of>;
    },
    write: (value) =>
      Object.fromEntries(
        known.map(({ name, key, codec }) => {
          const member = value[name];
          return [key, member === undefined ? undefined : codec.write(member)];
        }),
      ),
  };
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
