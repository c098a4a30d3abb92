import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../../config/options.js';
import type { SigningOptions } from '../../transport/sigv4.js';
import { UserError } from '../../util/errors.js';
import type { Io } from '../../util/io.js';
import { learnSecrets } from '../../util/secrets.js';

type Section = ReadonlyMap<string, string>;

/**
 * What requests are signed with; undefined without `--auth-type sigv4`. Keys come from the environment, or with
 * `--aws-profile` (or without keys there) from the shared credentials file, as the AWS CLI reads them.
 * @throws UserError that names what is missing
 */
export function signingOptionsOf(
  config: Pick<Config, 'authType' | 'awsProfile' | 'awsRegion' | 'awsService'>,
  env: Io['env'],
): SigningOptions | undefined {
  if (config.authType !== 'sigv4') return undefined;
  const profile = config.awsProfile ?? env.AWS_PROFILE ?? 'default';
  const folder = join(env.HOME ?? homedir(), '.aws');
  const credentials = sectionOf(env.AWS_SHARED_CREDENTIALS_FILE ?? join(folder, 'credentials'), profile);
  const name = profile === 'default' ? profile : `profile ${profile}`;
  const settings = sectionOf(env.AWS_CONFIG_FILE ?? join(folder, 'config'), name);
  const region = config.awsRegion ?? env.AWS_REGION ?? env.AWS_DEFAULT_REGION ?? settings.get('region');
  if (region === undefined)
    throw new UserError('--auth-type sigv4 needs a region', 'set --aws-region, or the variable AWS_REGION');
  const usesEnv = config.awsProfile === undefined && env.AWS_ACCESS_KEY_ID !== undefined;
  const of = (variable: string, key: string) =>
    usesEnv ? env[variable] : (credentials.get(key) ?? settings.get(key));
  const accessKeyId = of('AWS_ACCESS_KEY_ID', 'aws_access_key_id');
  const secretAccessKey = of('AWS_SECRET_ACCESS_KEY', 'aws_secret_access_key');
  const sessionToken = of('AWS_SESSION_TOKEN', 'aws_session_token') || undefined;
  if (!accessKeyId || !secretAccessKey) {
    throw new UserError(
      usesEnv
        ? '--auth-type sigv4 needs AWS_SECRET_ACCESS_KEY beside AWS_ACCESS_KEY_ID'
        : `--auth-type sigv4 finds no keys of the profile ${profile} in the shared credentials file`,
      'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, e.g. with: eval "$(aws configure export-credentials --format env)"',
    );
  }
  learnSecrets([secretAccessKey, ...(sessionToken === undefined ? [] : [sessionToken])]);
  return { accessKeyId, secretAccessKey, sessionToken, region, service: config.awsService };
}

/** A section of an INI file; empty if the file or the section is not there. */
function sectionOf(path: string, wanted: string): Section {
  const values = new Map<string, string>();
  let section = '';
  for (const line of readIfThere(path).split(/\r?\n/)) {
    const [, name] = /^\s*\[\s*(.+?)\s*\]/.exec(line) ?? [];
    if (name !== undefined) section = name;
    const [, key, value] = /^([A-Za-z_]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (section === wanted && key !== undefined && value !== undefined) values.set(key, value);
  }
  return values;
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
