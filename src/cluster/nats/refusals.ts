import type { ServerInfo } from '@nats-io/transport-node';
import { messageOf, tlsReasonOf, UserError } from '../../util/errors.js';
import { withoutSecrets } from '../../util/secrets.js';
import type { NatsOptions } from './connection.js';
import { NotNats } from './link.js';

/** The first version whose consumers the library can use. */
const LEAST_VERSION = [2, 9] as const;

const startHint =
  'Check --nats, that the server runs (nats-server -js -sd FOLDER), and that its port is open to this machine.';

/** Judges a server by its greeting. @throws UserError for one that cannot be used. */
export function requireUsable({ version, tls_verify }: ServerInfo, { url, tls }: NatsOptions): void {
  const where = withoutSecrets(url);
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [leastMajor, leastMinor] = LEAST_VERSION;
  if (major < leastMajor || (major === leastMajor && minor < leastMinor))
    throw new UserError(
      `The NATS server ${where} has version ${version}, and ${LEAST_VERSION.join('.')} or later is needed.`,
      'Install a later nats-server.',
    );
  if (tls_verify === true && tls?.cert === undefined)
    throw new UserError(
      `The NATS server ${where} requires a client certificate.`,
      'Give one that it trusts with --nats-cert-file and --nats-key-file.',
    );
}

/** What to tell of a connection that could not be made, and whether it is of no use to try again. */
export function refusalOf(
  thrown: unknown,
  { url, token }: NatsOptions,
): { readonly error: UserError; readonly isFinal: boolean } {
  if (thrown instanceof UserError) return { error: thrown, isFinal: true };
  const why = tlsReasonOf(thrown);
  const where = withoutSecrets(url);
  const final = (what: string, hint: string) => ({
    error: new UserError(`The NATS server ${where} ${what}.`, hint),
    isFinal: true,
  });
  // The server waits 2 s for a client's token.
  if (/authentication timeout/i.test(why)) {
    const error = new UserError(
      `The NATS server ${where} closed the connection: this machine was too slow to log in.`,
      'Try again when it is less busy, raise the timeout of authorization in the server, or wait longer with --nats-wait.',
    );
    return { error, isFinal: false };
  }
  if (/authorization|authentication/i.test(why)) {
    return final(
      `refused the ${token === undefined ? 'connection: it needs a token' : 'token'}`,
      'Give its token with --nats-token-file, or in the environment variable AIPERF_NATS_TOKEN; users with passwords are not supported.',
    );
  }
  if (thrown instanceof NotNats) {
    const error = new UserError(
      `${where} is not a NATS server: ${why}.`,
      'Name the port for clients in --nats, by default 4222.',
    );
    return { error, isFinal: false };
  }
  if (/alert/i.test(why))
    return final(
      `refused the certificate of this client: ${why}`,
      'Give one that it trusts with --nats-cert-file and --nats-key-file.',
    );
  const hint = tlsHint(why);
  if (hint !== undefined) return final(`cannot be used with TLS: ${why}`, hint);
  return {
    error: new UserError(`The NATS server ${where} cannot be reached: ${why}.`, startHint),
    isFinal: false,
  };
}

/** What to do about a failure of TLS; undefined: it is none. */
function tlsHint(why: string): string | undefined {
  if (/expired|not yet valid/i.test(why))
    return 'Renew its certificate, or correct the clock of this machine.';
  if (/altnames/i.test(why)) return 'Name the server in --nats as its certificate does.';
  if (/certificate|self.signed/i.test(why)) return 'Name its authority with --nats-ca-file.';
  if (/support 'tls'/.test(why))
    return 'It does not offer TLS: use nats:// without certificates, or start it with --tls.';
  return undefined;
}

/** What to tell when NATS refuses to store what a run needs. */
export function notPossible(thrown: unknown): UserError {
  if (thrown instanceof UserError) return thrown;
  const why = messageOf(thrown);
  return new UserError(`NATS cannot hold the run: ${why}.`, storageHint(why));
}

/** What to do when NATS stores nothing. */
function storageHint(why: string): string {
  if (/insufficient|no space|storage|maximum bytes/i.test(why))
    return 'Give JetStream more disk (max_file_store), or delete old streams.';
  if (/streams|consumers/i.test(why))
    return 'Raise that limit of the account, or delete streams of other runs.';
  if (/permission/i.test(why)) return 'Allow the user to publish and subscribe to all subjects.';
  return 'See the log of nats-server: JetStream may be off, or its disk full or failing; it may need a restart after that.';
}

/** @param why NATS stores no records. */
export function storageText(why: string): string {
  const what = /timeout/i.test(why) ? 'no answer' : why;
  return `NATS stores no records (${what}): they wait on the disks of the agents, and none is lost. ${storageHint(why)}`;
}
