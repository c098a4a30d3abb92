import type { WireTimes } from '../transport/transport.js';
import { perRequest, type RecordMetric, type Unit } from './metric.js';

/** What happened on the wire, for valid requests whose sending was timed. */
export const httpMetrics: readonly RecordMetric[] = [
  http('blocked', 'HTTP Blocked', 2000, 'wait for a free connection; 0 without one', blocked),
  http('dns_lookup', 'HTTP DNS Lookup', 2010, 'name lookup; 0 for a reused connection or an address', dns),
  http('connecting', 'HTTP Connecting', 2020, 'TCP and TLS set-up; 0 for a reused connection', connecting),
  http('sending', 'HTTP Sending', 2030, 'begin to end of sending the request', sending),
  http('waiting', 'HTTP Waiting (TTFB)', 2040, 'end of sending to the first body bytes', waiting),
  http('receiving', 'HTTP Receiving', 2050, 'first to last body bytes', receiving),
  http(
    'connection_reused',
    'HTTP Connection Reused',
    2060,
    '1 if the connection was reused, else 0',
    (wire) => (wire.reused ? 1 : 0),
    'ratio',
  ),
  http('data_sent', 'HTTP Data Sent', 2070, 'body bytes sent', (wire) => wire.bytesSent, 'B'),
  http('chunks_sent', 'HTTP Chunks Sent', 2080, 'number of writes', (wire) => wire.writes, 'count'),
  http('data_received', 'HTTP Data Received', 2090, 'body bytes received', (wire) => wire.bytesReceived, 'B'),
  http('chunks_received', 'HTTP Chunks Received', 2100, 'number of reads', (wire) => wire.reads, 'count'),
  http(
    'connection_overhead',
    'HTTP Connection Overhead',
    2110,
    'HTTP Blocked + HTTP DNS Lookup + HTTP Connecting',
    overhead,
  ),
  http(
    'duration',
    'HTTP Duration (excl. conn)',
    2120,
    'begin of sending to the last body bytes',
    (wire) => wire.lastBodyNs - wire.sendStartNs,
  ),
  http(
    'total',
    'HTTP Total Time',
    2130,
    'HTTP Connection Overhead + HTTP Sending + HTTP Waiting + HTTP Receiving',
    (wire) => overhead(wire) + sending(wire) + waiting(wire) + receiving(wire),
  ),
];

function http(
  name: string,
  label: string,
  order: number,
  formula: string,
  of: (wire: WireTimes) => number,
  unit: Unit = 'ns',
): RecordMetric {
  return perRequest({
    tag: `http_req_${name}`,
    label,
    unit,
    shownIn: unit === 'ns' ? 'ms' : unit === 'B' ? 'KB' : unit,
    whole: unit === 'count' || unit === 'ratio',
    table: 'http',
    order,
    formula,
    absent: 'not timed',
    of: ({ record: { wire } }) => (Number.isNaN(wire.sendStartNs) ? undefined : of(wire)),
  });
}

function blocked(wire: WireTimes): number {
  return spanOrZero(wire.poolWaitStartNs, wire.poolWaitEndNs);
}
function dns(wire: WireTimes): number {
  return spanOrZero(wire.dnsStartNs, wire.dnsEndNs);
}
function connecting(wire: WireTimes): number {
  return spanOrZero(wire.connectStartNs, wire.connectEndNs);
}
function overhead(wire: WireTimes): number {
  return blocked(wire) + dns(wire) + connecting(wire);
}
function sending(wire: WireTimes): number {
  return wire.sendEndNs - wire.sendStartNs;
}
function waiting(wire: WireTimes): number {
  return wire.firstBodyNs - wire.sendEndNs;
}
function receiving(wire: WireTimes): number {
  return wire.lastBodyNs - wire.firstBodyNs;
}
function spanOrZero(fromNs: number, toNs: number): number {
  return Number.isNaN(toNs - fromNs) ? 0 : toNs - fromNs;
}
