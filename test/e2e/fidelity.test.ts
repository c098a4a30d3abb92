import { writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { roofFile, thisMachine, writeRoof } from '../../src/fidelity/roof.js';
import { aiperf, type Options, profileWords, readJson, readRecords, temporaryFolder } from './aiperf.js';
import { type ScriptedServer, startScriptedServer, streamTokens } from './scripted-server.js';

const starvation = fileURLToPath(new URL('../../dist/build/starve.js', import.meta.url));
const starved = { env: { NODE_OPTIONS: `--import ${starvation}` } };
const base: Options = { model: 'm', tokenizer: 'builtin', streaming: true, isl: 10, osl: 3 };

describe('the verdict on the client', () => {
  let server: ScriptedServer;
  beforeAll(async () => {
    server = await startScriptedServer((_, response) => {
      setTimeout(() => streamTokens(response, ['x', ' y', ' z']), 20);
    });
  });
  afterAll(() => server.close());

  const run = (options: Options, environment?: { env: Record<string, string> }) => {
    const folder = temporaryFolder();
    const words = profileWords({ ...base, url: server.url, 'artifact-dir': folder, ...options });
    return aiperf(words, environment).then((ended) => ({
      ...ended,
      folder,
      fidelity: () => readJson(join(folder, 'profile_export_aiperf.json')).fidelity,
      marked: () =>
        readRecords(join(folder, 'profile_export.jsonl')).filter(
          ({ metadata }) => metadata.client_limited === true,
        ).length,
    }));
  };

  it('a load thread that is held up is the limit: said, marked, and an error where it must not be', async () => {
    const load: Options = { concurrency: 4, 'request-count': 200 };
    const ended = await run({ ...load, 'strict-fidelity': true }, starved);
    expect(ended.code).toBe(3);
    expect(ended.stdout).toContain('Fidelity: client limited\n  - for ');
    const fidelity = ended.fidelity();
    expect(fidelity).toMatchObject({
      verdict: 'client limited',
      load: { kind: 'concurrency', requested: 4 },
      connections: { refused: 0, port_starved: 0 },
      reasons: expect.arrayContaining([
        {
          level: 'limited',
          reason: expect.stringMatching(
            /^for .* % of the run, client timing could be more than 10 ms late: .* \(\d+\.\d s to /,
          ),
          spans: expect.arrayContaining([
            {
              start_seconds: expect.any(Number),
              end_seconds: expect.any(Number),
              stalled: expect.any(Number),
            },
          ]),
        },
      ]),
    });
    expect(fidelity.client_limited_count).toBeGreaterThan(0);
    expect(ended.marked()).toBe(fidelity.client_limited_count);
    const { opened, reused } = fidelity.connections;
    expect(opened + reused).toBe(200);
    expect(opened).toBeGreaterThanOrEqual(4);

    const without = await aiperf([
      'report',
      ended.folder,
      '--where',
      'client_limited = false',
      '--metric',
      'request_latency',
      '--format',
      'json',
    ]);
    expect(JSON.parse(without.stdout).request_count).toBe(200 - ended.marked());
    const again = await aiperf(['report', ended.folder]);
    expect(again.stdout).toContain('Fidelity: client limited\n  - for ');
  });

  it('without --strict-fidelity it is said, and no error', async () => {
    const cache = { XDG_CACHE_HOME: temporaryFolder() };
    const roof = { requestsPerSecond: 42_000, eventsPerSecond: 85_000 };
    expect(writeRoof(roofFile(cache), { machine: thisMachine(), ...roof })).toEqual([]);
    const ended = await run({ concurrency: 4, 'request-count': 60 }, { env: { ...starved.env, ...cache } });
    expect(ended.code).toBe(0);
    expect(ended.stdout).toContain('Fidelity: client limited');
    // The roof of this machine that `aiperf doctor --roof` would have stored.
    expect(ended.stdout).toMatch(
      /^Client Utilization: .* % of this machine's limit \(85,000 events\/s or 42,000 requests\/s per load thread\)$/m,
    );
    const { utilization } = ended.fidelity();
    expect(utilization).toMatchObject({
      ...{ basis: 'roof', requests_per_second: 42_000, events_per_second: 85_000 },
    });
    expect(utilization.share).toBeGreaterThan(0);
  });

  // On a machine whose cores others take the client is held up for real; then that is what must be said.
  it('a client that does not hold itself up is ok, or says who does', { retry: 3 }, async () => {
    const ended = await run({ concurrency: 2, 'request-count': 100 });
    expect(ended.code).toBe(0);
    const { verdict, reasons, threads, utilization } = ended.fidelity();
    expect(ended.stdout).toContain(`Fidelity: ${verdict}\n`);
    // Nobody measured the roof: the share is that of the thread's time.
    expect(utilization).toEqual({ share: threads[0].busy_share, basis: 'busy' });
    expect(ended.stdout).toMatch(/^Client Utilization: load threads busy \d+(\.\d)? % of the time$/m);
    if (threads[0].core_wait_share < 0.01)
      expect({ verdict, reasons }).toEqual({ verdict: 'client ok', reasons: [] });
    else expect(JSON.stringify(reasons)).not.toContain('was overloaded');
  });
});

describe('a server that stalls for two seconds', () => {
  it('latency from the due time shows it, that from the sent time hides it, and the report says so', async () => {
    const waiting: ServerResponse[] = [];
    let firstAtMs: number | undefined;
    const answer = (response: ServerResponse) => streamTokens(response, ['x', ' y', ' z']);
    const server = await startScriptedServer((_, response) => {
      firstAtMs ??= performance.now();
      const sinceMs = performance.now() - firstAtMs;
      if (sinceMs < 500 || sinceMs >= 2500) {
        answer(response);
        return;
      }
      if (waiting.length === 0) setTimeout(() => waiting.forEach(answer), 2500 - sinceMs);
      waiting.push(response);
    });
    const folder = temporaryFolder();
    const file = join(folder, 'rows.jsonl');
    const rows = Array.from({ length: 300 }, (_, i) =>
      JSON.stringify({ text: `row ${i}`, timestamp: i * 10 }),
    );
    writeFileSync(file, `${rows.join('\n')}\n`);
    const { stdout } = await aiperf(
      profileWords({
        model: 'm',
        tokenizer: 'builtin',
        streaming: true,
        url: server.url,
        'input-file': file,
        'custom-dataset-type': 'single_turn',
        'fixed-schedule': true,
        concurrency: 2,
        'artifact-dir': folder,
      }),
    );
    server.close();
    const summary = readJson(join(folder, 'profile_export_aiperf.json'));
    // Two of 300 are in flight in the stall: less than a hundredth. About 200 were due in it.
    expect(waiting.length).toBe(2);
    // A slow machine adds to both, and as much to the second as to the first.
    expect(summary.effective_latency.p99).toBeGreaterThan(1500);
    expect(summary.request_latency.p99).toBeLessThan(summary.effective_latency.p99 - 1000);
    expect(summary.effective_latency.p50).toBeGreaterThan(100);
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain('Coordinated omission: p99 Request Latency is ');
  });
});
