import { connect } from 'node:net';
import { endsStream, nowNs, startRun, writeStamps } from './answers.js';

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
const say = startRun();
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
        if (isStream && !endsStream(buffer, length)) return true;
        if (++finished === requests) end();
        else issue();
        return true;
      },
    },
  });
  socket.on('connect', issue);
}

/** Blank lines, which end events. None of the servers' events spans two reads of the loads that keep stamps. */
function eventsIn(length: number): number {
  const before = events;
  for (let at = 1; at < length; at++) if (buffer[at] === 10 && buffer[at - 1] === 10) events++;
  return events - before;
}

function end(): void {
  if (keepsStamps)
    writeStamps(
      stampFile,
      kept.map(([startNs = 0, ...eventNs]) => ({ dueNs: startNs, startNs, eventNs })),
    );
  say({ requests: finished, events, reads, connections });
}
