import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { readRecords } from './aiperf.js';
import { profileHere } from './built-main.js';
import { startScriptedServer } from './scripted-server.js';

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
  const { code, folder, stdout, stderr } = await profileHere({
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
  const { code, folder } = await profileHere({
    ...{ url, 'request-count': 20, 'failed-request-threshold': 0.5 },
  });
  expect(code).toBe(0);
  expect(readRecords(join(folder, 'profile_export.jsonl'))).toHaveLength(20);
});
