import { expect, test } from 'vitest';
import { traceMember } from '../../src/export/http-trace.js';
import type { HttpTrace } from '../../src/records/record.js';
import { WireTimes } from '../../src/transport/transport.js';
import { aRecord, ms, origin } from '../metrics/records.js';

const trace: HttpTrace = {
  host: 'server.test',
  requestHeaders: { Host: 'server.test:80', Authorization: '<redacted>' },
  response: { status: 200, reason: 'OK', headers: { 'content-type': 'text/event-stream' } },
  ends: { localIp: '10.0.0.1', localPort: 50_000, remoteIp: '10.0.0.2', remotePort: 80 },
};

/** Looked up from 1 to 3 ms, connected from 3 to 5, sent until 6; head at 8, body from 9 to 20. */
const wire = Object.assign(new WireTimes(), {
  ...{ dnsStartNs: ms(1), dnsEndNs: ms(3), connectStartNs: ms(3), connectEndNs: ms(5) },
  ...{ sendStartNs: ms(5), sendEndNs: ms(6), headNs: ms(8), firstBodyNs: ms(9), lastBodyNs: ms(20) },
  ...{ bytesSent: 100, writes: 1, bytesReceived: 300, reads: 4 },
});

test('everything that happened, in the order of the contract, as exact epochs', () => {
  expect(traceMember(aRecord({ wire, trace }), origin)).toBe(
    ',"trace_data":{"trace_type":"aiperf","request_send_start_ns":1767225600005000000,' +
      '"request_headers":{"Host":"server.test:80","Authorization":"<redacted>","Content-Length":"100"},' +
      '"request_headers_sent_ns":1767225600006000000,"request_chunks":[],' +
      '"request_send_end_ns":1767225600006000000,"request_chunks_count":1,"request_bytes_total":100,' +
      '"response_status_code":200,"response_reason":"OK","response_receive_start_ns":1767225600009000000,' +
      '"response_headers":{"content-type":"text/event-stream"},' +
      '"response_headers_received_ns":1767225600008000000,"response_chunks":[],"response_chunks_count":4,' +
      '"response_bytes_total":300,"response_receive_end_ns":1767225600020000000,' +
      '"tcp_connect_start_ns":1767225600003000000,"tcp_connect_end_ns":1767225600005000000,' +
      '"dns_lookup_start_ns":1767225600001000000,"dns_lookup_end_ns":1767225600003000000,' +
      '"dns_cache_miss_ns":1767225600001000000,"local_ip":"10.0.0.1","local_port":50000,' +
      '"remote_ip":"10.0.0.2","remote_port":80,"sending_ns":1000000,"waiting_ns":3000000,' +
      '"receiving_ns":11000000,"duration_ns":15000000,"dns_lookup_ns":2000000,"connecting_ns":2000000}',
  );
});

const membersOf = (changes: Parameters<typeof aRecord>[0]) =>
  JSON.parse(`{${traceMember(aRecord({ trace, ...changes }), origin).slice(1)}}`).trace_data;

test('a connection used again after a wait: neither looked up nor connected', () => {
  const waited = Object.assign(new WireTimes(), {
    ...{ poolWaitStartNs: 0, poolWaitEndNs: ms(4), sendStartNs: ms(4), sendEndNs: ms(5), reused: true },
  });
  const members = membersOf({ wire: waited });
  expect(members).toMatchObject({ blocked_ns: 4_000_000 });
  const keys = Object.keys(members).filter((key) => /dns|tcp|pool|reused/.test(key));
  expect(keys).toEqual([
    'connection_pool_wait_start_ns',
    'connection_pool_wait_end_ns',
    'connection_reused_ns',
  ]);
});

test('a name that was known already is a hit of the cache; an address is none', () => {
  const known = Object.assign(new WireTimes(), { connectStartNs: ms(1), connectEndNs: ms(2) });
  expect(membersOf({ wire: known })).toHaveProperty('dns_cache_hit_ns');
  for (const host of ['127.0.0.1', '::1']) {
    expect(membersOf({ wire: known, trace: { ...trace, host } })).not.toHaveProperty('dns_cache_hit_ns');
  }
});

test('a connection that failed: when, and nothing of what did not happen', () => {
  const failed = Object.assign(new WireTimes(), { connectStartNs: ms(1) });
  const { response, ends, ...sent } = trace;
  const error = { type: 'ClientConnectorError', message: 'refused' };
  const members = membersOf({ wire: failed, trace: sent, error, endNs: ms(2) });
  expect(Object.keys(members)).toEqual([
    'trace_type',
    'request_headers',
    'request_chunks',
    'response_chunks',
    'tcp_connect_start_ns',
    'dns_cache_hit_ns',
    'error_timestamp_ns',
  ]);
  expect(members.request_headers).toEqual(sent.requestHeaders);
});

test('a record without a trace has no such member', () => {
  expect(traceMember(aRecord({ wire }), origin)).toBe('');
});
