import { readFileSync } from 'node:fs';
import path from 'node:path';
import { messageOf, UserError } from '../../util/errors.js';
import { isObject, type Json, type JsonObject } from '../../util/json.js';
import { agrees } from './agreement.js';
import { readTables } from './bpe-tables.js';
import { ByteLevelBpe } from './byte-level-bpe.js';
import { openLibrary } from './library.js';
import { bpeShape } from './shape.js';
import { isSourceOfShipped, openShipped } from './shipped.js';
import type { Tokenizer } from './tokenizer.js';

/**
 * Opens the tokenizer.json of a folder: with our byte-level BPE if that is known to give the same IDs, else with
 * @huggingface/tokenizers. @throws UserError naming the file and the problem.
 */
export function openFiles(name: string, folder: string): Tokenizer {
  const { file, content } = readTokenizer(name, folder);
  if (isSourceOfShipped(content)) return openShipped(name);
  const json = parse(name, file, content);
  const configFile = path.join(folder, 'tokenizer_config.json');
  const configContent = read(name, configFile);
  const config = configContent === undefined ? {} : parse(name, configFile, configContent);
  try {
    const library = openLibrary(name, json, config);
    const own = openOwn(name, json);
    return own !== undefined && agrees(own, library) ? own : library;
  } catch (cause) {
    throw new UserError(
      `Tokenizer ${name}: cannot use ${file}: ${messageOf(cause)}`,
      'Check that the file is complete, or use --tokenizer builtin.',
    );
  }
}

/** The tokenizer.json of a folder. @throws UserError naming the file and the problem. */
export function readTokenizerJson(name: string, folder: string): JsonObject {
  const { file, content } = readTokenizer(name, folder);
  return parse(name, file, content);
}

function readTokenizer(name: string, folder: string): { readonly file: string; readonly content: Buffer } {
  const file = path.join(folder, 'tokenizer.json');
  const content = read(name, file);
  if (content !== undefined) return { file, content };
  throw new UserError(
    `Tokenizer ${name}: ${folder} has no tokenizer.json`,
    'Give a folder with the tokenizer.json of a fast tokenizer, or --tokenizer builtin.',
  );
}

function openOwn(name: string, json: JsonObject): Tokenizer | undefined {
  const shape = bpeShape(json);
  const tables = shape && isObject(json.model) ? readTables(json.model, shape.wholeWords) : undefined;
  return shape && tables ? new ByteLevelBpe(name, shape, tables) : undefined;
}

function read(name: string, file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw new UserError(
      `Tokenizer ${name}: cannot read ${file}: ${messageOf(cause)}`,
      'Check the permissions of the file, or use --tokenizer builtin.',
    );
  }
}

function parse(name: string, file: string, content: Buffer): JsonObject {
  let json: Json;
  try {
    json = JSON.parse(content.toString('utf8'));
  } catch (cause) {
    throw new UserError(
      `Tokenizer ${name}: ${file} is not JSON: ${messageOf(cause)}`,
      'The file may have been cut off; fetch it again, or use --tokenizer builtin.',
    );
  }
  if (!isObject(json)) {
    throw new UserError(
      `Tokenizer ${name}: ${file} must hold a JSON object`,
      'Give the tokenizer.json of a fast tokenizer, or use --tokenizer builtin.',
    );
  }
  return json;
}
