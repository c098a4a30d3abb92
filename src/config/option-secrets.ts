import { isSecretKey, secretsIn, secretsInUrl } from '../util/secret-names.js';
import type { OptionRow } from './option.js';

/** The secrets in an option's value, given as a word or by a file. */
export function secretsOfValue(value: unknown, row: OptionRow | undefined): string[] {
  const texts = secretsIn({ value }, () => true);
  if (row?.secret) return texts;
  const hides = row?.hides;
  // A list in a file may hold pairs as on the command line.
  const words = [value].flat().filter((word) => typeof word === 'string');
  return [
    ...(typeof value === 'string' ? [] : secretsIn(value, hides)),
    ...(hides === undefined ? [] : words.flatMap((word) => secretsInPairs(word, hides))),
    ...texts.flatMap((text) => [text, ...itemsOf(text)]).flatMap(secretsInUrl),
  ];
}

/** The items of a list, of which some may be URLs without a scheme. */
function itemsOf(text: string): readonly string[] {
  return text.includes(',') ? text.split(',').map((item) => item.trim()) : [];
}

/** Secrets in the environment: variables that the program reads, and any that look like keys. */
export function secretsOfEnvironment(env: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(env).flatMap(([name, value = '']) => {
    if (ownVariables.test(name)) return [value];
    if (value.includes('@') && value.includes('://')) return secretsInUrl(value);
    return isSecretKey(name) && value.length >= FEWEST_CHARACTERS && /^[^\s/~.][^\s]*$/.test(value)
      ? [value]
      : [];
  });
}

const ownVariables = /^(AIPERF_API_KEY|AIPERF_NATS_TOKEN|HF_TOKEN|HUGGING_FACE_HUB_TOKEN|OPENAI_API_KEY)$/;

// Shorter values may be ordinary words: `DB_PASSWORD=postgres` must not mask that word in prompts.
const FEWEST_CHARACTERS = 16;

/** Secrets in `key:value` pairs or in JSON, including slightly invalid JSON. */
function secretsInPairs(word: string, hides: (key: string) => boolean): string[] {
  const found: string[] = [];
  if (word.trimStart().startsWith('{')) {
    try {
      return secretsIn(JSON.parse(word), hides);
    } catch {
      // Invalid JSON: it will be refused, and the message shows it.
    }
  } else {
    const colon = word.indexOf(':');
    if (hides(word.slice(0, colon).trim())) found.push(word.slice(colon + 1).trim());
  }
  for (const [, key = '', quoted, bare] of word.matchAll(
    /([\w.-]+)["']?\s*:\s*(?:["']([^"']*)|([^\s,}"'\]]+))/g,
  )) {
    if (hides(key) && (quoted ?? bare) !== undefined) found.push(quoted ?? bare ?? '');
  }
  return found;
}
