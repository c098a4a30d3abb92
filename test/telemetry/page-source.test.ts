import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterEach, expect, it } from 'vitest';
import { openPageSource, type PagePlan } from '../../src/telemetry/page-source.js';
import type { TelemetrySource } from '../../src/telemetry/source.js';
import { openHttpTransport } from '../../src/transport/http.js';
import { monotonicNs } from '../../src/util/clock.js';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

/** A source that reads `/metrics` of a server with these answers. */
async function sourceOf(answer: RequestListener, plan: Partial<PagePlan> = {}): Promise<TelemetrySource> {
  const server = createServer(answer);
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const transport = openHttpTransport({
    ...{ nowNs: monotonicNs, connectionReuse: 'pooled', maxConnections: 2, connectTimeoutMs: 0 },
    ...{ keepAliveMs: 10_000, settlingMs: 0, ipVersion: 'auto', tls: { verify: true }, http2: false },
    limits: { headerBytes: 65_536, messageBytes: 2 ** 26, bodyBytes: 2 ** 27 },
  });
  const page: PagePlan = {
    ...{ kind: 'server', url: 'http://s/metrics', isDefault: false, isOfLoad: true, headers: [] },
    ...{ protocol: 'http:', host: '127.0.0.1', port, path: '/metrics', other: undefined, intervalMs: 333 },
    ...plan,
  };
  return openPageSource(page, transport);
}

it('reads a page with its times in order', async () => {
  const source = await sourceOf((_, response) => response.end('a 1\n'));
  const before = monotonicNs();
  const { page, sentNs, firstByteNs, receivedNs } = await source.read(10_000);
  expect(page.toString()).toBe('a 1\n');
  const times = [before, sentNs, firstByteNs, receivedNs, monotonicNs()];
  expect(times).toEqual(times.toSorted((a, b) => a - b));
});

it('sends its headers, and keeps the connection', async () => {
  const ports = new Set<number | undefined>();
  const headers = ['Authorization', 'Basic dTpw', 'Accept', 'text/plain'];
  const source = await sourceOf(
    (request, response) => {
      ports.add(request.socket.remotePort);
      response.end(`${request.headers.authorization} ${request.headers.accept}`);
    },
    { headers },
  );
  for (let read = 0; read < 3; read++)
    expect((await source.read(10_000)).page.toString()).toBe('Basic dTpw text/plain');
  expect(ports.size).toBeLessThan(3);
});

it.each([
  ['gzip', gzipSync],
  ['deflate', deflateSync],
  ['br', brotliCompressSync],
] as const)('decodes %s', async (coding, encode) => {
  const source = await sourceOf((_, response) => {
    response.setHeader('content-encoding', coding);
    response.end(encode('a 1\n'.repeat(1000)));
  });
  expect((await source.read(10_000)).page.toString()).toBe('a 1\n'.repeat(1000));
});

it('follows a redirect to the same origin, and goes there at once from then on', async () => {
  const paths: (string | undefined)[] = [];
  const source = await sourceOf(({ url }, response) => {
    paths.push(url);
    if (url === '/metrics') response.writeHead(307, { location: '/metrics/' });
    response.end('a 1\n');
  });
  await source.read(10_000);
  await source.read(10_000);
  expect(paths).toEqual(['/metrics', '/metrics/', '/metrics/']);
});

it('overwrites a page only when the page after the next one is read', async () => {
  let reads = 0;
  const source = await sourceOf(({ url }, response) => {
    if (url === '/metrics') response.writeHead(307, { location: '/metrics/' });
    response.end(url === '/metrics' ? 'elsewhere' : `read ${++reads}\n`);
  });
  const first = await source.read(10_000);
  const second = await source.read(10_000);
  expect([first.page.toString(), second.page.toString()]).toEqual(['read 1\n', 'read 2\n']);
  const third = await source.read(10_000);
  expect([second.page.toString(), third.page.toString()]).toEqual(['read 2\n', 'read 3\n']);
});

it.each([
  ['a b\nc 1', true],
  ['a 1\n', false],
  ['a 1\n# EOF', false],
  ['', false],
])('tells whether a page of unknown length is cut off: %j', async (page, isCut) => {
  const source = await sourceOf((request) => {
    request.socket.end(`HTTP/1.1 200 OK\r\n\r\n${page}`);
  });
  expect((await source.read(10_000)).isCut).toBe(isCut);
});

it('trusts the length of a page whose last line has no end', async () => {
  const source = await sourceOf((_, response) => response.end('a 1'));
  expect((await source.read(10_000)).isCut).toBe(false);
});

it.each([
  ['to another origin', 'http://other.invalid/metrics'],
  ['to another port', 'http://127.0.0.1:1/metrics'],
  ['to itself', '/metrics'],
])('refuses a redirect %s', async (_, location) => {
  const source = await sourceOf((_request, response) => response.writeHead(302, { location }).end());
  await expect(source.read(10_000)).rejects.toMatchObject({
    reason: 'HTTP 302',
    message: `it answered with 302 Found, a redirect to ${location}`,
  });
});

it('refuses a page without end', async () => {
  const source = await sourceOf((_, response) => {
    const piece = Buffer.alloc(1 << 20, 'a 1\n');
    const more = () => {
      while (!response.destroyed && response.write(piece));
    };
    response.on('drain', more);
    more();
  });
  await expect(source.read(60_000)).rejects.toMatchObject({ reason: 'too large', isFinal: true });
});

it('refuses a small page that decodes to a large one', async () => {
  const bomb = gzipSync(Buffer.alloc((64 << 20) + 1));
  const source = await sourceOf((_, response) => {
    response.setHeader('content-encoding', 'gzip');
    response.end(bomb);
  });
  await expect(source.read(60_000)).rejects.toMatchObject({ reason: 'too large', isFinal: true });
});

it('gives up on a page that does not answer, and reads it the next time', async () => {
  let requests = 0;
  const source = await sourceOf((_, response) => {
    if (++requests > 1) response.end('a 1\n');
  });
  await expect(source.read(50)).rejects.toMatchObject({ reason: 'TimeoutError' });
  expect((await source.read(10_000)).page.toString()).toBe('a 1\n');
});

it('says why a page is missing', async () => {
  const source = await sourceOf((_, response) => response.writeHead(404).end());
  await expect(source.read(10_000)).rejects.toMatchObject({ reason: 'HTTP 404', isFinal: false });
});

it('has another page to try once', async () => {
  const other = { url: 'http://s/prometheus/metrics', path: '/prometheus/metrics' };
  const source = await sourceOf(({ url }, response) => response.end(url), { other });
  expect((await source.read(10_000)).page.toString()).toBe('/metrics');
  expect([source.readOther(), source.readOther()]).toEqual([true, false]);
  expect([source.url, (await source.read(10_000)).page.toString()]).toEqual([other.url, other.path]);
  source.readFirst();
  expect([source.url, (await source.read(10_000)).page.toString()]).toEqual(['http://s/metrics', '/metrics']);
});
