import { Socket, type TcpNetConnectOpts } from 'node:net';
import type { Conversation } from '../dataset/conversation.js';
import type { Endpoint } from '../endpoint/endpoint.js';
import { RecordPacker } from '../records/pack.js';
import { openHttpTransport } from '../transport/http.js';
import { ConversationCache } from './conversation-cache.js';
import type { PhaseEnvironment } from './phase-player.js';
import type { LoadPlan, PhasePlan } from './plan.js';
import { type BatchSink, RecordBatcher } from './record-batcher.js';

// The first hundred requests of a thread take five times as long as later ones, because their code is interpreted and
// compiled function by function.
const MAX_DURATION_NS = 40e6;
const REQUESTS = 200;
const IN_FLIGHT = 20;
const TOKENS = 16;
const CONVERSATIONS = 100;

/** A phase against a simulated server, with its environment. */
export interface Prewarm {
  readonly phase: PhasePlan;
  readonly environment: PhaseEnvironment;
}

/**
 * Runs requests in a load thread before its first real one, through all code except the kernel: nothing is sent or
 * recorded, and V8 compiles this code now rather than between two timestamps. Undefined for the undici transport.
 */
export function openPrewarm(
  plan: LoadPlan,
  endpoint: Endpoint,
  sink: BatchSink,
  nowNs: () => number,
): Prewarm | undefined {
  if (plan.transport !== 'http') return undefined;
  const answer = cannedReads(endpoint, plan.body.streaming);
  const connect = ({ onread }: TcpNetConnectOpts) => new CannedSocket(answer, onread);
  const dataset = {
    size: CONVERSATIONS,
    conversation: (index: number) => conversation(index, endpoint),
  };
  return {
    phase: {
      name: 'warmup',
      issuing: { kind: 'closed-loop', concurrency: { limit: IN_FLIGHT, rampNs: 0 } },
      requestLimit: REQUESTS,
      sessionLimit: REQUESTS,
      durationNs: MAX_DURATION_NS,
      graceNs: MAX_DURATION_NS,
      prefill: undefined,
      cancellation: undefined,
      expectedRequests: REQUESTS,
      concurrency: IN_FLIGHT,
    },
    environment: {
      conversations: new ConversationCache(dataset, REQUESTS),
      sample: (session) => session % dataset.size,
      targets: [{ protocol: 'http:', host: '127.0.0.1', port: 1, path: '/' }],
      transport: openHttpTransport({ ...plan.transportOptions, settlingMs: 0, nowNs, connect }),
      batcher: new RecordBatcher(sink, new RecordPacker('', true)),
      share: { thread: 0, threads: 1 },
    },
  };
}

function conversation(index: number, { cannedTexts, cannedMedia, cannedPayload }: Endpoint): Conversation {
  const turn = { role: 'user', texts: cannedTexts, model: 'prewarm', maxTokens: TOKENS };
  const media = cannedMedia?.map(({ kind, value }) => ({
    kind,
    name: '',
    value: () => value,
    seconds: () => undefined,
  }));
  return {
    sessionId: `prewarm-${index}`,
    turns: [
      {
        ...turn,
        ...(media && { media }),
        ...(cannedPayload && { payload: cannedPayload }),
        inputTokens: 8,
      },
    ],
    history: 'self-contained',
  };
}

/** The answer to every request, read by read. */
function cannedReads(endpoint: Endpoint, streaming: boolean): readonly Buffer[] {
  const pieces = endpoint.cannedAnswer(streaming, TOKENS).map((piece) => (streaming ? chunk(piece) : piece));
  const bytes = Buffer.byteLength(pieces.join(''));
  const framing = streaming
    ? 'Content-Type: text/event-stream\r\nTransfer-Encoding: chunked'
    : `Content-Type: application/json\r\nContent-Length: ${bytes}`;
  const [first = '', ...others] = streaming ? [...pieces.slice(0, -1), pieces.at(-1) + chunk('')] : pieces;
  const opening = `HTTP/1.1 200 OK\r\n${framing}\r\n\r\n${first}`;
  return [opening, ...others].map((read) => Buffer.from(read));
}

function chunk(data: string): string {
  return `${data.length.toString(16)}\r\n${data}\r\n`;
}

/** A connection without a peer that answers every request, with one read per turn of the event loop. */
class CannedSocket extends Socket {
  readonly #answer: readonly Buffer[];
  readonly #onread: TcpNetConnectOpts['onread'];

  constructor(answer: readonly Buffer[], onread: TcpNetConnectOpts['onread']) {
    super();
    this.#answer = answer;
    this.#onread = onread;
    setImmediate(() => this.emit('connect'));
  }

  override write(_data: unknown, encoding?: unknown, callback?: unknown): boolean {
    const written = typeof encoding === 'function' ? encoding : callback;
    // Only the last write of a request has a callback.
    if (typeof written !== 'function') return true;
    setImmediate(() => written());
    this.#readFrom(0);
    return true;
  }

  #readFrom(place: number): void {
    const read = this.#answer[place];
    const { buffer, callback } = this.#onread ?? {};
    if (read === undefined || !(buffer instanceof Uint8Array)) return;
    setImmediate(() => {
      buffer.set(read);
      callback?.(read.length, buffer);
      this.#readFrom(place + 1);
    });
  }
}
