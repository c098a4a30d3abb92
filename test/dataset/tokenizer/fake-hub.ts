import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request as the hub saw it. */
interface Seen {
  readonly url: string;
  readonly authorization: string | undefined;
}

/** A stand-in of the Hugging Face hub on loopback. */
export interface FakeHub extends AsyncDisposable {
  readonly endpoint: string;
  /** The requests so far, in order. */
  readonly seen: Seen[];
}

/** What a path is answered with: status, headers, body. */
export type Answers = Readonly<
  Record<string, { status?: number; headers?: Record<string, string>; body?: string }>
>;

/** Answers each path as told, everything else with 404 as the hub does for a model that is not there. */
export async function fakeHub(answers: Answers): Promise<FakeHub> {
  const seen: Seen[] = [];
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const url = request.url ?? '';
    seen.push({ url, authorization: request.headers.authorization });
    const answer = answers[url] ?? { status: 404, headers: { 'X-Error-Code': 'RepoNotFound' } };
    response.writeHead(answer.status ?? 200, answer.headers).end(answer.body ?? '');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    seen,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
