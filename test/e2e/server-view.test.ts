import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { aiperf, type Options, profileWords, temporaryFolder, withTelemetry } from './aiperf.js';
import { type SimulatedServer, startSimulatedServer } from './simulated-server.js';

let server: SimulatedServer;
beforeAll(async () => {
  server = await startSimulatedServer({ ttft: 20, itl: 2 });
});
afterAll(() => server.close());

const load: Options = {
  ...withTelemetry,
  ...{ 'endpoint-type': 'chat', streaming: true, concurrency: 4, isl: 50, osl: 10 },
  ...{ 'extra-inputs': 'ignore_eos:true', tokenizer: 'builtin', 'random-seed': 1 },
};

async function profile(options: Options) {
  const folder = temporaryFolder();
  const words = profileWords({ model: 'm', url: server.url, 'artifact-dir': folder, ...load, ...options });
  return { folder, ...(await aiperf(words, { env: { COLUMNS: '400' } })) };
}

function summaryOf(folder: string) {
  return JSON.parse(readFileSync(join(folder, 'profile_export_aiperf.json'), 'utf8'));
}

it('the server’s counts are those of the measured phase, warm-up left out', async () => {
  const { code, folder, stdout } = await profile({ 'request-count': 12, 'warmup-request-count': 5 });
  expect(code).toBe(0);
  const summary = summaryOf(folder);
  const [view] = summary.server_view;
  expect(view).toMatchObject({
    ...{ server: 'vLLM', urls: [`${server.url}/metrics`] },
    requests_finished: { server: 12, client: 12 },
    generation_tokens: { server: 120, client: 120 },
    finished_by_reason: { length: 12 },
    ...{ preemptions: 0, unexplained: [] },
  });
  expect(view.prompt_tokens.server).toBe(summary.total_usage_prompt_tokens.avg);
  expect(view.time_to_first_token.server.avg).toBeGreaterThan(0);
  expect(stdout).toContain('AIPerf | Server-side view: vLLM at ');
  expect(stdout).toContain('Requests: vLLM finished 12: 12 of ours succeeded.');
});

it('requests that come from elsewhere are one warning with figures; drafts are shown', async () => {
  let requests = 0;
  const other = createServer((message, response) => {
    if (message.url === '/metrics') {
      // Another client sends six while ours sends.
      const finished = requests === 0 ? 100 : 106 + requests;
      const speculation = Object.entries({
        num_drafts: requests === 0 ? 100 : 140,
        num_draft_tokens: requests === 0 ? 300 : 420,
        num_accepted_tokens: requests === 0 ? 90 : 160,
      }).map(([name, value]) => [`spec_decode_${name}`, value] as const);
      const lines = [['request_success', finished] as const, ...speculation].map(
        ([name, value]) => `# TYPE vllm:${name}_total counter\nvllm:${name}_total ${value}\n`,
      );
      response.end(lines.join(''));
    } else if (message.url === '/version') response.end('{"version": "1.2.3"}');
    else if (message.method === 'GET') response.writeHead(404).end();
    else {
      requests++;
      message.resume();
      response.end('{"object": "chat.completion", "choices": [{"index": 0, "message": {"content": "a b"}}]}');
    }
  });
  other.listen(0, '127.0.0.1');
  await once(other, 'listening');
  onTestFinished(() => {
    other.close();
    other.closeAllConnections();
  });
  const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
  const { folder, stdout } = await profile({ url, 'request-count': 12 });
  const { server_view: views, server_settings: settings } = summaryOf(folder);
  expect(views[0].requests_finished).toEqual({ server: 18, client: 12 });
  // 40 drafts of 3 tokens, of which 70 were accepted.
  expect(views[0]).toMatchObject({ acceptance_length: 2.75, acceptance_rate: 70 / 120 });
  expect(stdout).toMatch(/│ Speculative acceptance length +│ +2\.75 │/);
  expect(stdout).toMatch(/│ Speculative acceptance rate +│ +58\.3 % │/);
  expect(settings).toEqual([
    { server: 'vLLM', url: `${url}/metrics`, settings: { '/version': { version: '1.2.3' } } },
  ]);
  expect(readFileSync(join(folder, 'logs/aiperf.log'), 'utf8')).toContain(
    'Requests: vLLM finished 18, and 12 of ours succeeded: at least 6 came from other clients during the run.',
  );
  const without = await profile({ url, 'request-count': 2, 'no-server-metrics': true });
  expect(summaryOf(without.folder).server_view).toBeUndefined();
  expect(without.stdout).not.toContain('Server-side view');
});
