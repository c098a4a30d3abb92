import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';
import type { Json } from './json.js';
import { mapHidden, maskUrls } from './secret-names.js';

/** Replaces a secret in a file or log. */
export const redacted = '<redacted>';

/** A spelling in which a secret may occur. */
interface Form {
  readonly text: string;
  /** Matched only between non-word characters: short secrets occur within other words. */
  readonly isWord: boolean;
  /** Ordinary text may contain it by chance: the secret is a word of letters. */
  readonly isOrdinary: boolean;
}

// Threads started later receive a copy of it.
const SHARED_AS = 'aiperf.secrets';

interface Forms {
  /** Every spelling of every secret, longest first, so that a shorter match does not leave a rest. */
  readonly all: readonly Form[];
  /** Strings of which every spelling contains at least one. */
  readonly marks: readonly string[];
}

let compiled: Forms | undefined;

/** Registers secrets in this thread and in those it starts from now on. */
export function learnSecrets(secrets: readonly string[]): void {
  if (secrets.length === 0) return;
  setEnvironmentData(SHARED_AS, [...new Set([...known(), ...secrets.flatMap(partsOf)])]);
  compiled = undefined;
}

/** Forgets the secrets of the previous command line. */
export function forgetSecrets(): void {
  setEnvironmentData(SHARED_AS, []);
  compiled = undefined;
}

/**
 * Masks the secrets of the run in a text for a person or a file: as they are, escaped for JSON or a URL, in base64 or
 * hexadecimal, and the credentials of any URL. A secret of 4 to 7 characters is only masked as a separate word, and if
 * it is more than letters; a shorter one would match everywhere and is masked only where it is set. Cut a text after
 * this, not before: half of a secret is not recognised.
 * @param more secrets of this text only.
 */
export function withoutSecrets(text: string, more: readonly string[] = []): string {
  return maskUrls(
    replaced(text, more, () => true),
    redacted,
  );
}

/**
 * Masks the values of secret keys in a body, and the secrets of the run in every string; URLs in prompts are unchanged.
 */
export function jsonWithoutSecrets<Value extends Json>(value: Value, more: readonly string[] = []): Value {
  return mapHidden(value, {
    hidden: () => redacted,
    shown: (text) => withoutUnmistakable(text, more),
  }) as Value;
}

/** Whether a text (also in JSON) contains a secret of the run in any spelling. Cheaper than masking. */
export function holdsSecret(text: string): boolean {
  compiled ??= compile();
  return compiled.marks.some((mark) => text.includes(mark));
}

/**
 * For text that is measured or sent again: masks only secrets that no ordinary text contains by chance. A key like
 * `anything` must not change what is counted.
 */
export function withoutUnmistakable(text: string, more: readonly string[] = []): string {
  return replaced(text, more, ({ isOrdinary }) => !isOrdinary);
}

function replaced(text: string, more: readonly string[], matches: (form: Form) => boolean): string {
  compiled ??= compile();
  const forms = more.length === 0 ? compiled.all : [...compiled.all, ...formsOf(more.flatMap(partsOf))];
  let clean = text;
  for (const form of forms) {
    if (!matches(form) || !clean.includes(form.text)) continue;
    clean = clean.replaceAll(form.isWord ? word(form.text) : form.text, redacted);
  }
  return clean;
}

function compile(): Forms {
  const all = formsOf(known());
  const marks: string[] = [];
  for (const { text } of all.toReversed()) if (!marks.some((mark) => text.includes(mark))) marks.push(text);
  return { all, marks };
}

function known(): readonly string[] {
  const shared: unknown = getEnvironmentData(SHARED_AS);
  return Array.isArray(shared) ? shared : [];
}

/** A secret and its parts that are secrets themselves: a header's key, a cookie's value, a password. */
function partsOf(secret: string): readonly string[] {
  const parts = [secret.trim()];
  const [, scheme = '', credentials] = /^(\w[\w-]*) +(\S.*)$/.exec(parts[0] ?? '') ?? [];
  if (credentials !== undefined) {
    parts.push(credentials);
    if (/^basic$/i.test(scheme)) {
      const userAndPassword = Buffer.from(credentials, 'base64').toString();
      parts.push(userAndPassword, userAndPassword.slice(userAndPassword.indexOf(':') + 1));
    }
  }
  for (const [, value = ''] of secret.matchAll(/[\w-]+=([^;,\s]+)/g)) parts.push(value);
  return parts;
}

const FEWEST_CHARACTERS = 4;
const FEWEST_ANYWHERE = 8;

/** Every spelling of these secrets, longest first. */
function formsOf(secrets: readonly string[]): readonly Form[] {
  const forms = new Map<string, Form>();
  for (const secret of secrets.filter((given) => isFindable(given))) {
    const isOrdinary = /^[A-Za-z]{1,15}$/.test(secret);
    for (const text of spellings(secret))
      forms.set(text, { text, isWord: text.length < FEWEST_ANYWHERE, isOrdinary });
  }
  return [...forms.values()].sort((a, b) => b.text.length - a.text.length);
}

function isFindable(secret: string): boolean {
  if (secret.length >= FEWEST_ANYWHERE) return secret !== redacted;
  return secret.length >= FEWEST_CHARACTERS && /[A-Za-z]/.test(secret) && /[^A-Za-z]/.test(secret);
}

/** A secret as text formats write it; each of those may be encoded once more. */
function spellings(secret: string): string[] {
  const inJson = escaped(secret);
  const inAsciiJson = ascii(inJson);
  const texts = new Set([
    ...[secret, inJson, escaped(inJson), inAsciiJson, escaped(inAsciiJson), inJson.replaceAll('/', '\\/')],
    inHtml(secret),
  ]);
  return [...texts].flatMap(encodings).filter((text) => text.length >= FEWEST_CHARACTERS);
}

function encodings(text: string): string[] {
  const bytes = Buffer.from(text);
  // Without lone surrogates, which a URL cannot encode.
  const wellFormed = bytes.toString();
  const inUrl = encodeURIComponent(wellFormed);
  const hex = bytes.toString('hex');
  return [
    ...[text, inUrl, inUrl.replaceAll('%20', '+'), inUrl.replace(/%../g, (code) => code.toLowerCase())],
    ...[encodeURI(wellFormed), hex, hex.toUpperCase(), ...base64Spellings(bytes)],
  ];
}

/**
 * Base64 depends on whether 0, 1 or 2 bytes come before: the part of each variant that is independent of its
 * neighbours.
 */
function base64Spellings(bytes: Buffer): string[] {
  const inside = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    const end = Math.floor(((before + bytes.length) * 8) / 6);
    return text.slice(Math.ceil((before * 8) / 6), end);
  });
  const whole = [...inside.filter((text) => text.length >= FEWEST_ANYWHERE), bytes.toString('base64')];
  return whole.flatMap((text) => [text, text.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')]);
}

function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function ascii(text: string): string {
  return text.replace(/[\u007f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function inHtml(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
  };
  return text.replace(/[&<>"]/g, (sign) => entities[sign] ?? sign);
}

function word(text: string): RegExp {
  return new RegExp(`(?<![\\w-])${text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}(?![\\w-])`, 'g');
}
