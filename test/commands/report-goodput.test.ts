import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MockServer, startMockServer } from '../../src/mock-server/server.js';
import { aiperf, panelText, profileWords, readJson, readRecords, temporaryFolder } from '../e2e/aiperf.js';
import { goldenIsThere } from '../metrics/golden.js';

const noServer = ['--model', 'm', '--tokenizer', 'builtin', '--url', 'http://127.0.0.1:9', '--streaming'];

async function refused(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await aiperf(args);
  expect([code, stdout]).toEqual([1, '']);
  return panelText(stderr);
}

describe('objectives that cannot be judged are refused before anything is sent', () => {
  it('every one is named, with the one that was meant', async () => {
    const goodput = 'tfft:100 request_latncy:5 output_token_throughput:9 error_isl:1 request_latency:9 zzz:1';
    expect(await refused(['profile', ...noServer, '--goodput', goodput])).toBe(
      '--goodput: tfft is not a metric. Did you mean time_to_first_token? ' +
        '--goodput: request_latncy is not a metric. Did you mean request_latency? ' +
        '--goodput: output_token_throughput does not have one value for each request, so no request can be held ' +
        'against it. Did you mean output_token_throughput_per_user? ' +
        '--goodput: error_isl is a metric of failed requests, which are never good. ' +
        '--goodput: zzz is not a metric.',
    );
  });

  it('a streaming metric without --streaming, and our counts beside those of the server', async () => {
    const goodput = 'time_to_first_token:100 usage_prompt_tokens_diff_pct:5 request_latency:5';
    const args = ['profile', ...noServer.slice(0, -1), '--use-server-token-count', '--goodput', goodput];
    expect(await refused(args)).toBe(
      '--goodput: time_to_first_token needs --streaming. --goodput: usage_prompt_tokens_diff_pct needs the ' +
        "client's token counts, which --use-server-token-count turns off.",
    );
  });
});

describe('a run with objectives', () => {
  let server: MockServer;
  let folder: string;
  let stdout: string;
  beforeAll(async () => {
    server = await startMockServer({
      port: 0,
      ttftMs: 10,
      itlMs: 2,
      itlJitter: 0.5,
      fail: 10,
      outputTokens: 8,
    });
    folder = temporaryFolder();
    const run = await aiperf(
      profileWords({
        ...{ model: 'm', tokenizer: 'builtin', url: `http://127.0.0.1:${server.port}`, streaming: true },
        ...{ concurrency: 4, 'request-count': 40, isl: 20, osl: 8, 'artifact-dir': folder },
        // All answers come later than 10 ms, and none has a million tokens a second.
        goodput: 'time_to_first_token:10000 request_latency:20000 e2e_output_token_throughput:1000000',
      }),
    );
    expect(run).toMatchObject({ code: 0, stderr: '' });
    stdout = run.stdout;
  });
  afterAll(() => server.close());

  it('says in every file which requests were good', () => {
    const records = readRecords(join(folder, 'profile_export.jsonl'));
    const failed = records.filter(({ error }) => error !== undefined).length;
    expect(records.map(({ metrics }) => metrics.good_request_count)).toEqual(
      records.map(({ error }) => (error === undefined ? { value: 0, unit: 'requests' } : undefined)),
    );
    expect(
      records.some(({ text }) => text.includes('"good_request_count":{"value":0,"unit":"requests"}')),
    ).toBe(true);
    const json = readJson(join(folder, 'profile_export_aiperf.json'));
    expect(json).toMatchObject({
      goodput: { unit: 'requests/sec', avg: 0 },
      good_request_count: { unit: 'requests', avg: 0 },
      good_request_fraction: { unit: 'ratio', avg: 0 },
      slo_attainment: {
        time_to_first_token: { passed_count: 40 - failed, fraction_of_valid: 1, comparison: '<=' },
        e2e_output_token_throughput: { passed_count: 0, comparison: '>=' },
      },
      input_config: { slos: { time_to_first_token: 10_000, request_latency: 20_000 } },
    });
    expect(stdout).toMatch(/│ +Goodput \(requests\/sec\) │ +0\.00 │/);
    expect(stdout).toMatch(/│ +Time to First Token ≤ 10,000\.00 ms │ +36 │ +100\.00 % │ +90\.00 % │/);
  });

  it('is reported again as it was, and with other objectives', async () => {
    expect(await aiperf(['report', folder])).toMatchObject({ code: 0, stderr: '', stdout });
    const before = readFileSync(join(folder, 'profile_export_aiperf.json'), 'utf8');
    const other = await aiperf(['report', folder, '--goodput', 'request_latency:20000']);
    expect(other.stdout).toMatch(/│ +all SLOs met \(good requests\) │ +36 │ +100\.00 % │ +90\.00 % │/);
    expect(readFileSync(join(folder, 'profile_export_aiperf.json'), 'utf8')).toBe(before);

    const copy = temporaryFolder();
    cpSync(folder, copy, { recursive: true });
    await aiperf(['report', copy, '--rewrite', '--goodput', 'request_latency:20000']);
    expect(readJson(join(copy, 'profile_export_aiperf.json'))).toMatchObject({
      good_request_count: { avg: 36 },
      good_request_fraction: { avg: 0.9 },
      input_config: { slos: { request_latency: 20_000 } },
    });
  });

  it('says how many servers a rate needs', async () => {
    const { stdout: text } = await aiperf([
      ...['report', folder, '--goodput', 'request_latency:20000'],
      ...['--target-rate', '1000', '--target-goodput', '0.95'],
    ]);
    const { avg } = readJson(join(folder, 'profile_export_aiperf.json')).request_throughput;
    const [rate, needed] = [avg.toFixed(2), (1000 / avg).toFixed(2)];
    const servers = Math.ceil(Number(needed));
    expect(text).toContain(
      `By throughput: 1,000 / ${rate} requests a second each = ${needed}, so ${servers} servers.\n` +
        `By goodput: 1,000 / ${rate} good requests a second each = ${needed}, so ${servers} servers.\n` +
        'Good share: 36 of 40 requests = 90.00 %; the target is 95.00 %: not met.',
    );
  });

  it('refuses what the run cannot answer', async () => {
    expect(await refused(['report', folder, '--goodput', 'itn:5'])).toBe(
      '--goodput: itn is not a metric. Did you mean inter_token_latency?',
    );
    expect(await refused(['report', folder, '--goodput', 'usage_prompt_audio_tokens:5'])).toContain(
      '--goodput: no request of this run has usage_prompt_audio_tokens.',
    );
    expect(await refused(['report', folder, '--target-goodput', '0.9'])).toBe(
      '--target-goodput needs --target-rate, the requests to carry.',
    );
    const bare = temporaryFolder();
    writeFileSync(
      join(bare, 'profile_export.jsonl'),
      readFileSync(join(folder, 'profile_export.jsonl'), 'utf8'),
    );
    expect(await refused(['report', bare, '--target-goodput', '0.9', '--target-rate', '9'])).toContain(
      '--target-goodput needs objectives, and the run had none.',
    );
  });
});

describe.runIf(goldenIsThere)("AIPerf's own run with objectives", () => {
  it('is judged by the objectives that its summary holds', async () => {
    const golden = fileURLToPath(new URL('../../../shared/reference/golden/good/', import.meta.url));
    const folder = temporaryFolder();
    cpSync(golden, folder, { recursive: true });
    // Three records are left of it: first tokens after 198, 197 and 196 ms, answers after 272, 270 and 266 ms.
    const { stdout } = await aiperf(['report', folder]);
    expect(stdout).toMatch(/│ +Time to First Token ≤ 100\.00 ms │ +0 │ +0\.00 % │ +0\.00 % │/);
    expect(stdout).toMatch(/│ +Request Latency ≤ 400\.00 ms │ +3 │ +100\.00 % │ +100\.00 % │/);
  });
});
