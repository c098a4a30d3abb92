import { readFileSync } from 'node:fs';
import { isObject } from '../util/json.js';

/** The version in our package.json. */
export const version: string = readVersion();

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  if (isObject(manifest) && typeof manifest.version === 'string') return manifest.version;
  throw new Error('package.json holds no version');
}
