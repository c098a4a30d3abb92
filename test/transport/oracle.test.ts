import type { Socket } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openHttpTransport } from '../../src/transport/http.js';
import type { Transport } from '../../src/transport/transport.js';
import { openUndiciTransport } from '../../src/transport/undici.js';
import { eachRequest, options, pause, RawServer, send } from './support.js';

/** What the server does with one request: writes the pieces, then leaves the connection, ends or resets it. */
interface Play {
  /** latin1. */
  readonly pieces: readonly string[];
  readonly ending: 'keep' | 'end' | 'reset';
}

let server: RawServer;
let plays: readonly Play[] = [];
let clients: readonly Transport[] = [];

beforeAll(async () => {
  server = await RawServer.open((socket) =>
    eachRequest(socket, (text) => play(socket, plays[Number(/ \/(\d+) /.exec(text)?.[1])])),
  );
  clients = [openHttpTransport(options()), openUndiciTransport(options())];
});

afterAll(async () => {
  for (const client of clients) client.close();
  await server.close();
});

async function play(socket: Socket, wanted: Play | undefined): Promise<void> {
  for (const piece of wanted?.pieces ?? []) {
    socket.write(piece, 'latin1');
    await pause(1);
  }
  if (wanted?.ending === 'end') socket.end();
  // A reset throws away what the other side has not read yet.
  if (wanted?.ending === 'reset') await pause(20);
  if (wanted?.ending === 'reset') socket.resetAndDestroy();
}

/**
 * What each client makes of each play: status, error, and the body where there was no error. Not the reason:
 * undici loses the start of one that is split over reads.
 */
async function results(wanted: readonly Play[]) {
  plays = wanted;
  const all = await Promise.all(
    clients.map((client) =>
      Promise.all(
        wanted.map(async (_play, i) => {
          const { head, body, error } = await send(client, server.origin, { path: `/${i}` }).outcome;
          return {
            status: head?.status,
            error,
            body: error === undefined ? body : undefined,
          };
        }),
      ),
    ),
  );
  // Lest a connection that the server is just closing is used for the next plays.
  await pause(20);
  return { ours: all[0] ?? [], undicis: all[1] ?? [] };
}

const bodyText = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  maxLength: 200,
});
const token = fc
  .stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,10}$/)
  .filter(
    (name) => !/^(content-length|transfer-encoding|connection|keep-alive|upgrade|trailer)$/i.test(name),
  );
const field = fc
  .tuple(token, fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/))
  .map(([name, value]) => `X-${name}: ${value}\r\n`);
const fields = fc.array(field, { maxLength: 4 }).map((lines) => lines.join(''));

// Left out, since the two differ on purpose: line feeds alone and folded lines (undici refuses them), 100 (undici
// refuses it), chunks in HTTP/1.0.
const response = fc.record({
  status: fc.constantFrom(
    '200 OK',
    '200',
    '201 ',
    '404 Nix da',
    '400 Bad Request',
    '500 Oh',
    '799 Own',
    '204 No Content',
    '304 Not Modified',
  ),
  version: fc.constantFrom('1.1', '1.1', '1.1', '1.0'),
  interim: fc.constantFrom(
    '',
    '',
    'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n',
    'HTTP/1.1 102 Processing\r\n\r\n'.repeat(2),
  ),
  fields,
  connection: fc.constantFrom('', '', 'Connection: close\r\n', 'Connection: keep-alive\r\n'),
  framing: fc.constantFrom('length', 'chunked', 'chunked', 'close'),
  body: bodyText,
  chunks: fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 6 }),
  extension: fc.constantFrom('', '', ';a', ';a=b', ';a="b c"'),
  trailers: fc.oneof(fc.constant(''), fields),
});
type Response = typeof response extends fc.Arbitrary<infer T> ? T : never;

/** Head and the rest, as they go over the wire. */
function written({
  status,
  version,
  interim,
  framing,
  body,
  ...more
}: Response): [head: string, rest: string] {
  const bodiless = /^[23]04/.test(status);
  const form = framing === 'chunked' && version === '1.0' ? 'length' : framing;
  const length = form === 'length' && !bodiless ? `Content-Length: ${body.length}\r\n` : '';
  const coding = form === 'chunked' && !bodiless ? 'Transfer-Encoding: chunked\r\n' : '';
  const head = `${interim}HTTP/${version} ${status}\r\n${more.fields}${length}${coding}${more.connection}\r\n`;
  if (bodiless) return [head, ''];
  if (form !== 'chunked') return [head, body];
  let rest = '';
  let at = 0;
  for (let i = 0; at < body.length; i++) {
    const chunk = body.slice(at, at + (more.chunks[i % more.chunks.length] ?? 1));
    rest += `${chunk.length.toString(16)}${more.extension}\r\n${chunk}\r\n`;
    at += chunk.length;
  }
  return [head, `${rest}0\r\n${more.trailers}\r\n`];
}

const cuts = fc.array(fc.nat(1000), { maxLength: 5 });

function pieces(text: string, at: readonly number[]): string[] {
  const stops = [0, ...at.map((cut) => cut % (text.length + 1)).sort((a, b) => a - b), text.length];
  return stops
    .slice(1)
    .map((end, i) => text.slice(stops[i], end))
    .filter((piece) => piece !== '');
}

const valid = fc.tuple(response, cuts, fc.boolean()).map(([made, at, ends]): Play => {
  const lastsToClose = made.framing === 'close' && !/^[23]04/.test(made.status);
  return { pieces: pieces(written(made).join(''), at), ending: ends || lastsToClose ? 'end' : 'keep' };
});

const cutShort = fc
  .tuple(response, cuts, fc.nat(1000), fc.boolean())
  .map(([made, at, length, resets]): Play => {
    const text = written(made).join('');
    const kept = text.slice(0, length % text.length);
    // Undici takes a reset for the end where the body lasts to the close or the server announced the close.
    const resettable =
      made.framing !== 'close' && made.connection !== 'Connection: close\r\n' && made.version === '1.1';
    return { pieces: pieces(kept, at), ending: resets && resettable ? 'reset' : 'end' };
  });

const spoilt = fc
  .tuple(fc.string({ unit: 'grapheme-ascii', maxLength: 20 }), fields, cuts)
  .chain(([body, some, at]) => {
    const chunked = `HTTP/1.1 200 OK\r\n${some}Transfer-Encoding: chunked\r\n\r\n`;
    const length = body.length;
    return fc
      .constantFrom(
        `hello${body}\r\n\r\n`,
        `HTTP/1.1 2x0 OK\r\n${some}\r\n`,
        `HTTP/1.1 200 OK\r\n${some}nonsense\r\n\r\n`,
        `HTTP/1.1 200 OK\r\nContent Length: 5\r\n${some}\r\n`,
        `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n${some}Transfer-Encoding: chunked\r\n\r\n`,
        `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n${some}Content-Length: ${length}\r\n\r\n`,
        `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n${some}Content-Length: ${length + 1}\r\n\r\n${body}`,
        `HTTP/1.1 200 OK\r\nContent-Length: ${length}x\r\n\r\n${body}`,
        `HTTP/1.1 101 Switching Protocols\r\n${some}Connection: upgrade\r\nUpgrade: x\r\n\r\n`,
        `${chunked}xyz\r\n`,
        `${chunked}${length.toString(16)}:\r\n${body}\r\n`,
        `${chunked}2\r\nab!\r\n`,
      )
      .map((text): Play => ({ pieces: pieces(text, at), ending: 'end' }));
  });

describe('both transports', () => {
  it.each([
    ['valid responses', valid, 40],
    ['responses cut short', cutShort, 40],
    ['spoilt responses', spoilt, 25],
  ])('make the same of %s', async (kind, made, numRuns) => {
    await fc.assert(
      fc.asyncProperty(fc.array(made, { minLength: 12, maxLength: 12 }), async (wanted) => {
        const { ours, undicis } = await results(wanted);
        expect(ours).toEqual(undicis);
        if (kind === 'valid responses') expect(ours.every((one) => one.error === undefined)).toBe(true);
        if (kind === 'spoilt responses')
          expect(ours.every((one) => one.error === 'ClientResponseError')).toBe(true);
      }),
      { numRuns, endOnFailure: true },
    );
  });

  it('hand over the body that was sent', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(response, cuts), { minLength: 12, maxLength: 12 }), async (made) => {
        const { ours } = await results(
          made.map(([one, at]) => ({ pieces: pieces(written(one).join(''), at), ending: 'end' })),
        );
        expect(ours.map((one) => one.body)).toEqual(
          made.map(([one]) => (/^[23]04/.test(one.status) ? '' : one.body)),
        );
      }),
      { numRuns: 20, endOnFailure: true },
    );
  });

  it('call what nobody listens for, and what does not exist, by the same names', async () => {
    const closed = await RawServer.open(() => {});
    const { origin: refused } = closed;
    await closed.close();
    for (const origin of [refused, { ...refused, host: 'no-such-host.invalid' }]) {
      const [ours, undicis] = await Promise.all(
        clients.map(async (client) => {
          const { error, message } = await send(client, origin).outcome;
          return { error, message };
        }),
      );
      expect(ours).toEqual(undicis);
    }
  });
});
