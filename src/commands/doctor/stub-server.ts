import { createServer, type Socket } from 'node:net';
import { parentPort } from 'node:worker_threads';
import { monotonicNs } from '../../util/clock.js';

// A thread of its own. Answers are made ahead, because the server must cost less than the client that it measures: the
// simulated server makes each token anew. POST /stream/EVENTS/INTERVAL_MS streams events, any other path gets a small
// whole answer. The content of each event is the time of its write, ns of CLOCK_MONOTONIC in 16 digits after a space.

const crlf = '\r\n';
const common = {
  id: 'chatcmpl-0123456789abcdef',
  object: 'chat.completion.chunk',
  created: 1790000000,
  model: 'mock',
};
const MAX_QUEUED_BYTES = 65_536;
const DIGITS = 16;

function event(delta: object, finish: string | null = null): string {
  return `data: ${JSON.stringify({ ...common, choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }] })}\n\n`;
}

function chunk(text: string): string {
  return `${text.length.toString(16)}${crlf}${text}${crlf}`;
}

const head = `HTTP/1.1 200 OK${crlf}content-type: text/event-stream; charset=utf-8${crlf}transfer-encoding: chunked${crlf}${crlf}`;
const begin = head + chunk(event({ role: 'assistant', content: '' }));
const end = chunk(event({}, 'stop')) + chunk('data: [DONE]\n\n') + chunk('');
const [beforeTime = '', afterTime = ''] = chunk(event({ content: ` ${'#'.repeat(DIGITS)}` })).split(
  '#'.repeat(DIGITS),
);
const whole = wholeAnswer();

function wholeAnswer(): string {
  const message = { role: 'assistant', content: 'The' };
  const usage = { prompt_tokens: 16, completion_tokens: 1, total_tokens: 17 };
  const choices = [{ index: 0, message, logprobs: null, finish_reason: 'length' }];
  const body = JSON.stringify({ ...common, object: 'chat.completion', choices, usage });
  return `HTTP/1.1 200 OK${crlf}content-type: application/json${crlf}content-length: ${body.length}${crlf}${crlf}${body}`;
}

/** One connection; all its requests have the same path. */
class Connection {
  readonly #socket: Socket;
  #unread: Buffer = Buffer.alloc(0);
  #events: number | undefined;
  #intervalNs = 0;
  #left = 0;
  #nextNs = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (bytes) => this.#take(bytes));
    socket.on('error', () => {});
    socket.on('close', () => streams.delete(this));
  }

  /** Writes the next event if it is due and there is room. @returns whether the stream goes on. */
  write(nowNs: number): boolean {
    if (nowNs < this.#nextNs || this.#socket.writableLength > MAX_QUEUED_BYTES) return true;
    this.#nextNs += this.#intervalNs;
    this.#left--;
    const time = String(Math.round(monotonicNs())).padStart(DIGITS, '0');
    this.#socket.write(`${beforeTime}${time}${afterTime}`, 'latin1');
    if (this.#left > 0) return true;
    this.#socket.write(end, 'latin1');
    return false;
  }

  #take(bytes: Buffer): void {
    this.#unread = this.#unread.length === 0 ? bytes : Buffer.concat([this.#unread, bytes]);
    const headEnd = this.#unread.indexOf('\r\n\r\n');
    if (headEnd < 0) return;
    const text = this.#unread.toString('latin1', 0, headEnd);
    const length = Number(/content-length: *(\d+)/i.exec(text)?.[1] ?? 0);
    if (this.#unread.length < headEnd + 4 + length) return;
    this.#unread = this.#unread.subarray(headEnd + 4 + length);
    if (this.#events === undefined) {
      const [, events = 0, intervalMs = 0] = /^POST \/stream\/(\d+)\/(\d+) /.exec(text)?.map(Number) ?? [];
      this.#events = events;
      this.#intervalNs = intervalMs * 1e6;
    }
    this.#socket.write(this.#events === 0 ? whole : begin, 'latin1');
    if (this.#events > 0) this.#start(this.#events);
  }

  #start(events: number): void {
    this.#left = events;
    // Streams are spread over the interval, so that few are due at the same time.
    this.#nextNs = monotonicNs() + Math.random() * this.#intervalNs;
    streams.add(this);
    if (!isWriting) setImmediate(writeDue);
    isWriting = true;
  }
}

const streams = new Set<Connection>();
let isWriting = false;

/** Writes at most one event of each stream, then lets sockets be read. */
function writeDue(): void {
  const nowNs = monotonicNs();
  for (const stream of streams) if (!stream.write(nowNs)) streams.delete(stream);
  isWriting = streams.size > 0;
  if (isWriting) setImmediate(writeDue);
}

const server = createServer({ noDelay: true }, (socket) => void new Connection(socket));
server.listen({ host: '127.0.0.1', port: 0, backlog: 16_384 }, () => {
  const address = server.address();
  parentPort?.postMessage(typeof address === 'object' ? address?.port : undefined);
});
