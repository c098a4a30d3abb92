import { isSecretKey } from '../util/secret-names.js';
import { redacted } from '../util/secrets.js';
import type { Label } from './exposition.js';

/** Masks values of labels whose names say that they are keys: `api_key="…"` of a gateway that counts by client. */
export class LabelMasks {
  readonly #masks = new Map<string, string>();

  /** The labels without secrets; different secrets have different masks, so that their series stay apart. */
  masked(labels: readonly Label[]): readonly Label[] {
    if (!labels.some(([name, value]) => value !== '' && isSecretKey(name))) return labels;
    return labels.map(([name, value]) => [
      name,
      value !== '' && isSecretKey(name) ? this.#maskOf(value) : value,
    ]);
  }

  #maskOf(value: string): string {
    const count = this.#masks.size;
    const mask = this.#masks.get(value) ?? (count === 0 ? redacted : redacted.replace('>', ` ${count + 1}>`));
    this.#masks.set(value, mask);
    return mask;
  }
}

/** A line of a page, also a malformed one, without the values of such labels. */
export function lineWithoutSecrets(line: string): string {
  return line.replace(/([\w.-]+)("?\s*[=:]\s*"?)([^"]*)/g, (whole, name: string, between: string) =>
    isSecretKey(name) ? name + between + redacted : whole,
  );
}
