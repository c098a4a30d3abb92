import { once } from 'node:events';
import { createServer, type TLSSocket, type TlsOptions } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { openHttpTransport } from '../../src/transport/http.js';
import type { Origin, TransportOptions } from '../../src/transport/transport.js';
import { openUndiciTransport } from '../../src/transport/undici.js';
import { makeCertificates } from './certificates.js';
import { eachRequest, ipv6Loopback, options, plain, RawServer, send } from './support.js';

const certificates = makeCertificates();

const opened: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0)) await close();
});

/** Answers each request with what the TLS handshake told the server. */
async function tlsServer(settings: TlsOptions, host = '127.0.0.1'): Promise<Origin> {
  const sockets: TLSSocket[] = [];
  const server = createServer({ ...certificates.server, ...settings }, (socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    const peer = socket.getPeerCertificate().subject?.CN ?? 'nobody';
    eachRequest(socket, () => socket.write(plain(`${socket.servername || 'no name'} ${peer}`)));
  });
  server.on('tlsClientError', () => {});
  server.listen(0, host);
  await once(server, 'listening');
  opened.push(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening on a port');
  return { protocol: 'https:', host: '127.0.0.1', port: address.port };
}

const { ca, otherCa, client: mine } = certificates;

describe.each([
  ['own client', openHttpTransport],
  ['undici', openUndiciTransport],
])('TLS with %s', (name, open) => {
  const ask = (origin: Origin, tls: Partial<TransportOptions['tls']>) => {
    const transport = open(options({ tls: { verify: true, ...tls } }));
    opened.unshift(() => transport.close());
    return send(transport, origin).outcome;
  };

  it('trusts the CA it is given', async () => {
    const origin = await tlsServer({});
    const outcome = await ask(origin, { ca });
    expect(outcome).toMatchObject({ error: undefined, calls: ['sent', 'head', 'body', 'end'] });
    expect(outcome.times.connectEndNs).toBeGreaterThan(outcome.times.connectStartNs);
    expect(outcome.times.sendStartNs).toBeGreaterThanOrEqual(outcome.times.connectEndNs);
  });

  it.each(['127.0.0.1', ipv6Loopback()])('names the host, on %s by localhost', async (host) => {
    const origin = await tlsServer({}, host);
    expect((await ask({ ...origin, host: 'localhost' }, { ca })).body).toBe('localhost nobody');
  });

  it.each([
    ['another CA', {}, { ca: otherCa }],
    ['no CA', {}, {}],
    ['another name', certificates.otherName, { ca }],
  ])('refuses %s', async (_case, settings, tls) => {
    const origin = await tlsServer(settings);
    const outcome = await ask(origin, tls);
    expect(outcome.error).toBe('ClientConnectorCertificateError');
    expect(outcome.message).toMatch(
      new RegExp(`^Cannot connect to host 127\\.0\\.0\\.1:${origin.port} \\[.+\\]$`),
    );
    expect((await ask(origin, { ...tls, verify: false })).error).toBeUndefined();
  });

  it('shows its certificate', async () => {
    const origin = await tlsServer({ requestCert: true, ca });
    expect((await ask(origin, { ca, ...mine })).body).toMatch(/ client$/);
  });

  it('fails where the server wants one and gets none', async () => {
    // In TLS 1.2 the refusal comes within the handshake, in 1.3 behind it.
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const origin = await tlsServer({ requestCert: true, rejectUnauthorized: true, ca, maxVersion });
      const { error } = await ask(origin, { ca });
      // Undici may see the close before the alert.
      const late = name === 'undici' && maxVersion === 'TLSv1.3' ? ['ServerDisconnectedError'] : [];
      expect(['ClientConnectorSSLError', ...late]).toContain(error);
    }
  });

  it.each([
    [
      'does not speak TLS',
      'HTTP/1.1 400 Bad Request\r\n\r\n',
      'ClientConnectorSSLError',
      /\[SSL routines: wrong version number\]$/,
    ],
    ['closes within the handshake', '', 'ClientConnectorError', /disconnected before secure TLS connection/],
  ])('fails against a server that %s', async (_case, answer, error, text) => {
    const server = await RawServer.open((socket) => socket.once('data', () => socket.end(answer)));
    opened.push(() => server.close());
    const outcome = await ask({ ...server.origin, protocol: 'https:' }, { ca });
    expect(outcome.error).toBe(error);
    expect(outcome.message).toMatch(text);
  });
});

describe('own client over TLS', () => {
  it('keeps the connection, large requests and responses whole', async () => {
    const server = createServer(certificates.server, (socket) => {
      eachRequest(socket, (text) => socket.write(plain(text.slice(text.indexOf('\r\n\r\n') + 4))));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('not listening on a port');
    const transport = openHttpTransport(options({ tls: { verify: true, ca } }));
    opened.push(
      () => transport.close(),
      () => server.close(),
    );
    const origin = { protocol: 'https:', host: '127.0.0.1', port: address.port } as const;
    for (const reused of [false, true, true]) {
      const body = '0123456789'.repeat(100_000);
      const outcome = await send(transport, origin, { body }).outcome;
      expect(outcome.body === body).toBe(true);
      expect(outcome.times.reused).toBe(reused);
      expect(outcome.times.sendEndNs).toBeGreaterThan(outcome.times.sendStartNs);
    }
  });

  it.each([
    ['a CA that is none', { ca: 'nonsense' }],
    ['a key that belongs to another certificate', { cert: mine.cert, key: certificates.server.key }],
  ])('says at once what is wrong with %s', (_case, tls) => {
    expect(() => openHttpTransport(options({ tls: { verify: true, ...tls } }))).toThrow(
      /^The TLS files cannot be used: /,
    );
  });
});
