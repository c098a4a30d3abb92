import { existsSync, readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  aiperf,
  filesBelow,
  type Options,
  panelText,
  profileWords,
  readJson,
  startAiperf,
  temporaryFolder,
  withTelemetry,
} from './aiperf.js';
import { type SeenRequest, startScriptedServer, streamTokens } from './scripted-server.js';
import { unhurried } from './unhurried.js';

const options: Options = {
  ...withTelemetry,
  ...{ model: 'm', tokenizer: 'builtin', streaming: true, 'random-seed': 5, isl: 10, osl: 3 },
  ...{ concurrency: 2, 'request-count': 6, 'log-level': 'DEBUG', 'no-gpu-telemetry': true },
};

/** A server of answers whose metrics page counts them; what came to it, in order. */
async function startServer(metrics?: (request: SeenRequest, response: ServerResponse) => void) {
  const events: string[] = [];
  const reads: SeenRequest[] = [];
  let finished = 0;
  const answer = (_: SeenRequest, response: ServerResponse) => {
    events.push('request');
    streamTokens(response, ['x', ' y', ' z']);
    finished++;
    events.push('answered');
  };
  const page = (_: SeenRequest, response: ServerResponse) =>
    response.end(`# TYPE finished counter\nfinished_total ${finished}\n`);
  const server = await startScriptedServer(answer, (request, response) => {
    events.push('read');
    reads.push(request);
    (metrics ?? page)(request, response);
  });
  return { ...server, events, reads };
}

function telemetryLines(folder: string): string[] {
  const log = readFileSync(join(folder, 'logs', 'aiperf.log'), 'utf8').split('\n');
  return log.flatMap((line) => /^\S+ \S+ - telemetry - (.*)/.exec(line)?.[1] ?? []);
}

it("reads the server's page from before the first request to after the last response", async () => {
  const server = await startServer();
  const folder = temporaryFolder();
  // Without it, a busy machine may leave no time for the second read.
  const strict = { ...options, 'strict-telemetry': true as const };
  const { code } = await aiperf(profileWords({ ...strict, url: `${server.url}/v1`, 'artifact-dir': folder }));
  server.close();
  expect(code).toBe(0);
  const { events, reads } = server;
  expect(events.slice(0, 2)).toEqual(['read', 'read']);
  expect(events.slice(events.lastIndexOf('answered') + 1).length).toBeGreaterThanOrEqual(2);
  expect(new Set(reads.map(({ method, path }) => `${method} ${path}`))).toEqual(new Set(['GET /metrics']));
  expect(telemetryLines(folder)).toEqual([`DEBUG - 1 of 1 pages were read, ${reads.length} times in all`]);
  expect(existsSync(join(folder, 'telemetry'))).toBe(false);
});

it('sends keys to the servers of the load alone, and shows none', async () => {
  const server = await startServer();
  const other = await startServer();
  const folder = temporaryFolder();
  const words = profileWords({
    ...{ ...options, url: server.url, 'artifact-dir': folder, 'api-key': 'sk-secret-1234567890' },
    ...{
      'server-metrics': [
        `user:pass-word-9@127.0.0.1:${other.port}`,
        ...['more', 'metrics?token=one-secret-1', 'metrics?token=two-secret-2'].map(
          (path) => `${server.url}/${path}`,
        ),
      ].join(),
      header: 'X-Team:blue',
    },
  });
  const ended = await aiperf(words, { env: unhurried });
  for (const { close } of [server, other]) close();
  expect(ended.code).toBe(0);
  const paths = new Map(server.reads.map(({ path, headers }) => [path, headers]));
  expect([...paths.keys()].sort()).toEqual([
    ...['/metrics', '/metrics?token=one-secret-1', '/metrics?token=two-secret-2', '/more/metrics'],
  ]);
  const { summary } = readJson(join(folder, 'server_metrics_export.json'));
  expect(summary.endpoints_configured.slice(-2)).toEqual([
    ...[`${server.url}/metrics?token=<redacted>`, `${server.url}/metrics?token=<redacted>#2`],
  ]);
  for (const headers of paths.values())
    expect(headers).toMatchObject({ authorization: 'Bearer sk-secret-1234567890', 'x-team': 'blue' });
  const [elsewhere] = other.reads;
  expect(elsewhere?.headers.authorization).toBe(
    `Basic ${Buffer.from('user:pass-word-9').toString('base64')}`,
  );
  expect(elsewhere?.headers).not.toHaveProperty('x-team');
  const texts = [...filesBelow(folder)].map((file) => readFileSync(join(folder, file), 'utf8'));
  for (const text of [...texts, ended.stdout, ended.stderr]) {
    expect(text).not.toContain('sk-secret');
    expect(text).not.toContain('pass-word-9');
    expect(text).not.toMatch(/(one|two)-secret/);
  }
});

describe('a page that cannot be read', () => {
  it('is asked for once by default, and the run is as it is without', async () => {
    const server = await startServer((_, response) => response.writeHead(404).end());
    const folder = temporaryFolder();
    const { code } = await aiperf(profileWords({ ...options, url: server.url, 'artifact-dir': folder }), {
      env: unhurried,
    });
    server.close();
    expect([code, server.reads.length]).toEqual([0, 1]);
    expect(telemetryLines(folder)).toEqual([
      `INFO - no metrics from ${server.url}/metrics: it answered with 404 Not Found`,
    ]);
    expect(existsSync(join(folder, 'telemetry'))).toBe(false);
  });

  it('does not hold up the run where it hangs, nor an interrupt', async () => {
    const folder = temporaryFolder();
    let child: ReturnType<typeof startAiperf> | undefined;
    const server = await startServer(() => {
      if (server.seen.length >= 6) child?.child.kill('SIGINT');
    });
    const long = {
      ...options,
      'request-count': 100_000,
      'request-rate': 20,
      url: server.url,
      'artifact-dir': folder,
    };
    child = startAiperf(profileWords(long));
    const { code } = await child.ended;
    server.close();
    expect(code).toBe(130);
  });

  it('leaves its series where settings hang at an interrupt', async () => {
    const folder = temporaryFolder();
    let child: ReturnType<typeof startAiperf> | undefined;
    const server = await startScriptedServer(
      ({ method }, response) => {
        if (method === 'POST') streamTokens(response, ['x']);
        if (server.seen.length >= 8) child?.child.kill('SIGINT');
      },
      (_, response) => response.end('# TYPE vllm:prompt_tokens counter\nvllm:prompt_tokens_total 1\n'),
    );
    const long = { ...options, 'request-count': 100_000, 'request-rate': 20 };
    child = startAiperf(profileWords({ ...long, url: server.url, 'artifact-dir': folder }), {
      env: unhurried,
    });
    const { code } = await child.ended;
    server.close();
    expect(server.seen.map(({ method, path }) => `${method} ${path}`)).toContain('GET /version');
    expect([code, existsSync(join(folder, 'telemetry'))]).toEqual([130, false]);
    expect(existsSync(join(folder, 'server_metrics_export.json'))).toBe(true);
  });

  it('is an error before the load with --strict-telemetry', async () => {
    const server = await startServer();
    const folder = temporaryFolder();
    const words = profileWords({
      ...{ ...options, url: server.url, 'artifact-dir': folder, 'strict-telemetry': true },
      'server-metrics': '127.0.0.1:1',
    });
    const { code, stderr } = await aiperf(words);
    server.close();
    expect([code, server.seen.length]).toEqual([1, 0]);
    expect(panelText(stderr)).toContain(
      'http://127.0.0.1:1/metrics cannot be read: Cannot connect to host 127.0.0.1:1',
    );
    expect(existsSync(join(folder, 'telemetry'))).toBe(false);
  });
});

it('is off with --no-server-metrics', async () => {
  const server = await startServer();
  const off = {
    ...options,
    url: server.url,
    'artifact-dir': temporaryFolder(),
    'no-server-metrics': true as const,
  };
  const { code } = await aiperf(profileWords(off));
  server.close();
  expect([code, server.reads.length]).toEqual([0, 0]);
});

it('of a run that is killed, the report makes the files of what was read', async () => {
  const server = await startServer();
  const folder = temporaryFolder();
  const long = { ...options, 'request-count': 100_000, 'request-rate': 20, 'profile-export-prefix': 'foo' };
  const { child, ended } = startAiperf(profileWords({ ...long, url: server.url, 'artifact-dir': folder }));
  const records = join(folder, 'foo.jsonl');
  const recorded = () => (existsSync(records) ? readFileSync(records, 'utf8').split('\n').length - 1 : 0);
  // A read between two recorded requests has reached the disk when the server sees the one after it.
  await until(() => recorded() > 0);
  const before = server.reads.length;
  await until(() => server.reads.length >= before + 3);
  const answered = server.events.filter((event) => event === 'answered').length;
  await until(() => recorded() > answered);
  child.kill('SIGKILL');
  await ended;
  server.close();
  const { code, stderr } = await aiperf(['report', folder, '--profile-export-prefix', 'foo']);
  expect([code, stderr]).toEqual([
    0,
    expect.stringContaining('Wrote the server metrics that the run had read.'),
  ]);
  const { metrics, summary } = readJson(join(folder, 'foo_server_metrics.json'));
  const [finished] = metrics.finished.series;
  expect(finished.endpoint_url).toBe(`${server.url}/metrics`);
  expect(finished.stats.total).toBeGreaterThan(0);
  expect(summary.endpoints_successful).toEqual([`${server.url}/metrics`]);
  expect([existsSync(join(folder, 'foo_server_metrics.csv')), existsSync(join(folder, 'telemetry'))]).toEqual(
    [true, false],
  );
});

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 20));
}
