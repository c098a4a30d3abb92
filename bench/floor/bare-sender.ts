import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { endsStream, nowNs, startRun, type Times, writeStamps } from './answers.js';

// Runs as a process of its own: bare-sender.js PORT SCHEDULE_FILE STAMP_FILE
// An open loop on node:net: bodies are ready before the first is due, and each is written at its time. Answers are only
// searched for their end, which frees the connection. The schedule is a JSON list of `ScheduledSend`.

/** A streamed chat request of a schedule. */
export interface ScheduledSend {
  /** From the start of the schedule. */
  readonly dueMs: number;
  readonly bodyBytes: number;
  readonly outputTokens: number;
}

const [port = '', scheduleFile = '', stampFile = ''] = process.argv.slice(2);
const schedule: ScheduledSend[] = JSON.parse(readFileSync(scheduleFile, 'utf8'));
const requests = schedule.map(requestOf);
const buffer = Buffer.allocUnsafeSlow(65_536);
const idle = new Set<Socket>();
const sent: Times[] = [];
/** A timer may fire a millisecond late: what is left of the wait is polled. */
const GUARD_MS = 1.1;
const LEAD_MS = 300;
const say = startRun();
const zeroNs = nowNs() + LEAD_MS * 1e6;
let connections = 0;
let finished = 0;
let reads = 0;

wait();

function requestOf({ bodyBytes, outputTokens }: ScheduledSend): Buffer {
  const body = (content: string) =>
    JSON.stringify({
      messages: [{ role: 'user', content }],
      model: 'mock',
      stream: true,
      max_completion_tokens: outputTokens,
    });
  const text = body('word '.repeat(bodyBytes / 5).slice(0, bodyBytes - body('').length));
  return Buffer.from(
    `POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
    'latin1',
  );
}

/** When the next request is due, by the clock of the stamps; undefined behind the last. */
function nextDueNs(): number | undefined {
  const next = schedule[sent.length];
  return next && zeroNs + next.dueMs * 1e6;
}

function wait(): void {
  const dueNs = nextDueNs();
  if (dueNs === undefined) return;
  const sleepMs = Math.floor((dueNs - nowNs()) / 1e6 - GUARD_MS);
  if (sleepMs >= 1) setTimeout(sendDue, sleepMs);
  else setImmediate(sendDue);
}

function sendDue(): void {
  for (let dueNs = nextDueNs(); dueNs !== undefined; dueNs = nextDueNs()) {
    const startNs = nowNs();
    if (dueNs > startNs) break;
    const bytes = requests[sent.length] ?? '';
    sent.push({ dueNs, startNs, eventNs: [] });
    const [socket] = idle;
    if (socket === undefined) open(bytes);
    else {
      idle.delete(socket);
      socket.write(bytes);
    }
  }
  wait();
}

function open(bytes: Buffer | string): void {
  connections++;
  const socket = connect({
    port: Number(port),
    host: '127.0.0.1',
    noDelay: true,
    onread: {
      buffer,
      callback: (length) => {
        reads++;
        if (!endsStream(buffer, length)) return true;
        idle.add(socket);
        if (++finished === schedule.length) end();
        return true;
      },
    },
  });
  socket.on('close', () => idle.delete(socket));
  socket.on('connect', () => socket.write(bytes));
}

function end(): void {
  writeStamps(stampFile, sent);
  say({ requests: finished, events: 0, reads, connections });
}
