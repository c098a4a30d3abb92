import { readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';

// Runs as a process of its own: canned-server.js EVENTS PER_WRITE INTERVAL_MS [FILE]; FILE holds the body of whole answers

const [events = 0, perWrite = 1, intervalMs = 0] = process.argv.slice(2, 5).map(Number);
const bodyFile = process.argv[5];

const crlf = '\r\n';
const common = {
  id: 'chatcmpl-0123456789abcdef',
  object: 'chat.completion.chunk',
  created: 1790000000,
  model: 'mock',
};
const streamHead = `HTTP/1.1 200 OK${crlf}content-type: text/event-stream; charset=utf-8${crlf}transfer-encoding: chunked${crlf}${crlf}`;
const last = `0${crlf}${crlf}`;

function event(delta: object, finish: string | null = null): string {
  const choices = [{ index: 0, delta, logprobs: null, finish_reason: finish }];
  return `data: ${JSON.stringify({ ...common, choices })}\n\n`;
}

function chunk(text: string): string {
  return `${text.length.toString(16)}${crlf}${text}${crlf}`;
}

const token = chunk(event({ content: ' word' }));
const begin = Buffer.from(streamHead + chunk(event({ role: 'assistant', content: '' })));
const end = Buffer.from(chunk(event({}, 'stop')) + chunk('data: [DONE]\n\n') + last);
const piece = Buffer.from(token.repeat(perWrite));
const rest = Buffer.from(token.repeat(events % perWrite));
const whole = wholeAnswer();

function wholeAnswer(): Buffer {
  const message = { role: 'assistant', content: 'The' };
  const usage = { prompt_tokens: 16, completion_tokens: 1, total_tokens: 17 };
  const choices = [{ index: 0, message, logprobs: null, finish_reason: 'length' }];
  const chat = JSON.stringify({ ...common, object: 'chat.completion', choices, usage });
  const body = bodyFile === undefined ? chat : readFileSync(bodyFile, 'latin1');
  return Buffer.from(
    `HTTP/1.1 200 OK${crlf}content-type: application/json${crlf}content-length: ${body.length}${crlf}${crlf}${body}`,
    'latin1',
  );
}

/** One connection: skips each request and answers it. */
class Teller {
  readonly #socket: Socket;
  #unread: Buffer = Buffer.alloc(0);
  /** Bytes of the body that have not come yet: a body is counted, not kept. */
  #missing = 0;
  #left = 0;
  #nextMs = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (bytes) => this.#take(bytes));
    socket.on('error', () => {});
    socket.on('close', () => tellers.delete(this));
  }

  /** Writes the next piece if it is time and there is room. Returns whether the answer goes on. */
  tell(nowMs: number): boolean {
    if (nowMs < this.#nextMs || this.#socket.writableLength > 65_536) return true;
    this.#nextMs += intervalMs;
    const bytes = this.#left >= perWrite ? piece : rest;
    this.#left -= Math.min(perWrite, this.#left);
    this.#socket.write(bytes);
    if (this.#left > 0) return true;
    this.#socket.write(end);
    return false;
  }

  #take(bytes: Buffer): void {
    if (this.#missing > 0) {
      this.#missing -= bytes.length;
      if (this.#missing > 0) return;
    } else {
      this.#unread = this.#unread.length === 0 ? bytes : Buffer.concat([this.#unread, bytes]);
      const headEnd = this.#unread.indexOf('\r\n\r\n');
      if (headEnd < 0) return;
      const length = Number(
        /content-length: *(\d+)/i.exec(this.#unread.toString('latin1', 0, headEnd))?.[1] ?? 0,
      );
      this.#missing = headEnd + 4 + length - this.#unread.length;
      this.#unread = Buffer.alloc(0);
      if (this.#missing > 0) return;
    }
    if (events === 0) {
      this.#socket.write(whole);
      return;
    }
    this.#socket.write(begin);
    this.#left = events;
    // Streams are spread over the interval: no two need write at once.
    this.#nextMs = performance.now() + Math.random() * intervalMs;
    tellers.add(this);
    if (!turning) {
      turning = true;
      setImmediate(turn);
    }
  }
}

const tellers = new Set<Teller>();
let turning = false;

/** Once round: each stream writes at most one piece, then sockets are read. */
function turn(): void {
  const nowMs = performance.now();
  for (const teller of tellers) if (!teller.tell(nowMs)) tellers.delete(teller);
  turning = tellers.size > 0;
  if (turning) setImmediate(turn);
}

const server = createServer({ noDelay: true }, (socket) => void new Teller(socket));
server.listen({ host: '127.0.0.1', port: 0, backlog: 16_384 }, () => {
  const address = server.address();
  if (typeof address === 'object') process.stdout.write(`listening on http://127.0.0.1:${address?.port}\n`);
});
process.on('SIGTERM', () => process.exit(0));
