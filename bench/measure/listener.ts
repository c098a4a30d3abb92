import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';

/** A server in this process that answers every request alike. */
export interface Listener {
  readonly url: string;
  stop(): Promise<void>;
}

/** @param onBody gets the body of each request for an answer; servers are also asked for their time and metrics. */
export async function startListener(onBody: (body: string) => void): Promise<Listener> {
  const choices = [{ index: 0, message: { role: 'assistant', content: 'The' }, finish_reason: 'length' }];
  const answer = JSON.stringify({ object: 'chat.completion', choices });
  const server = createServer(async (request, response) => {
    const body = await text(request);
    if (request.method === 'POST') onBody(body);
    response.setHeader('content-type', 'application/json').end(answer);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    url: `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
