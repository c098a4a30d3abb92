import { isIP } from 'node:net';
import type { RequestRecord } from '../records/record.js';
import { type ClockOrigin, wallNs } from '../util/clock.js';

/**
 * The `trace_data` member of a record with its leading comma; empty for a record that kept no trace. Members of what
 * did not happen are left out. Request head and body leave in one write, so both were sent at the same time.
 */
export function traceMember(record: RequestRecord, origin: ClockOrigin): string {
  const { trace, wire, error } = record;
  if (trace === undefined) return '';
  const { response, ends } = trace;
  const at = (ns: number) => (Number.isNaN(ns) ? undefined : wallNs(origin, ns));
  const span = (fromNs: number, toNs: number) => {
    const ns = Math.round(toNs - fromNs);
    return Number.isNaN(ns) ? undefined : ns;
  };
  const isSent = !Number.isNaN(wire.sendStartNs);
  const hasBody = wire.reads > 0;
  const connects = !Number.isNaN(wire.connectStartNs);
  const looksUp = !Number.isNaN(wire.dnsStartNs);
  const members: readonly (readonly [string, bigint | number | string | object | undefined])[] = [
    ['trace_type', 'aiperf'],
    ['request_send_start_ns', at(wire.sendStartNs)],
    [
      'request_headers',
      { ...trace.requestHeaders, ...(isSent && { 'Content-Length': `${wire.bytesSent}` }) },
    ],
    ['request_headers_sent_ns', at(wire.sendEndNs)],
    ['request_chunks', []],
    ['request_send_end_ns', at(wire.sendEndNs)],
    ['request_chunks_count', isSent ? wire.writes : undefined],
    ['request_bytes_total', isSent ? wire.bytesSent : undefined],
    ['response_status_code', response?.status],
    ['response_reason', response?.reason],
    ['response_receive_start_ns', at(wire.firstBodyNs)],
    ['response_headers', response?.headers],
    ['response_headers_received_ns', at(wire.headNs)],
    ['response_chunks', []],
    ['response_chunks_count', hasBody ? wire.reads : undefined],
    ['response_bytes_total', hasBody ? wire.bytesReceived : undefined],
    ['response_receive_end_ns', at(wire.lastBodyNs)],
    ['connection_pool_wait_start_ns', at(wire.poolWaitStartNs)],
    ['connection_pool_wait_end_ns', at(wire.poolWaitEndNs)],
    ['tcp_connect_start_ns', at(wire.connectStartNs)],
    ['tcp_connect_end_ns', at(wire.connectEndNs)],
    ['connection_reused_ns', wire.reused ? at(wire.sendStartNs) : undefined],
    ['dns_lookup_start_ns', at(wire.dnsStartNs)],
    ['dns_lookup_end_ns', at(wire.dnsEndNs)],
    [
      'dns_cache_hit_ns',
      connects && !looksUp && isIP(trace.host) === 0 ? at(wire.connectStartNs) : undefined,
    ],
    ['dns_cache_miss_ns', at(wire.dnsStartNs)],
    // Failures reported by the server, and those caused by this client, have a code.
    ['error_timestamp_ns', error !== undefined && error.code === undefined ? at(record.endNs) : undefined],
    ['local_ip', ends?.localIp],
    ['local_port', ends?.localPort],
    ['remote_ip', ends?.remoteIp],
    ['remote_port', ends?.remotePort],
    ['sending_ns', span(wire.sendStartNs, wire.sendEndNs)],
    ['waiting_ns', span(wire.sendEndNs, wire.firstBodyNs)],
    ['receiving_ns', span(wire.firstBodyNs, wire.lastBodyNs)],
    ['duration_ns', span(wire.sendStartNs, wire.lastBodyNs)],
    ['blocked_ns', span(wire.poolWaitStartNs, wire.poolWaitEndNs)],
    ['dns_lookup_ns', span(wire.dnsStartNs, wire.dnsEndNs)],
    ['connecting_ns', span(wire.connectStartNs, wire.connectEndNs)],
  ];
  const shown = members.flatMap(([key, value]) =>
    value === undefined ? [] : [`"${key}":${typeof value === 'bigint' ? value : JSON.stringify(value)}`],
  );
  return `,"trace_data":{${shown.join(',')}}`;
}
