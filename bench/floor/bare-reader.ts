import { connect } from 'node:net';

// Runs as a process of its own: bare-reader.js PORT CONNECTIONS REQUESTS BODY
// A closed loop on node:net that stamps each read and looks for the end of the answer in its last bytes, no more.

const [port = 0, connections = 1, requests = 1] = process.argv.slice(2, 5).map(Number);
const body = process.argv[5] ?? '';
const request = `POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
const isStream = body.includes('"stream":true');
const buffer = Buffer.allocUnsafeSlow(65_536);
const stamps = new Float64Array(1024);
const beganNs = process.hrtime.bigint();
const before = process.cpuUsage();
let issued = 0;
let finished = 0;
let reads = 0;

for (let at = 0; at < connections; at++) open();

function open(): void {
  const issue = () => {
    if (issued === requests) {
      socket.destroy();
      return;
    }
    issued++;
    socket.write(request, 'latin1');
  };
  const socket = connect({
    port,
    host: '127.0.0.1',
    noDelay: true,
    onread: {
      buffer,
      callback: (length) => {
        const now = process.hrtime();
        stamps[reads++ & 1023] = now[0] * 1e9 + now[1];
        if (isStream && !endsStream(length)) return true;
        if (++finished === requests) say();
        else issue();
        return true;
      },
    },
  });
  socket.on('connect', issue);
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
  const facts = {
    requests: finished,
    events: 0,
    reads,
    errors: 0,
    wallSeconds,
    cpuSeconds: (user + system) / 1e6,
    peakMb,
    connections,
  };
  process.stdout.write(`${JSON.stringify(facts)}\n`, () => process.exit(0));
}
