import type { NatsOptions } from '../../cluster/connection.js';
import type { natsOptions } from '../../config/cluster-options.js';
import type { ConfigOf } from '../../config/option.js';
import { UserError } from '../../util/errors.js';
import { learnSecrets } from '../../util/secrets.js';
import { readTextFile } from '../../util/text-file.js';

const MAX_TOKEN_BYTES = 4096;
const MAX_PEM_BYTES = 16 * 2 ** 20;

/** How to reach NATS. @throws UserError for a file that cannot be used. */
export function natsOptionsOf(config: ConfigOf<typeof natsOptions>, url: string): NatsOptions {
  const { natsToken, natsTokenFile, natsCaFile, natsCertFile, natsKeyFile } = config;
  const read = (path: string | undefined) =>
    path === undefined ? undefined : readTextFile(path, MAX_PEM_BYTES);
  const token = natsToken ?? (natsTokenFile === undefined ? undefined : tokenIn(natsTokenFile));
  if (token !== undefined) learnSecrets([token]);
  const [ca, cert, key] = [read(natsCaFile), read(natsCertFile), read(natsKeyFile)];
  if (key !== undefined) learnSecrets([key]);
  const usesTls = url.startsWith('tls://') || ca !== undefined || cert !== undefined;
  const tls = {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
  return { url, token, tls: usesTls ? tls : undefined, waitSeconds: config.natsWait };
}

function tokenIn(path: string): string {
  const token = readTextFile(path, MAX_TOKEN_BYTES).trim();
  if (token !== '' && !/\s/.test(token)) return token;
  throw new UserError(`${path} must hold one token, got ${token === '' ? 'nothing' : 'several words'}.`);
}
