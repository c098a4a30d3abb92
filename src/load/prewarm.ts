import { Socket, type TcpNetConnectOpts } from 'node:net';
import type { Conversation } from '../dataset/conversation.js';
import { RecordPacker } from '../records/pack.js';
import { openHttpTransport } from '../transport/http.js';
import type { JsonObject } from '../util/json.js';
import type { BatchSink } from './batch-sink.js';
import { ConversationCache } from './conversation-cache.js';
import { SharedCounters } from './counters.js';
import type { PhaseEnvironment } from './phase-environment.js';
import type { LoadPlan, PhasePlan } from './plan.js';
import { RecordBatcher } from './record-batcher.js';

// The first hundred requests of a thread take five times as long as the later ones: their code is interpreted, and
// each function on the way is compiled when it is first called.
const LONGEST_NS = 40e6;
const REQUESTS = 200;
const IN_FLIGHT = 20;
const TOKENS = 16;
const CONVERSATIONS = 100;

/** A phase before all others whose server is invented, on what it is played. */
export interface Prewarm {
  readonly phase: PhasePlan;
  readonly stage: PhaseEnvironment;
}

/**
 * Has a load thread play some requests before its first real one, through all that a request passes but the kernel:
 * nothing is sent, nothing is recorded, and V8 has compiled by then what it would else compile between stamps.
 * Undefined where the requests do not go through our own transport.
 */
export function openPrewarm(plan: LoadPlan, sink: BatchSink, nowNs: () => number): Prewarm | undefined {
  if (plan.transport !== 'http') return undefined;
  const answer = cannedAnswer(plan);
  const connect = ({ onread }: TcpNetConnectOpts) => new CannedSocket(answer, onread);
  const dataset = { size: CONVERSATIONS, conversation };
  return {
    phase: {
      name: 'warmup',
      issuing: { kind: 'closed-loop', concurrency: { limit: IN_FLIGHT, rampNs: 0 } },
      requestLimit: REQUESTS,
      sessionLimit: REQUESTS,
      durationNs: LONGEST_NS,
      graceNs: LONGEST_NS,
      prefill: undefined,
      cancellation: undefined,
      counters: new SharedCounters().buffer,
    },
    stage: {
      conversations: new ConversationCache(dataset, REQUESTS),
      sample: (session) => session % dataset.size,
      targets: [{ protocol: 'http:', host: '127.0.0.1', port: 1, path: '/' }],
      transport: openHttpTransport({ ...plan.transportOptions, settlingMs: 0, nowNs, connect }),
      batcher: new RecordBatcher(sink, new RecordPacker('', true)),
      share: { thread: 0, threads: 1 },
    },
  };
}

function conversation(index: number): Conversation {
  const contents = [`This is prewarmed, number ${index}.`];
  const turn = { role: 'user', texts: [{ name: 'text', contents }], model: 'prewarm', maxTokens: TOKENS };
  return {
    sessionId: `prewarm-${index}`,
    turns: [{ ...turn, inputTokens: 8 }],
    history: 'self-contained',
  };
}

/** Reads of one answer. */
type Canned = readonly Buffer[];

function cannedAnswer({ endpoint, body: { streaming } }: LoadPlan): Canned {
  const texts = ['first', ...Array.from({ length: TOKENS - 2 }, () => ' next')];
  const isChat = endpoint === 'chat';
  const object = isChat ? 'chat.completion' : 'text_completion';
  const said = (text: string) => (isChat ? { content: text } : text);
  if (!streaming) {
    const key = isChat ? 'message' : 'text';
    const body = unit(object, { [key]: said(texts.join('')), finish_reason: 'length' }, { usage });
    return [Buffer.from(`${head('application/json', `Content-Length: ${body.length}`)}${body}`)];
  }
  const key = isChat ? 'delta' : 'text';
  const piece = isChat ? `${object}.chunk` : object;
  const events = texts.map((text) => unit(piece, { [key]: said(text), finish_reason: null }));
  const last = unit(piece, { [key]: said(' last'), finish_reason: 'length' }, { usage });
  const end = chunk(`data: ${last}\n\ndata: [DONE]\n\n`) + chunk('');
  const [first = '', ...others] = events.map((event) => chunk(`data: ${event}\n\n`));
  const opening = head('text/event-stream', 'Transfer-Encoding: chunked');
  return [opening + first, ...others, end].map((read) => Buffer.from(read));
}

const usage = { prompt_tokens: 8, completion_tokens: TOKENS, total_tokens: 8 + TOKENS };

/** JSON of an answer, or of one piece of it, in the order in which servers put its members. */
function unit(object: string, choice: JsonObject, rest: JsonObject = {}): string {
  const name = { id: 'prewarm', object, created: 0, model: 'prewarm' };
  return JSON.stringify({ ...name, choices: [{ index: 0, ...choice }], ...rest });
}

function chunk(data: string): string {
  return `${data.length.toString(16)}\r\n${data}\r\n`;
}

function head(type: string, framing: string): string {
  return `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\n${framing}\r\n\r\n`;
}

/** A connection to nobody, which answers whatever is written, one read a turn of the event loop. */
class CannedSocket extends Socket {
  readonly #answer: Canned;
  readonly #onread: TcpNetConnectOpts['onread'];

  constructor(answer: Canned, onread: TcpNetConnectOpts['onread']) {
    super();
    this.#answer = answer;
    this.#onread = onread;
    setImmediate(() => this.emit('connect'));
  }

  override write(_data: unknown, _encoding: unknown, written?: unknown): boolean {
    if (typeof written === 'function') setImmediate(() => written());
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
