import type { RequestRecord } from '../records/record.js';
import type { RecordMetric, Unit } from './metric.js';
import { perRequest } from './metric-rows.js';

type Wire = RequestRecord['wire'];

/** What happened on the wire, for valid requests whose sending was timed. */
export const httpMetrics: readonly RecordMetric[] = [
  http('blocked', 2000, 'HTTP Blocked', {
    formula: 'wait for a free connection; 0 without one',
    of: blocked,
  }),
  http('dns_lookup', 2010, 'HTTP DNS Lookup', {
    formula: 'name lookup; 0 for a reused connection or an address',
    of: dns,
  }),
  http('connecting', 2020, 'HTTP Connecting', {
    formula: 'TCP and TLS set-up; 0 for a reused connection',
    of: connecting,
  }),
  http('sending', 2030, 'HTTP Sending', {
    formula: 'begin to end of sending the request',
    of: sending,
  }),
  http('waiting', 2040, 'HTTP Waiting (TTFB)', {
    formula: 'end of sending to the first body bytes',
    of: waiting,
  }),
  http('receiving', 2050, 'HTTP Receiving', {
    formula: 'first to last body bytes',
    of: receiving,
  }),
  http('connection_reused', 2060, 'HTTP Connection Reused', {
    unit: 'ratio',
    formula: '1 if the connection was reused, else 0',
    of: (wire) => (wire.reused ? 1 : 0),
  }),
  http('data_sent', 2070, 'HTTP Data Sent', {
    unit: 'B',
    formula: 'body bytes sent',
    of: (wire) => wire.bytesSent,
  }),
  http('chunks_sent', 2080, 'HTTP Chunks Sent', {
    unit: 'count',
    formula: 'number of writes',
    of: (wire) => wire.writes,
  }),
  http('data_received', 2090, 'HTTP Data Received', {
    unit: 'B',
    formula: 'body bytes received',
    of: (wire) => wire.bytesReceived,
  }),
  http('chunks_received', 2100, 'HTTP Chunks Received', {
    unit: 'count',
    formula: 'number of reads',
    of: (wire) => wire.reads,
  }),
  http('connection_overhead', 2110, 'HTTP Connection Overhead', {
    formula: 'HTTP Blocked + HTTP DNS Lookup + HTTP Connecting',
    of: overhead,
  }),
  http('duration', 2120, 'HTTP Duration (excl. conn)', {
    formula: 'begin of sending to the last body bytes',
    of: (wire) => wire.lastBodyNs - wire.sendStartNs,
  }),
  http('total', 2130, 'HTTP Total Time', {
    formula: 'HTTP Connection Overhead + HTTP Sending + HTTP Waiting + HTTP Receiving',
    of: (wire) => overhead(wire) + sending(wire) + waiting(wire) + receiving(wire),
  }),
];

interface WireFigure {
  /** Times, unless noted. */
  readonly unit?: Unit;
  readonly formula: string;
  readonly of: (wire: Wire) => number;
}

function http(name: string, order: number, label: string, figure: WireFigure): RecordMetric {
  const { unit = 'ns', formula, of } = figure;
  return perRequest({
    tag: `http_req_${name}`,
    label,
    unit,
    displayUnit: unit === 'ns' ? 'ms' : unit === 'B' ? 'KB' : unit,
    integer: unit === 'count' || unit === 'ratio',
    table: 'http',
    order,
    formula,
    absent: 'not timed',
    compute: ({ record: { wire } }) => (Number.isNaN(wire.sendStartNs) ? undefined : of(wire)),
  });
}

function blocked(wire: Wire): number {
  return spanOrZero(wire.poolWaitStartNs, wire.poolWaitEndNs);
}
function dns(wire: Wire): number {
  return spanOrZero(wire.dnsStartNs, wire.dnsEndNs);
}
function connecting(wire: Wire): number {
  return spanOrZero(wire.connectStartNs, wire.connectEndNs);
}
function overhead(wire: Wire): number {
  return blocked(wire) + dns(wire) + connecting(wire);
}
function sending(wire: Wire): number {
  return wire.sendEndNs - wire.sendStartNs;
}
function waiting(wire: Wire): number {
  return wire.firstBodyNs - wire.sendEndNs;
}
function receiving(wire: Wire): number {
  return wire.lastBodyNs - wire.firstBodyNs;
}
function spanOrZero(fromNs: number, toNs: number): number {
  return Number.isNaN(toNs - fromNs) ? 0 : toNs - fromNs;
}
