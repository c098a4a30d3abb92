import { statSync } from 'node:fs';
import path from 'node:path';
import { UserError } from '../../util/errors.js';
import type { Log } from '../../util/log.js';
import { cachedTokenizer, expandHome, hubCache } from '../hub/cache.js';
import { hubOf, isOffline } from '../hub/hub.js';
import { downloadTokenizer } from './download.js';
import { isShipped } from './shipped.js';
import type { TokenizerSource } from './tokenizer.js';

/** A requested tokenizer and the places to look for it. */
export interface TokenizerRequest {
  /** A folder, `builtin`, or the ID of a model on the hub or part of it. */
  readonly name: string;
  /** Branch, tag or commit hash. */
  readonly revision: string;
  readonly env: NodeJS.ProcessEnv;
  readonly log: Log;
  readonly fetch?: typeof fetch;
}

/**
 * Finds a tokenizer: local folder, then the bundled one, the Hugging Face cache and the hub. The hub is not asked for
 * models whose tokenizer is bundled. @throws UserError that names the cause.
 */
export async function resolveTokenizer(request: TokenizerRequest): Promise<TokenizerSource> {
  const { name, revision, env, log } = request;
  const local = localFolder(name);
  if (local !== undefined) return { kind: 'files', name, folder: local };
  if (name === 'builtin') return { kind: 'shipped', name };
  refuseUnlikely(name, revision);

  const cache = hubCache(env);
  const cached = cachedTokenizer(cache, name, revision);
  if (cached !== undefined) return { kind: 'files', name, folder: cached };
  if (isShipped(name) && revision === 'main') {
    log('INFO', 'tokenizer', `${name}: using the Qwen3 tokenizer that ships with aiperf`);
    return { kind: 'shipped', name };
  }
  if (isOffline(env)) {
    throw new UserError(
      `Tokenizer ${name}: not in the cache ${cache} at revision ${revision}, and HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is set`,
      `Unset it, give a local folder, or use ${fallback}.`,
    );
  }
  const hub = hubOf(env, request.fetch);
  const folder = await downloadTokenizer({ hub, cache, name, revision, log });
  return { kind: 'files', name, folder };
}

/** Whether a model name is a placeholder, used when the server ignores it: it has no tokenizer. */
export function isPlaceholderModel(name: string): boolean {
  const plain = name.toLowerCase().replaceAll('_', '-');
  if (/[/\\]/.test(plain)) return false;
  return placeholderNames.has(plain) || placeholderParts.some((part) => plain.includes(part));
}

const placeholderNames = new Set(['test', 'mock', 'fake', 'dummy', 'example', 'sample', 'placeholder']);
const placeholderParts = [
  ...['mock-', '-mock', 'fake-', '-fake'],
  ...['test-model', 'your-model', 'my-model', 'model-name', 'model-id'],
];

const fallback = '--tokenizer builtin';

function localFolder(name: string): string | undefined {
  const file = expandHome(name);
  const found = statSync(file, { throwIfNoEntry: false });
  if (found?.isDirectory()) return path.resolve(file);
  if (found !== undefined && path.basename(file) === 'tokenizer.json')
    return path.resolve(path.dirname(file));
  if (found === undefined && !looksLikePath(name)) return undefined;
  throw new UserError(
    `Tokenizer ${name}: ${found === undefined ? 'no such folder' : 'a file, where a folder was expected'}`,
    `Give a folder with a tokenizer.json, a model's id such as Qwen/Qwen3-0.6B, or ${fallback}.`,
  );
}

function looksLikePath(name: string): boolean {
  return /^[./~\\]|^[a-zA-Z]:[\\/]|\\|\/$|\/.*\/|\.json$/.test(name);
}

// Both become part of a path in the cache.
function refuseUnlikely(name: string, revision: string): void {
  if (!/^\w[\w.:-]*(\/[\w.:-]+)?$/.test(name)) {
    throw new UserError(
      `Tokenizer '${name}': neither a folder nor a model's id such as Qwen/Qwen3-0.6B`,
      `Name the tokenizer with --tokenizer, or use ${fallback}.`,
    );
  }
  if (!/^\w[\w./-]*$/.test(revision) || revision.includes('..')) {
    throw new UserError(
      `Tokenizer revision '${revision}': expected a branch, a tag or a commit hash`,
      'Leave --tokenizer-revision out for main.',
    );
  }
}
