import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as it came over the wire. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface ScriptedServer {
  readonly port: number;
  readonly url: string;
  /** In order of arrival. */
  readonly seen: readonly SeenRequest[];
  /** Empties `seen`. */
  forget(): void;
  close(): void;
}

/**
 * A server on a free port that keeps every request, and answers each as it is told. Reads of its metrics are not
 * counted. @param metrics answers them; default: it has none.
 */
export async function startScriptedServer(
  answer: (request: SeenRequest, response: ServerResponse, number: number) => void,
  metrics: (request: SeenRequest, response: ServerResponse) => void = (_, response) =>
    response.writeHead(404).end(),
): Promise<ScriptedServer> {
  const seen: SeenRequest[] = [];
  const server = createServer((message: IncomingMessage, response) => {
    const parts: Buffer[] = [];
    message.on('data', (part: Buffer) => parts.push(part));
    message.on('end', () => {
      const { method = '', url: path = '', headers } = message;
      const request = { method, path, headers, body: Buffer.concat(parts).toString() };
      if (/\/metrics(\?|$)/.test(path)) return metrics(request, response);
      seen.push(request);
      answer(request, response, seen.length);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    seen,
    forget: () => {
      seen.length = 0;
    },
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** One event of a chat stream. */
export function chatEvent(
  delta: Readonly<Record<string, unknown>>,
  finishReason: string | null = null,
): string {
  const choices = [{ index: 0, delta, finish_reason: finishReason }];
  return `data: ${JSON.stringify({ object: 'chat.completion.chunk', choices })}\n\n`;
}

/** Answers with a whole chat stream, a token of text per event. */
export function streamTokens(response: ServerResponse, tokens: readonly string[]): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const events = tokens.map((content, i) => chatEvent({ content }, i === tokens.length - 1 ? 'stop' : null));
  response.end(`${events.join('')}data: [DONE]\n\n`);
}
