import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../util/errors.js';
import { fileChunks } from '../../util/lines.js';

const SNIFFED_CHARACTERS = 65_536;

/**
 * The JSON files at a path: the file itself, or those of a folder in the order of their names.
 * @param keys found at the beginning of a file of the type. @param isNamed the type was named.
 * @returns undefined if it was not, and they look like something else. @throws UserError for a folder without JSON files.
 */
export async function findJsonFiles(
  path: string,
  isFolder: boolean,
  keys: RegExp,
  isNamed: boolean,
): Promise<readonly string[] | undefined> {
  const files = isFolder ? await jsonFilesOf(path) : [path];
  const [first] = files;
  if (isNamed) {
    if (first === undefined)
      throw new UserError(`the folder ${path} holds no .json or .jsonl files`, 'check --input-file');
    return files;
  }
  return first !== undefined && (await beginsWith(first, keys)) ? files : undefined;
}

/** Whether a file begins like JSON with such keys; a file that cannot be read, or only once, does not. */
async function beginsWith(path: string, keys: RegExp): Promise<boolean> {
  try {
    if (!(await stat(path)).isFile()) return false;
    for await (const chunk of fileChunks(path)) {
      const text = chunk.subarray(0, SNIFFED_CHARACTERS).toString('utf8');
      return /^\uFEFF?\s*[[{]/.test(text) && keys.test(text);
    }
  } catch {
    // Whoever reads it in earnest tells what is wrong.
  }
  return false;
}

async function jsonFilesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory() && /^[^.].*\.jsonl?(\.gz)?$/.test(entry.name))
    .map((entry) => join(folder, entry.name))
    .sort();
}
