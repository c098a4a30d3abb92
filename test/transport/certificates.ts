import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Certificates {
  readonly ca: string;
  /** Signed by `ca` for 127.0.0.1 and localhost. */
  readonly server: { readonly cert: string; readonly key: string };
  /** Signed by `ca` for another name. */
  readonly otherName: { readonly cert: string; readonly key: string };
  readonly client: { readonly cert: string; readonly key: string };
  /** A CA that has signed nothing here. */
  readonly otherCa: string;
}

/** Makes fresh certificates with the machine's openssl. */
export function makeCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'certificates-'));
  const file = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' });
  const makeCa = (name: string) =>
    openssl(
      ...[
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '2',
      ],
      ...['-subj', `/CN=${name}`, '-keyout', file(`${name}.key`), '-out', file(`${name}.pem`)],
    );
  const sign = (name: string, alternatives: string) => {
    openssl(
      ...[
        'req',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-subj',
        `/CN=${name}`,
      ],
      ...['-keyout', file(`${name}.key`), '-out', file(`${name}.csr`)],
    );
    writeFileSync(file(`${name}.ext`), `subjectAltName=${alternatives}\n`);
    openssl(
      ...['x509', '-req', '-days', '2', '-in', file(`${name}.csr`), '-extfile', file(`${name}.ext`)],
      ...['-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-CAcreateserial', '-out', file(`${name}.pem`)],
    );
    return { cert: read(`${name}.pem`), key: read(`${name}.key`) };
  };
  const read = (name: string) => readFileSync(file(name), 'utf8');
  try {
    makeCa('ca');
    makeCa('other-ca');
    return {
      ca: read('ca.pem'),
      otherCa: read('other-ca.pem'),
      server: sign('server', 'IP:127.0.0.1,DNS:localhost'),
      otherName: sign('other-name', 'DNS:elsewhere.example'),
      client: sign('client', 'DNS:client'),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
