import { createHash } from 'node:crypto';
import { createReadStream, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { nameOf, type OptionRow } from '../../config/option.js';
import { type Config, profileOptions } from '../../config/options.js';
import { messageOf, UserError } from '../../util/errors.js';

/** A file or folder that an option of the run names. */
export interface NamedInput {
  /** E.g. `--input-file`. */
  readonly option: string;
  readonly path: string;
  /** Whether what is sent, or how it is counted, depends on it. */
  readonly bearsOnResults: boolean;
}

/** What a file held: enough to know whether it has changed. */
export interface FileDigest {
  readonly option: string;
  /** Its name in the folder that the option names, or its own. */
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

// They say whether a connection can be made, not what is measured, and certificates are renewed.
const forConnections: ReadonlySet<string> = new Set<keyof Config>(['tlsCaFile', 'tlsCertFile', 'tlsKeyFile']);
// Its values are options.
const configFile: keyof Config = 'configFile';

/** Every file and folder that the options name as something to read. */
export function namedInputs(config: Config): readonly NamedInput[] {
  const values: Readonly<Record<string, unknown>> = config;
  const rows: readonly [string, OptionRow][] = Object.entries(profileOptions);
  const named = rows.flatMap(([key, row]): NamedInput[] => {
    const path = values[key];
    const isInput = 'existing' in row && row.existing !== 'socket' && typeof path === 'string';
    const bearsOnResults = key !== configFile && !forConnections.has(key);
    return isInput ? [{ option: nameOf(row), path, bearsOnResults }] : [];
  });
  const { tokenizer: row, models } = profileOptions;
  const tokenizers =
    config.tokenizer === undefined
      ? config.models.map((path) => ({ option: nameOf(models), path }))
      : [{ option: nameOf(row), path: config.tokenizer }];
  const local = tokenizers.filter(({ path }) => statSync(path, { throwIfNoEntry: false }) !== undefined);
  return [...named, ...local.map((input) => ({ ...input, bearsOnResults: true }))];
}

/**
 * Reads every file whose content bears on results, in the order of the options. Files of any size are read
 * as streams: a run reads them whole as well, and takes longer.
 * @throws UserError for one that cannot be read.
 */
export async function digestInputs(inputs: readonly NamedInput[]): Promise<readonly FileDigest[]> {
  const digests: FileDigest[] = [];
  for (const { option, path, bearsOnResults } of inputs) {
    if (!bearsOnResults) continue;
    try {
      for (const file of filesOf(path)) {
        digests.push({ option, name: basename(file), ...(await digest(file)) });
      }
    } catch (thrown) {
      throw new UserError(`${option}: ${path} cannot be read: ${messageOf(thrown)}.`, 'Check the path.');
    }
  }
  return digests;
}

/** The regular files of a path: those that a tokenizer is read from, or all of a folder. */
function filesOf(path: string): readonly string[] {
  const found = statSync(path);
  if (found.isFile() && basename(path) !== 'tokenizer.json') return [path];
  const folder = found.isDirectory() ? path : dirname(path);
  const isRegular = (file: string) => statSync(file, { throwIfNoEntry: false })?.isFile() === true;
  const tokenizer = ['tokenizer.json', 'tokenizer_config.json'].map((name) => join(folder, name));
  if (tokenizer.some(isRegular)) return tokenizer.filter(isRegular);
  const names = found.isDirectory() ? readdirSync(folder).sort() : [];
  return names.map((name) => join(folder, name)).filter(isRegular);
}

async function digest(file: string): Promise<Pick<FileDigest, 'bytes' | 'sha256'>> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}
