import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { startScriptedServer, streamTokens } from './scripted-server.js';
import { smallRun } from './small-run.js';

async function server() {
  const started = await startScriptedServer((_request, response) => streamTokens(response, ['x', ' y']));
  onTestFinished(() => started.close());
  return started;
}

function summaryOf(folder: string) {
  return JSON.parse(readFileSync(join(folder, 'profile_export_aiperf.json'), 'utf8'));
}

it('a round-trip time that is given is taken off each latency, down to zero', async () => {
  const { url } = await server();
  const { code, folder, stdout } = await smallRun({
    ...{ url, 'request-count': 3, streaming: true, 'network-latency-mean': 3_600_000 },
  });
  expect(code).toBe(0);
  const summary = summaryOf(folder);
  const { unit, avg, p99, std, count } = summary.network_rtt;
  expect([unit, avg, p99, std, count]).toEqual(['ms', 3_600_000, 3_600_000, 0, undefined]);
  expect(summary.network_adjusted_time_to_first_token.max).toBe(0);
  expect(stdout).toContain('Network RTT (ms)');
});

it('connects are measured beside the load, and each is a line', async () => {
  const { url, port } = await server();
  const { code, folder } = await smallRun({
    ...{ url, 'request-count': 3, streaming: true },
    ...{ 'network-latency-automatic': true, 'network-latency-ping-interval': 0.05 },
  });
  expect(code).toBe(0);
  const lines = readFileSync(join(folder, 'profile_export_network_latency.jsonl'), 'utf8')
    .trimEnd()
    .split('\n');
  const probes = lines.map((line) => JSON.parse(line));
  expect(Object.keys(probes[0])).toEqual([
    ...['timestamp_ns', 'target_url', 'target_host', 'target_port', 'probe_type', 'rtt_ns', 'success'],
  ]);
  expect(probes[0]).toMatchObject({
    ...{ target_url: url, target_host: '127.0.0.1', target_port: port },
    ...{ probe_type: 'tcp_connect', success: true },
  });
  const mean = probes.reduce((sum, { rtt_ns }) => sum + rtt_ns, 0) / probes.length / 1e6;
  const { network_rtt, request_latency, network_adjusted_request_latency } = summaryOf(folder);
  expect(network_rtt.avg).toBeCloseTo(mean, 9);
  if (request_latency.min > mean)
    expect(network_adjusted_request_latency.avg).toBeCloseTo(request_latency.avg - mean, 6);
  expect(network_adjusted_request_latency.count).toBe(3);
});
