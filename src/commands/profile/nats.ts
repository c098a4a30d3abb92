import { createSecureContext } from 'node:tls';
import type { NatsOptions } from '../../cluster/nats/connection.js';
import type { natsOptions } from '../../config/cluster-options.js';
import type { ConfigOf } from '../../config/option.js';
import { tlsReasonOf, UserError } from '../../util/errors.js';
import { learnSecrets } from '../../util/secrets.js';
import { readTextFile } from '../../util/text-file.js';

const MAX_TOKEN_BYTES = 4096;
const MAX_PEM_BYTES = 16 * 2 ** 20;

/** How to reach NATS. @throws UserError for a file that cannot be used. */
export function natsOptionsOf(config: ConfigOf<typeof natsOptions>, url: string): NatsOptions {
  const { natsToken, natsTokenFile, natsCaFile, natsCertFile, natsKeyFile } = config;
  const read = (path: string | undefined, what: string) =>
    path === undefined ? undefined : readPem(path, what);
  const token = natsToken ?? (natsTokenFile === undefined ? undefined : tokenIn(natsTokenFile));
  if (token !== undefined) learnSecrets([token]);
  const [ca, cert] = [read(natsCaFile, 'CERTIFICATE'), read(natsCertFile, 'CERTIFICATE')];
  const key = read(natsKeyFile, 'PRIVATE KEY');
  if (key !== undefined) learnSecrets([key]);
  if (cert !== undefined && key !== undefined) requirePair(cert, key);
  const usesTls = url.startsWith('tls://') || ca !== undefined || cert !== undefined;
  const tls = {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
  return { url, token, tls: usesTls ? tls : undefined, waitSeconds: config.natsWait };
}

/** @param what its first line ends with. */
function readPem(path: string, what: string): string {
  const text = readTextFile(path, MAX_PEM_BYTES);
  if (text.includes(`${what}-----`)) return text;
  throw new UserError(`${path} is not a PEM file: it has no line "-----BEGIN ${what}-----".`);
}

function requirePair(cert: string, key: string): void {
  try {
    createSecureContext({ cert, key });
  } catch (thrown) {
    throw new UserError(
      `--nats-cert-file and --nats-key-file cannot be used together: ${tlsReasonOf(thrown)}.`,
      'Give the key that the certificate was made for, without a passphrase.',
    );
  }
}

function tokenIn(path: string): string {
  const token = readTextFile(path, MAX_TOKEN_BYTES).trim();
  if (token !== '' && !/\s/.test(token)) return token;
  throw new UserError(`${path} must hold one token, got ${token === '' ? 'nothing' : 'several words'}.`);
}
