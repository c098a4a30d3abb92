import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { resolve as absolute } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { messageOf, UserError } from '../util/errors.js';

/**
 * Streams lines to a file, compressed if its name ends in `.gz`; writes the complete file or none. @param from the
 * input file, which must not be the output. @throws UserError
 */
export async function writeLines(path: string, lines: AsyncIterable<string>, from: string): Promise<void> {
  if (absolute(path) === absolute(from)) {
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

async function* batches(lines: AsyncIterable<string>): AsyncGenerator<string> {
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
