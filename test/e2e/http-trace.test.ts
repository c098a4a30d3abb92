import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MockServer, startMockServer } from '../../src/mock-server/server.js';
import { aiperf, profileWords, readRecords, temporaryFolder } from './aiperf.js';

describe.each(['http', 'undici'])('the HTTP trace of a run over %s', (transport) => {
  let server: MockServer;
  beforeAll(async () => {
    server = await startMockServer({ port: 0, ttftMs: 20, itlMs: 5, fail: 4, outputTokens: 4 });
  });
  afterAll(() => server.close());
  const run = (options: Parameters<typeof profileWords>[0]) =>
    aiperf(
      profileWords({
        ...{ model: 'm', tokenizer: 'builtin', url: `http://127.0.0.1:${server.port}`, streaming: true },
        ...{ transport, concurrency: 2, 'request-count': 8, isl: 20, osl: 4, ...options },
      }),
    );

  it('stands in every record, with its times in order, and agrees with the metrics', async () => {
    const folder = temporaryFolder();
    const { code, stdout } = await run({
      ...{ 'artifact-dir': folder, 'api-key': 'sesame' },
      ...{ 'export-http-trace': true, 'show-trace-timing': true },
    });
    expect(code).toBe(0);
    expect(stdout).toMatch(/AIPerf \| HTTP Trace Timing[\s\S]*HTTP Waiting \(TTFB\) \(ms\)/);
    const records = readRecords(join(folder, 'profile_export.jsonl'));
    expect(records).toHaveLength(8);
    for (const { ns, metrics, error, text } of records) {
      const trace = JSON.parse(text).trace_data;
      expect(trace).toMatchObject({
        ...{ trace_type: 'aiperf', response_status_code: error === undefined ? 200 : 400 },
        ...{ remote_ip: '127.0.0.1', remote_port: server.port, request_chunks: [], response_chunks: [] },
        request_headers: { Host: `127.0.0.1:${server.port}`, Authorization: '<redacted>' },
        response_headers: {
          'content-type': error === undefined ? 'text/event-stream; charset=utf-8' : 'application/json',
        },
      });
      const inOrder = ['request_start_ns', 'request_send_start_ns', 'request_send_end_ns'].concat([
        'response_headers_received_ns',
        'response_receive_start_ns',
        'response_receive_end_ns',
      ]);
      const times = inOrder.map((key) => ns(key));
      expect(times).toEqual([...times].sort((a, b) => Number(a - b)));
      if (error !== undefined) continue;
      for (const name of ['sending', 'waiting', 'receiving', 'duration']) {
        expect(metrics[`http_req_${name}`]?.value).toBeCloseTo(trace[`${name}_ns`] / 1e6, 9);
      }
      expect('connection_reused_ns' in trace).toBe(metrics.http_req_connection_reused?.value === 1);
      expect('tcp_connect_end_ns' in trace).toBe(metrics.http_req_connection_reused?.value === 0);
    }
    expect(records.filter(({ error }) => error !== undefined)).toHaveLength(2);
    expect(records.map(({ text }) => text).join('')).not.toContain('sesame');
  });

  it('is not there without its option', async () => {
    const folder = temporaryFolder();
    const { code, stdout } = await run({ 'artifact-dir': folder });
    expect(code).toBe(0);
    expect(stdout).not.toContain('HTTP Trace Timing');
    for (const { text } of readRecords(join(folder, 'profile_export.jsonl')))
      expect(text).not.toContain('trace_data');
  });
});
