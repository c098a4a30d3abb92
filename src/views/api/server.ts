import { createReadStream } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream';
import { httpUrl, isLoopback, listen } from '../listen.js';
import { type Answer, failure } from './answer.js';
import type { SocketClients } from './socket-clients.js';

/** Answers a request for a path. */
type Answerer = (method: string, path: string) => Answer;

export interface Listening {
  /** `http://host:port/`. */
  readonly url: string;
  close(): void;
}

/** Listens for requests and, at `/ws`, for websocket clients. @throws UserError where that cannot be done. */
export async function serve(
  { host, port }: { readonly host: string; readonly port: number },
  answerer: Answerer,
  clients: SocketClients,
): Promise<Listening> {
  const isLocal = isLoopback(host);
  const server = createServer((request, response) => {
    request.resume();
    const { method = 'GET' } = request;
    const answer = isMisled(request, isLocal) ? misled : answerer(method, pathOf(request));
    send(answer, method, response);
  });
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => {});
    const status =
      isMisled(request, isLocal) || isForeign(request)
        ? '403 Forbidden'
        : pathOf(request) === '/ws'
          ? ''
          : '404 Not Found';
    if (status !== '') {
      socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    clients.server.handleUpgrade(request, socket, head, (client) =>
      clients.server.emit('connection', client, request),
    );
  });
  await listen(server, host, port, {
    what: 'The API',
    ...{ portOption: '--api-port', hostOption: '--api-host' },
  });
  return {
    url: httpUrl(host, port),
    close: () => {
      clients.close();
      server.close();
      server.closeAllConnections();
    },
  };
}

const misled = failure(403, 'This address is for programs of this machine: ask for localhost or 127.0.0.1.');

function send(answer: Answer, method: string, response: ServerResponse): void {
  const { status, type, headers = {} } = answer;
  const length = 'body' in answer ? { 'content-length': Buffer.byteLength(answer.body) } : {};
  response.writeHead(status, {
    ...{ 'content-type': type, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' },
    ...{ ...length, ...headers },
  });
  if (method === 'HEAD') response.end();
  else if ('body' in answer) response.end(answer.body);
  else pipeline(createReadStream(answer.file), response, () => {});
}

function pathOf({ url = '/' }: IncomingMessage): string {
  return url.replace(/[?#].*$/s, '');
}

/** A page of the internet whose name leads here must not read what is for this machine alone. */
function isMisled({ headers }: IncomingMessage, isLocal: boolean): boolean {
  const host = headers.host?.replace(/:\d+$/, '');
  return isLocal && host !== undefined && !isLoopback(host);
}

/** A browser lets any page open a websocket, and names the page's origin. */
function isForeign({ headers: { origin, host } }: IncomingMessage): boolean {
  return origin !== undefined && origin.replace(/^https?:\/\//, '') !== host;
}
