import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { chatEvent } from '../e2e/scripted-server.js';

/** What a server may do with a request. */
export const behaviours = [
  'stream',
  'whole',
  'trickle',
  'hang',
  'hang-midway',
  'reset',
  'reset-midway',
  'close',
  'early',
  'refuse',
  'overload',
  'cut-chunks',
  'cut-length',
  'garbage',
  'no-status',
  'close-after',
  'twice',
  'unmarked',
  'error-event',
  'empty',
  'continue',
] as const;
export type Behaviour = (typeof behaviours)[number];

export interface HostileServer {
  readonly url: string;
  /** The `X-Request-ID` of every request whose head came whole. */
  readonly requestIds: readonly string[];
  close(): void;
}

/** A server that treats the n-th request in the n-th way, and starts over after the last. */
export async function startHostileServer(script: readonly Behaviour[]): Promise<HostileServer> {
  const requestIds: string[] = [];
  const sockets = new Set<Socket>();
  let requests = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    let input = Buffer.alloc(0);
    let answered = false;
    socket.on('data', (bytes) => {
      input = Buffer.concat([input, bytes]);
      for (;;) {
        const headEnd = input.indexOf('\r\n\r\n');
        if (headEnd === -1) return;
        const head = input.toString('latin1', 0, headEnd);
        const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
        const behaviour = script[requests % script.length] ?? 'stream';
        const whole = input.length >= headEnd + 4 + length;
        if (!answered && (whole || behaviour === 'early')) {
          answered = true;
          requests++;
          requestIds.push(/^x-request-id: *(\S+)/im.exec(head)?.[1] ?? 'none');
          answer(socket, behaviour);
        }
        if (!whole) return;
        answered = false;
        input = input.subarray(headEnd + 4 + length);
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requestIds,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

const events = [
  chatEvent({ content: 'a' }),
  chatEvent({ content: ' b' }),
  chatEvent({ content: ' c' }, 'stop'),
];
const done = 'data: [DONE]\n\n';
const streamHead = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n';
const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
const wholeStream = streamHead + [...events, done].map(chunk).join('') + chunk('');
const json = (status: string, body: unknown, more = '') => {
  const text = JSON.stringify(body);
  return `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${text.length}\r\n${more}\r\n${text}`;
};
const wholeAnswer = json('200 OK', {
  ...{ object: 'chat.completion', choices: [{ message: { role: 'assistant', content: 'a b c' } }] },
});

function answer(socket: Socket, behaviour: Behaviour): void {
  switch (behaviour) {
    case 'stream':
    case 'early':
      socket.write(wholeStream);
      break;
    case 'whole':
      socket.write(wholeAnswer);
      break;
    case 'trickle':
      trickle(socket, wholeStream, 0);
      break;
    case 'hang':
      break;
    case 'hang-midway':
      socket.write(streamHead + chunk(events[0] ?? ''));
      break;
    case 'reset':
      socket.resetAndDestroy();
      break;
    case 'reset-midway':
      socket.write(streamHead + chunk(events[0] ?? ''), () => socket.resetAndDestroy());
      break;
    case 'close':
      socket.end();
      break;
    case 'refuse':
      socket.write(json('400 Bad Request', { error: { message: 'no', code: 400 } }));
      break;
    case 'overload':
      socket.end('HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
      break;
    case 'cut-chunks':
      socket.end(`${streamHead}${chunk(events[0] ?? '')}ff\r\ndata: {"choi`);
      break;
    case 'cut-length':
      socket.end(
        'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n{"choices":',
      );
      break;
    case 'garbage':
      socket.write(Buffer.from(Array.from({ length: 300 }, (_, i) => (i * 131 + 17) % 256)));
      break;
    case 'no-status':
      socket.end('\r\n\r\n');
      break;
    case 'close-after':
      socket.end(json('200 OK', { choices: [{ message: { content: 'a' } }] }, 'connection: close\r\n'));
      break;
    case 'twice':
      socket.write(wholeAnswer + wholeAnswer);
      break;
    case 'unmarked':
      socket.write(streamHead + chunk(events[0] ?? '') + chunk(''));
      break;
    case 'error-event':
      socket.write(
        streamHead + chunk(`data: {"error":{"message":"no","code":500}}\n\n`) + chunk(done) + chunk(''),
      );
      break;
    case 'empty':
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
      break;
    case 'continue':
      socket.write(`HTTP/1.1 100 Continue\r\n\r\n${wholeStream}`);
      break;
  }
}

/** A few bytes every 2 ms. */
function trickle(socket: Socket, text: string, from: number): void {
  if (socket.destroyed || from >= text.length) return;
  socket.write(text.slice(from, from + 5));
  setTimeout(trickle, 2, socket, text, from + 5);
}
