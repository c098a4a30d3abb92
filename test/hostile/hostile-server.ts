import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { chatEvent } from '../e2e/scripted-server.js';

/** What a server may do with a request that it answers well: no failure is of its making. */
const honest = ['stream', 'whole', 'trickle', 'early', 'close-after', 'twice', 'continue'] as const;
/** Honest, but in a form that asks for a careful reader. */
const odd = ['wrong-type', 'no-type', 'control-characters', 'secret-in-content', 'tool-call'] as const;
/** What no client may count as a success. */
const failing = [
  'hang',
  'hang-midway',
  'reset',
  'reset-midway',
  'close',
  'refuse',
  'overload',
  'cut-chunks',
  'cut-length',
  'garbage',
  'no-status',
  'unmarked',
  'error-event',
  'empty',
  'deep-error',
  'deep-usage',
  'deep-tool-call',
  'deep-body',
  'not-json',
  'not-json-midway',
  'error-field',
  'error-field-midway',
  'finish-abort',
  'finish-error',
  'error-object',
  'error-code',
  'error-whole',
  'choices-half',
  'gzip-error',
  'secret-in-error',
  'endless-interim',
  'endless-header',
  'endless-line',
  'endless-stream',
  'endless-body',
  'endless-chunk-extension',
] as const;
export const behaviours = [...honest, ...odd, ...failing] as const;
export type Behaviour = (typeof behaviours)[number];

/** Whether a request that was treated so has failed: always, or only by the client's own doing. */
export function alwaysFails(behaviour: Behaviour): boolean {
  return (failing as readonly Behaviour[]).includes(behaviour);
}

/** So small that going past them takes no time; honest answers here stay far below. */
export const hostileLimits = {
  AIPERF_HTTP_MAX_HEADER_BYTES: '4096',
  AIPERF_HTTP_MAX_MESSAGE_BYTES: '600000',
  AIPERF_HTTP_MAX_BODY_BYTES: '1000000',
};

export interface HostileServer {
  readonly url: string;
  /** The `X-Request-ID` of every request whose head came whole. */
  readonly requestIds: readonly string[];
  /** How each of them was treated. */
  readonly treatments: ReadonlyMap<string, Behaviour>;
  close(): void;
}

/**
 * A server that treats the n-th request in the n-th way, and starts over after the last. Reads of its metrics are
 * treated so too, and not counted.
 */
export async function startHostileServer(script: readonly Behaviour[]): Promise<HostileServer> {
  const requestIds: string[] = [];
  const treatments = new Map<string, Behaviour>();
  const sockets = new Set<Socket>();
  let requests = 0;
  let reads = 0;
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
        const isRead = head.startsWith('GET ');
        const behaviour = script[(isRead ? reads : requests) % script.length] ?? 'stream';
        const whole = input.length >= headEnd + 4 + length;
        if (!answered && (whole || behaviour === 'early')) {
          answered = true;
          if (isRead) {
            reads++;
            answer(socket, behaviour, 'no key');
          } else {
            requests++;
            const id = /^x-request-id: *(\S+)/im.exec(head)?.[1] ?? 'none';
            requestIds.push(id);
            treatments.set(id, behaviour);
            answer(socket, behaviour, /^authorization: *(?:bearer )?(.+)/im.exec(head)?.[1] ?? 'no key');
          }
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
    treatments,
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

const deep = `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`;
const stream = (...texts: readonly string[]) => streamHead + [...texts, done].map(chunk).join('') + chunk('');
const toolEvent = (more: string) =>
  `data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c","type":"function","function":{"name":"f","arguments":"{}"}${more}}]}}]}\n\n`;
const [first = '', second = '', last = ''] = events;
const twoChoices = [
  { index: 0, delta: { content: 'a' }, finish_reason: 'stop' },
  { index: 1, delta: { content: 'b' }, finish_reason: null },
];

/** @param secret the key that the request carried. */
function answer(socket: Socket, behaviour: Behaviour, secret: string): void {
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
    case 'wrong-type':
      socket.write(wholeStream.replace('text/event-stream', 'text/plain'));
      break;
    case 'no-type':
      socket.write(wholeStream.replace('content-type: text/event-stream\r\n', ''));
      break;
    case 'control-characters':
      socket.write(
        stream(first, chatEvent({ content: '\u0000\u001b[31m\u202e\u0007\r\n' }), last).replace(
          '200 OK',
          '200 \u001b[1mOK\u0007',
        ),
      );
      break;
    case 'secret-in-content':
      socket.write(stream(first, chatEvent({ content: ` ${secret} ` }), last));
      break;
    case 'tool-call':
      socket.write(stream(toolEvent(''), chatEvent({}, 'tool_calls')));
      break;
    case 'deep-error':
      socket.write(stream(first, `data: {"error":${deep}}\n\n`));
      break;
    case 'deep-usage':
      socket.write(
        stream(first, last, `data: {"object":"chat.completion.chunk","choices":[],"usage":${deep}}\n\n`),
      );
      break;
    case 'deep-tool-call':
      socket.write(stream(toolEvent(`,"more":${deep}`), last));
      break;
    case 'deep-body':
      socket.write(
        `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${deep.length}\r\n\r\n${deep}`,
      );
      break;
    case 'not-json':
      socket.write(stream('data: Service \u001b[31mis starting\u202e\n\n'));
      break;
    case 'not-json-midway':
      socket.write(stream(first, 'data: {"choices":[{"del\n\n', second, last));
      break;
    case 'error-field':
      socket.write(stream('error: {"code":500,"message":"slot unavailable"}\n\n'));
      break;
    case 'error-field-midway':
      socket.write(stream(first, second, 'error: {"code":500,"message":"slot unavailable"}\n\n'));
      break;
    case 'finish-abort':
      socket.write(stream(first, second, chatEvent({}, 'abort')));
      break;
    case 'finish-error':
      socket.write(stream(first, chatEvent({}, 'error')));
      break;
    case 'error-object':
      socket.write(stream(first, 'data: {"object":"error","message":"out of memory","code":50001}\n\n'));
      break;
    case 'error-code':
      socket.write(stream('data: {"text":"no worker","error_code":50002}\n\n'));
      break;
    case 'error-whole':
      socket.write(json('200 OK', { code: 429, msg: 'quota exceeded' }));
      break;
    case 'choices-half':
      socket.write(
        streamHead +
          chunk(`data: ${JSON.stringify({ object: 'chat.completion.chunk', choices: twoChoices })}\n\n`) +
          chunk(''),
      );
      break;
    case 'gzip-error': {
      const body = gzipSync('{"error":{"message":"no","code":500}}');
      socket.write(
        `HTTP/1.1 500 Internal Server Error\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\ncontent-length: ${body.length}\r\n\r\n`,
      );
      socket.write(body);
      break;
    }
    case 'secret-in-error':
      socket.write(json('401 Unauthorized', { error: { message: `invalid key: ${secret}` } }));
      break;
    case 'endless-interim':
      endless(socket, '', 'HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n');
      break;
    case 'endless-header':
      endless(socket, 'HTTP/1.1 200 OK\r\n', 'x-more: yes\r\n');
      break;
    case 'endless-line':
      endless(socket, streamHead, chunk(`data: ${'x'.repeat(1000)}`));
      break;
    case 'endless-stream':
      endless(socket, streamHead, chunk(first.repeat(10)));
      break;
    case 'endless-body':
      endless(socket, 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n', '['.repeat(1000));
      break;
    case 'endless-chunk-extension':
      endless(socket, `${streamHead}5;`, 'x'.repeat(1000));
      break;
    case 'continue':
      socket.write(`HTTP/1.1 100 Continue\r\n\r\n${wholeStream}`);
      break;
  }
}

/** Writes for as long as the client takes it. */
function endless(socket: Socket, start: string, text: string): void {
  const more = () => {
    while (!socket.destroyed && socket.write(text.repeat(20)));
  };
  socket.write(start);
  socket.on('drain', more);
  more();
}

/** A few bytes every 2 ms. */
function trickle(socket: Socket, text: string, from: number): void {
  if (socket.destroyed || from >= text.length) return;
  socket.write(text.slice(from, from + 5));
  setTimeout(trickle, 2, socket, text, from + 5);
}
