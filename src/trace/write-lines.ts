import { createWriteStream, statSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { resolve as absolute } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { messageOf, UserError } from '../util/errors.js';

/**
 * Streams lines to a file, compressed if its name ends in `.gz`; writes the complete file or none. @param inputs
 * the input files, none of which may be the output. @throws UserError
 */
export async function writeLines(
  path: string,
  lines: AsyncIterable<string> | Iterable<string>,
  ...inputs: readonly string[]
): Promise<void> {
  if (inputs.some((input) => isSameFile(path, input))) {
    throw new UserError(`${path} would be overwritten while it is read`, 'name another file to write');
  }
  const unfinished = `${path}.partial`;
  const sink = createWriteStream(unfinished);
  try {
    if (path.endsWith('.gz')) await pipeline(batches(lines), createGzip(), sink);
    else await pipeline(batches(lines), sink);
    await rename(unfinished, path);
  } catch (error) {
    // A file that is still being opened would be created after its removal.
    if (!sink.closed) await new Promise<void>((resolve) => sink.once('close', resolve));
    await rm(unfinished, { force: true });
    if (error instanceof UserError) throw error;
    throw new UserError(`${path} cannot be written: ${messageOf(error)}`);
  }
}

/** Also by a link. */
function isSameFile(path: string, input: string): boolean {
  if (absolute(path) === absolute(input)) return true;
  const [a, b] = [path, input].map((one) => statSync(one, { throwIfNoEntry: false }));
  return a !== undefined && b !== undefined && a.dev === b.dev && a.ino === b.ino;
}

async function* batches(lines: AsyncIterable<string> | Iterable<string>): AsyncGenerator<string> {
  let batch = '';
  for await (const line of lines) {
    batch += `${line}\n`;
    if (batch.length < BATCH_CHARACTERS) continue;
    yield batch;
    batch = '';
  }
  if (batch !== '') yield batch;
}

const BATCH_CHARACTERS = 65_536;
