import { readFileSync, statSync } from 'node:fs';
import { basename, extname } from 'node:path';
import type { Loaded } from '../../config/load.js';
import type { profileOptions } from '../../config/options.js';
import { messageOf, UserError } from '../../util/errors.js';
import { isSecretHeader, secretsIn } from '../../util/secret-names.js';
import { CONFIG_FOLDER } from './objects.js';

/** The configuration files of the Pod. */
export interface PodFiles {
  /** By name in `CONFIG_FOLDER`. */
  readonly files: Readonly<Record<string, string>>;
  /** The local path of each file, by the same name. */
  readonly localPaths: Readonly<Record<string, string>>;
  /** Options of `profile` that refer to them. */
  readonly args: readonly string[];
  readonly holdSecret: boolean;
}

/** The options of `profile` and their sources. */
export type Profile = Loaded<typeof profileOptions>;

/** Files named by options, and the flag that names each in the Pod. */
const carried = [
  { key: 'inputFile', flag: '--input-file', nameOf: inputName },
  { key: 'requestRateSeries', flag: '--request-rate-series', nameOf: () => 'request-rate-series.json' },
  { key: 'tlsCaFile', flag: '--tls-ca-file', nameOf: () => 'tls-ca.pem' },
  { key: 'tlsCertFile', flag: '--tls-cert-file', nameOf: () => 'tls-cert.pem' },
  { key: 'tlsKeyFile', flag: '--tls-key-file', nameOf: () => 'tls-key.pem' },
] as const;

/**
 * The config file without its API key, and copies of the files that it refers to.
 * @param inputPath path of the dataset in the Pod, if it is already there.
 * @throws UserError for files that cannot be copied.
 */
export async function podFiles(
  configPath: string,
  profile: Profile,
  inputPath: string | undefined,
): Promise<PodFiles> {
  const { config, sources } = profile;
  if (inputPath !== undefined && config.inputFile === undefined) {
    throw new UserError(
      `--input-path replaces the path of the input-file, and ${configPath} has none`,
      'Add input-file to it, or leave out --input-path.',
    );
  }
  const files: Record<string, string> = { 'run.yaml': await withoutApiKey(configPath, profile) };
  const localPaths: Record<string, string> = { 'run.yaml': configPath };
  const args = ['--config', `${CONFIG_FOLDER}/run.yaml`];
  for (const { key, flag, nameOf } of carried) {
    const path = config[key];
    if (path === undefined) continue;
    if (key === 'inputFile' && inputPath !== undefined) {
      args.push(flag, inputPath);
      continue;
    }
    const name = nameOf(path);
    localPaths[name] = path;
    files[name] = textOf(path, sources.get(key)?.name ?? flag);
    args.push(flag, `${CONFIG_FOLDER}/${name}`);
  }
  return { files, localPaths, args, holdSecret: 'tls-key.pem' in files || holdsSecret(config) };
}

/** The text of the file, without its API key if it has one. */
async function withoutApiKey(path: string, { config, sources }: Profile): Promise<string> {
  const text = readFileSync(path, 'utf8');
  if (sources.get('apiKey')?.from !== 'file' || config.apiKey === undefined) return text;
  const { parseDocument } = await import('yaml');
  const document = parseDocument(text);
  // In the flat form and in AIPerf's own.
  for (const name of ['api-key', 'api_key', 'apiKey']) {
    document.delete(name);
    for (const holder of [['endpoint'], ['benchmark', 'endpoint']]) {
      if (document.hasIn([...holder, name])) document.deleteIn([...holder, name]);
    }
  }
  const rest = document.toString({ lineWidth: 0 });
  if (rest.includes(config.apiKey)) {
    throw new UserError(
      `${path} also contains the API key elsewhere, visible to anyone who can read the ConfigMap`,
      'Remove it from the file, and set the variable AIPERF_API_KEY instead.',
    );
  }
  return rest;
}

function holdsSecret({ headers, extraInputs }: Profile['config']): boolean {
  return Object.keys(headers).some(isSecretHeader) || secretsIn(extraInputs).length > 0;
}

/** The file's own name if it is valid as a ConfigMap key. */
function inputName(path: string): string {
  const name = basename(path);
  return /^[-._a-zA-Z0-9]+$/.test(name) && name !== 'run.yaml' ? name : `input${extname(path)}`;
}

function textOf(path: string, name: string): string {
  const hint = 'Put it into the image or on the claim, and set its path with --input-path.';
  if (!statSync(path).isFile())
    throw new UserError(`${name} ${path} is not a file: it cannot be copied to the Pod`, hint);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(path));
  } catch (thrown) {
    throw new UserError(`${name} ${path} cannot be stored in a ConfigMap: ${messageOf(thrown)}`, hint);
  }
}
