import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';

// Runs as a process of its own: bare-reader.js PORT CONNECTIONS REQUESTS BODY STAMP_FILE|-
// A closed loop on node:net that stamps each read and looks for the end of the answer in its last bytes, no more.
// With a STAMP_FILE it also counts the events of each read, and writes the same file as the C sink.

const [port = 0, connections = 1, requests = 1] = process.argv.slice(2, 5).map(Number);
const [body = '', stampFile = '-'] = process.argv.slice(5);
const keepsStamps = stampFile !== '-';
const head = `POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`;
const isStream = body.includes('"stream":true');
const buffer = Buffer.allocUnsafeSlow(65_536);
const stamps = new Float64Array(1024);
/** Of each request: its start, then its events. */
const kept: number[][] = [];
const beganNs = process.hrtime.bigint();
const before = process.cpuUsage();
let issued = 0;
let finished = 0;
let reads = 0;
let events = 0;

for (let at = 0; at < connections; at++) open();

function open(): void {
  let times: number[] = [];
  const issue = () => {
    if (issued === requests) {
      socket.destroy();
      return;
    }
    times = [nowNs()];
    if (keepsStamps) kept.push(times);
    socket.write(`${head}X-Request-ID: ${issued++}\r\n\r\n${body}`, 'latin1');
  };
  const socket = connect({
    port,
    host: '127.0.0.1',
    noDelay: true,
    onread: {
      buffer,
      callback: (length) => {
        const atNs = nowNs();
        stamps[reads++ & 1023] = atNs;
        if (keepsStamps) {
          const count = eventsIn(length);
          for (let event = 0; event < count; event++) times.push(atNs);
        }
        if (isStream && !endsStream(length)) return true;
        if (++finished === requests) say();
        else issue();
        return true;
      },
    },
  });
  socket.on('connect', issue);
}

function nowNs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e9 + nanoseconds;
}

/** Blank lines, which end events. None of the servers' events spans two reads of the loads that keep stamps. */
function eventsIn(length: number): number {
  const before = events;
  for (let at = 1; at < length; at++) if (buffer[at] === 10 && buffer[at - 1] === 10) events++;
  return events - before;
}

/** `0 CR LF CR LF` behind a line. */
function endsStream(length: number): boolean {
  return (
    length >= 5 &&
    buffer[length - 1] === 10 &&
    buffer[length - 3] === 10 &&
    buffer[length - 5] === 48 &&
    (length === 5 || buffer[length - 6] === 10)
  );
}

function say(): void {
  const { user, system } = process.cpuUsage(before);
  const wallSeconds = Number(process.hrtime.bigint() - beganNs) / 1e9;
  const peakMb = process.resourceUsage().maxRSS / 1024;
  if (keepsStamps) writeStamps();
  const facts = {
    requests: finished,
    events,
    reads,
    errors: 0,
    wallSeconds,
    cpuSeconds: (user + system) / 1e6,
    peakMb,
    connections,
  };
  process.stdout.write(`${JSON.stringify(facts)}\n`, () => process.exit(0));
}

function writeStamps(): void {
  const numbers = kept.flatMap(([startNs = 0, ...eventNs], request) => [
    request,
    startNs,
    startNs,
    eventNs.length,
    ...eventNs,
  ]);
  writeFileSync(stampFile, new Uint8Array(Float64Array.from(numbers).buffer));
}
