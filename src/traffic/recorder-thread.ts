import { parentPort, workerData } from 'node:worker_threads';
import { writeLines } from '../trace/write-lines.js';
import { codingsOf, decodeBody } from '../transport/content-coding.js';
import { UserError } from '../util/errors.js';
import { objectIn } from '../util/json.js';
import { yieldToLoadThreads } from '../util/priority.js';
import { answeredBody } from './answered.js';
import { type Asked, askedIn } from './asked.js';
import { returnBytes } from './proxy/budget.js';
import type { RecordedExchange } from './proxy/exchange.js';
import {
  bytesOf,
  type ReadCounts,
  type RecorderMessage,
  type RecorderReply,
  type RecorderStart,
} from './recorder.js';
import { emptySize, type TraceForm, traceRows } from './trace-rows.js';
import { type Answered, TrafficLog } from './traffic-log.js';

// The thread of `Recorder`: makes facts of the exchanges that it is sent, and a trace of the facts at the end.

// The thread of the proxy comes first, as load threads do.
yieldToLoadThreads();

const { source, blockSize, returned }: RecorderStart = workerData;
const log = new TrafficLog(source, blockSize);
const counts: ReadCounts = { recorded: 0, aborted: 0, failed: 0, other: 0 };
/** Nothing more can be kept, such as on a full disk. */
let isFailed = false;

parentPort?.on('message', (message: RecorderMessage) => {
  if (message.kind === 'exchange') {
    take(message.exchange);
  } else {
    finish(message.output, message.form).then(
      (reply) => parentPort?.postMessage(reply),
      (thrown: unknown) => parentPort?.postMessage(errorReply(thrown)),
    );
  }
});

function take(exchange: RecordedExchange): void {
  // Counted before its bodies are read, which may end in an error.
  const bytes = bytesOf(exchange);
  try {
    if (!isFailed) counts[record(exchange)]++;
  } catch (thrown) {
    if (thrown instanceof UserError) {
      isFailed = true;
      parentPort?.postMessage(errorReply(thrown));
    }
    // Anything else is about this body: it is none that could be read. The reason may quote it.
    counts.other++;
  } finally {
    returnBytes(returned, bytes);
  }
}

function record(exchange: RecordedExchange): 'recorded' | 'failed' | 'other' {
  const { target, end, status, atMs, endMs } = exchange;
  const body = objectIn(decoded(exchange.request, exchange.requestEncoding).toString());
  const asked = body && askedIn(body, target);
  if (asked === undefined) return 'other';
  const answered = status >= 400 ? undefined : answeredOf(exchange, asked);
  if (answered === undefined) return 'failed';
  log.add({ asked, answered, atMs, endMs });
  if (end === 'aborted') counts.aborted++;
  return 'recorded';
}

/** Of a request that its client left: what came until then. */
function answeredOf(exchange: RecordedExchange, asked: Asked): Answered | undefined {
  const { end, response, responseEncoding } = exchange;
  if (end === 'broken') return undefined;
  const answered = answeredBody(asked.api, decoded(response, responseEncoding));
  return answered ?? (end === 'aborted' ? { tokens: undefined, text: '' } : undefined);
}

function decoded(pieces: readonly Uint8Array[], encoding: string): Buffer {
  const body = Buffer.concat(pieces);
  return decodeBody(body, codingsOf(encoding, body), MAX_DECODED_BYTES);
}

/** Of one body after decompression. */
const MAX_DECODED_BYTES = 2 ** 28;

async function finish(output: string, form: TraceForm): Promise<RecorderReply> {
  const size = emptySize();
  if (log.facts.size > 0) await writeLines(output, traceRows(log, form, size));
  const { refusedChats, hasTemplate, unanswered } = log;
  return { counts, size, notes: { refusedChats, hasTemplate, unanswered } };
}

function errorReply(thrown: unknown): RecorderReply {
  const isKnown = thrown instanceof UserError;
  return {
    error: isKnown ? thrown.message : 'the trace cannot be written',
    hint: isKnown ? thrown.hint : undefined,
  };
}
