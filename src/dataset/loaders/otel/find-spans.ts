import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../../util/errors.js';
import { fileChunks } from '../../../util/lines.js';

/** Keys of spans, not those within a text. */
const spanKeys =
  /(?<!\\)"(?:resourceSpans|resource_spans|spans)"\s*:\s*\[|(?<!\\)"(?:span_id|spanId)"\s*:\s*"/;
const SNIFFED_CHARACTERS = 65_536;

/**
 * The files of OpenTelemetry spans at a path: the file itself, or the JSON files of a folder in the order of their names.
 * @param isNamed the type was named. @returns undefined if it was not, and they look like something else.
 * @throws UserError for a folder without JSON files.
 */
export async function findSpanFiles(
  path: string,
  isFolder: boolean,
  isNamed: boolean,
): Promise<readonly string[] | undefined> {
  const files = isFolder ? await jsonFilesOf(path) : [path];
  const [first] = files;
  if (isNamed) {
    if (first === undefined)
      throw new UserError(`the folder ${path} holds no .json or .jsonl files`, 'check --input-file');
    return files;
  }
  return first !== undefined && (await looksLikeSpans(first)) ? files : undefined;
}

/** Whether a file begins like one of spans; a file that cannot be read, or only once, does not. */
async function looksLikeSpans(path: string): Promise<boolean> {
  try {
    if (!(await stat(path)).isFile()) return false;
    for await (const chunk of fileChunks(path)) {
      const text = chunk.subarray(0, SNIFFED_CHARACTERS).toString('utf8');
      return /^\uFEFF?\s*[[{]/.test(text) && spanKeys.test(text);
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
