import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { readRecords } from './aiperf.js';
import { startScriptedServer } from './scripted-server.js';
import { smallRun } from './small-run.js';

/** A chat server that refuses every n-th request. */
async function server(every: number) {
  const started = await startScriptedServer((_request, response, number) => {
    response.writeHead(number % every === 0 ? 400 : 200, { 'content-type': 'application/json' });
    const choices = [{ index: 0, message: { content: 'x' }, finish_reason: 'stop' }];
    response.end(
      JSON.stringify(number % every === 0 ? { error: 'no' } : { object: 'chat.completion', choices }),
    );
  });
  onTestFinished(() => started.close());
  return started;
}

it('more failures than the threshold end the run after 10 requests, with what was measured', async () => {
  const { url, seen } = await server(2);
  const { code, folder, stdout, stderr } = await smallRun({
    ...{ url, 'request-count': 40, 'failed-request-threshold': 0.3 },
  });
  expect(code).toBe(3);
  expect(seen).toHaveLength(10);
  expect(readRecords(join(folder, 'profile_export.jsonl'))).toHaveLength(10);
  const summary = JSON.parse(readFileSync(join(folder, 'profile_export_aiperf.json'), 'utf8'));
  expect([summary.was_cancelled, summary.request_count.avg, summary.error_request_count.avg]).toEqual([
    true,
    5,
    5,
  ]);
  expect(stdout).toContain('INCOMPLETE RESULTS');
  expect(stderr).toContain('more requests failed than --failed-request-threshold allows');
});

it('a share that is not above the threshold does not end it', async () => {
  const { url } = await server(2);
  const { code, folder } = await smallRun({
    ...{ url, 'request-count': 20, 'failed-request-threshold': 0.5 },
  });
  expect(code).toBe(0);
  expect(readRecords(join(folder, 'profile_export.jsonl'))).toHaveLength(20);
});

it('outputs.json holds every response by number, a failed one without text', async () => {
  const { url } = await server(3);
  const { code, folder, stdout } = await smallRun({
    url,
    'request-count': 3,
    'export-outputs-json': true,
  });
  expect(code).toBe(0);
  const path = join(folder, 'outputs.json');
  expect(stdout).toContain(`Outputs Export: ${path}`);
  const { schema_version, data } = JSON.parse(readFileSync(path, 'utf8'));
  const lines = readRecords(join(folder, 'profile_export.jsonl'));
  expect(schema_version).toBe('1.0');
  for (const [i, item] of data.entries()) {
    const { metadata, metrics } = lines[i] ?? {};
    expect(item.session_num).toBe(i);
    expect(item.x_request_id).toBe(metadata?.x_request_id);
    expect(item.response_text).toBe(i === 2 ? null : 'x');
    expect(item.metrics.request_latency).toBe(metrics?.request_latency?.value);
  }
  expect(data).toHaveLength(3);
  expect(data[2].metrics).toEqual({});
});
