import { once } from 'node:events';
import { createServer, request as open, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as after } from 'node:timers/promises';
import { type MockServer, startMockServer } from '../../src/mock-server/server.js';
import type { MockServerSettings } from '../../src/mock-server/settings.js';
import type { WireRequest } from './compare/requests.js';

/** An answer that the simulated server does not give. */
export interface Answer {
  readonly status: number;
  /** A list: piece by piece, 5 ms apart. */
  readonly body: string | readonly string[];
  /** JSON, unless it says otherwise. */
  readonly type?: string;
}

/** What answers instead of the simulated server; undefined: it does; nothing: the connection ends. @param number of the request, from 1. */
export type Interceptor = (request: WireRequest, number: number) => Answer | 'nothing' | undefined;

/** What answers for a page of metrics that is read once under load, and never again. */
export function dyingUnderLoad(page: Interceptor = () => undefined): Interceptor {
  let reads: number | undefined;
  return (request, number) => {
    if (request.line.startsWith('POST ')) reads ??= 0;
    else if (reads !== undefined && ++reads > 1) return 'nothing';
    return page(request, number);
  };
}

export interface RecordingServer {
  readonly port: number;
  /** In order of arrival. */
  readonly requests: readonly WireRequest[];
  close(): Promise<void>;
}

/** A simulated server behind a listener that keeps each request as it came over the wire. */
export async function startRecordingServer(
  settings: Partial<MockServerSettings>,
  intercept: Interceptor = () => undefined,
): Promise<RecordingServer> {
  const behind: MockServer = await startMockServer({ port: 0, ...settings });
  const requests: WireRequest[] = [];
  const server = createServer((incoming, response) => {
    const parts: Buffer[] = [];
    incoming.on('data', (part: Buffer) => parts.push(part));
    incoming.on('end', () => {
      const { method = '', url = '', httpVersion, rawHeaders } = incoming;
      const names = rawHeaders.filter((_, i) => i % 2 === 0);
      const request: WireRequest = {
        line: `${method} ${url} HTTP/${httpVersion}`,
        headers: names.map((name, i) => [name, rawHeaders[2 * i + 1] ?? '']),
        body: Buffer.concat(parts),
      };
      requests.push(request);
      const answer = intercept(request, requests.length);
      if (answer === undefined) passOn(behind.port, { method, url, request }, response);
      else if (answer === 'nothing') response.destroy();
      else void say(answer, response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    async close() {
      server.close();
      server.closeAllConnections();
      await behind.close();
    },
  };
}

async function say({ status, body, type = 'application/json' }: Answer, response: ServerResponse) {
  response.writeHead(status, { 'content-type': type });
  for (const piece of typeof body === 'string' ? [body] : body) {
    response.write(piece);
    await after(5);
  }
  response.end();
}

interface Forwarded {
  readonly method: string;
  readonly url: string;
  readonly request: WireRequest;
}

function passOn(port: number, { method, url, request }: Forwarded, response: ServerResponse): void {
  const headers = request.headers.flat();
  const forwarded = open({ host: '127.0.0.1', port, method, path: url, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  // The server is closed while an answer is on its way.
  forwarded.on('error', () => response.destroy());
  forwarded.end(request.body);
}
