import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type NatsOptions, openNats } from '../../src/cluster/nats/connection.js';
import { notPossible, refusalOf } from '../../src/cluster/nats/refusals.js';
import { natsOptionsOf } from '../../src/commands/profile/nats.js';
import { UserError } from '../../src/util/errors.js';
import { temporaryFolder } from '../e2e/aiperf.js';
import { hasNatsServer, type NatsServer, startNats } from './nats-server.js';

const nowMs = () => performance.now();

/** A server that does `onConnect` with each connection. */
async function listen(onConnect: (socket: Socket) => void): Promise<Server & { readonly url: string }> {
  const server = createServer(onConnect).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return Object.assign(server, { url: `nats://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

const optionsOf = (url: string): NatsOptions => ({ url, token: undefined, tls: undefined, answerMs: 200 });

describe('a server that cannot be used', () => {
  it.each([
    ['', /is not a NATS server: what listens there sends no greeting within 0\.2 s\./],
    ['SSH-2.0-OpenSSH_9.2\r\n', /is not a NATS server: what listens there greets otherwise\./],
    [
      'INFO {"version":"2.8.4","max_payload":1048576}\r\n',
      /has version 2\.8\.4, and 2\.9 or later is needed\./,
    ],
    ['INFO {"version":"1.4.1","max_payload":1048576}\r\n', /has version 1\.4\.1, and 2\.9 or later/],
    [
      'INFO {"version":"2.10.0","tls_required":true,"tls_verify":true}\r\n',
      /requires a client certificate\./,
    ],
  ])('is refused by its greeting %j, and not left connected', async (greeting, message) => {
    let closed: Promise<unknown> | undefined;
    const server = await listen((socket) => {
      closed = once(socket.resume(), 'close');
      socket.on('error', () => {}).write(greeting);
    });
    await expect(openNats(optionsOf(server.url), 'test', nowMs)).rejects.toThrow(message);
    await closed;
    server.close();
  });

  it.each([
    [1, undefined],
    [2, /does not answer a request for JetStream within 0\.2 s\.$/],
  ])('is asked twice for JetStream: %i answers are missed', async (missed, message) => {
    let asked = 0;
    const server = await listen((socket) => {
      socket
        .on('error', () => {})
        .write('INFO {"version":"2.10.0","max_payload":1048576,"headers":true}\r\n');
      let inbox = '';
      socket.setEncoding('utf8').on('data', (text: string) => {
        inbox = /SUB \S+ (\d+)/.exec(text)?.[1] ?? inbox;
        if (text.includes('PING')) socket.write('PONG\r\n');
        const reply = /PUB \$JS\.API\.INFO (\S+)/.exec(text)?.[1];
        if (reply !== undefined && ++asked > missed) socket.write(`MSG ${reply} ${inbox} 2\r\n{}\r\n`);
      });
    });
    const opened = openNats(optionsOf(server.url), 'test', nowMs);
    if (message === undefined) await (await opened).close();
    else await expect(opened).rejects.toThrow(message);
    expect(asked).toBe(2);
    server.close();
  });

  const { url } = optionsOf('tls://nats.example:4222');

  it.each([
    [
      'certificate has expired',
      /cannot be used with TLS: certificate has expired\./,
      /Renew its certificate/,
    ],
    ['unable to verify the first certificate', /cannot be used with TLS/, /--nats-ca-file/],
    ["Host: a. is not in the cert's altnames: DNS:b", /cannot be used with TLS/, /as its certificate does/],
    ["server does not support 'tls'", /cannot be used with TLS/, /use nats:\/\/ without certificates/],
    ['tlsv13 alert certificate required', /refused the certificate of this client/, /--nats-cert-file/],
    ["'Authorization Violation'", /refused the token\./, /--nats-token-file/],
  ])('is refused at once for "%s"', (why, message, hint) => {
    const options = { url, token: 'a-token-of-the-test', tls: undefined };
    const { error, isFinal } = refusalOf(new Error(why), options);
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(hint);
    expect(isFinal).toBe(true);
    expect(`${error.message}${error.hint}`).not.toContain('a-token-of-the-test');
  });

  it('is refused with the reason only of an error of OpenSSL', () => {
    const thrown = Object.assign(new Error('80CC:error:0A000418:SSL routines:ssl3_read_bytes:tlsv1 alert'), {
      reason: 'tlsv1 alert unknown ca',
    });
    expect(refusalOf(thrown, optionsOf(url)).error.message).toBe(
      `The NATS server ${url} refused the certificate of this client: tlsv1 alert unknown ca.`,
    );
  });

  it('is tried again by a machine that was too slow for it', () => {
    const { error, isFinal } = refusalOf(new Error("'Authentication Timeout'"), optionsOf(url));
    expect([error.message, isFinal]).toEqual([
      `The NATS server ${url} closed the connection: this machine was too slow to log in.`,
      false,
    ]);
  });

  it('is tried again while it may come up', () => {
    const { error, isFinal } = refusalOf(new Error('connection refused'), optionsOf(url));
    expect(error.message).toBe(`The NATS server ${url} cannot be reached: connection refused.`);
    expect(isFinal).toBe(false);
  });

  it.each([
    ['insufficient resources', /max_file_store/],
    ['insufficient storage resources available', /max_file_store/],
    ['maximum number of streams reached', /Raise that limit of the account/],
    ['Permissions Violation for Publish to "$JS.API.STREAM.CREATE.x"', /Allow the user/],
    ['timeout', /JetStream may be off/],
  ])('may hold no run: %s', (why, hint) => {
    const error = notPossible(new Error(why));
    expect(error.message).toBe(`NATS cannot hold the run: ${why}.`);
    expect(error.hint).toMatch(hint);
  });

  it('is not asked with files that are no certificates', () => {
    const path = join(temporaryFolder(), 'ca.pem');
    writeFileSync(path, 'not a certificate\n');
    const config = {
      ...{ nats: url, natsWait: 0, natsToken: undefined, natsTokenFile: undefined },
      ...{ natsCaFile: path, natsCertFile: undefined, natsKeyFile: undefined },
    };
    expect(() => natsOptionsOf(config, url)).toThrow(
      new UserError(`${path} is not a PEM file: it has no line "-----BEGIN CERTIFICATE-----".`),
    );
  });
});

describe.skipIf(!hasNatsServer)('a connection', () => {
  let nats: NatsServer;

  beforeAll(async () => {
    nats = await startNats();
  });

  afterAll(async () => {
    await nats.kill();
  });

  it('is made anew when the link is cut without a reset, also with bytes under way', async () => {
    const cut = new Set<Socket>();
    let isCut = false;
    const relay = await listen((client) => {
      const server = connect(Number(new URL(nats.url).port), '127.0.0.1');
      for (const [from, to] of [
        [client, server],
        [server, client],
      ] as const) {
        from.on('error', () => {}).pipe(to);
        cut.add(from);
      }
      if (isCut) for (const socket of [client, server]) socket.unpipe().pause();
    });
    const told: string[] = [];
    const link = await openNats(optionsOf(relay.url), 'test', nowMs, (what) => told.push(what));
    isCut = true;
    for (const socket of cut) socket.unpipe().pause();
    // More than the kernel takes: the library would wait until they are written.
    for (let message = 0; message < 32; message++) link.core.publish('x', new Uint8Array(2 ** 20));
    while (told.length < 1) await wait(10);
    expect(link.isConnected).toBe(false);
    expect(nowMs() - link.heardAtMs).toBeGreaterThan(200);
    isCut = false;
    while (told.length < 2) await wait(10);
    expect(told).toEqual([
      'the connection to NATS is lost: the run goes on, and records wait on disk',
      'the connection to NATS is back',
    ]);
    await link.core.flush();
    await link.close();
    for (const socket of cut) socket.destroy();
    relay.close();
  });
});
