import { existsSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { aiperf, type Options, profileWords, readJson, readRecords, temporaryFolder } from './aiperf.js';
import { startScriptedServer, streamTokens } from './scripted-server.js';

const options: Options = {
  ...{ model: 'm', tokenizer: 'builtin', streaming: true, 'random-seed': 5, isl: 10, osl: 3 },
  ui: 'simple',
};

/** Runs against a server that answers so; gives the last line of the progress and what was recorded. */
async function lastLine(answer: (response: ServerResponse, number: number) => void, more: Options) {
  const folder = temporaryFolder();
  const server = await startScriptedServer((_request, response, number) => answer(response, number));
  try {
    const words = profileWords({ ...options, url: server.url, 'artifact-dir': folder, ...more });
    const ended = await aiperf(words);
    const failures = readRecords(join(folder, 'profile_export.jsonl')).filter(({ error }) => error);
    return { ...linesIn(ended.stderr), failures: failures.length, folder };
  } finally {
    server.close();
  }
}

function linesIn(stderr: string) {
  const lines = [...stderr.matchAll(/^(Warmup|Profiling): ([\d,]*\d).*? ([\d,]*\d) errors?,.*$/gm)].map(
    ([line, phase, completed, errors]) => ({ line, phase, completed, errors }),
  );
  expect(stderr).not.toContain('NaN');
  return { lines, last: lines.at(-1) };
}

const refuse = (response: ServerResponse) => response.writeHead(404).end('no such model');

describe('the progress counts errors as the result does', () => {
  it('where every response is a 404', async () => {
    const { last, failures } = await lastLine(refuse, { concurrency: 2, 'request-count': 20 });
    expect(last).toMatchObject({ phase: 'Profiling', completed: '20', errors: '20' });
    expect(last?.line).toContain(' 0.0 requests/s, ');
    expect(failures).toBe(20);
  });

  it('where some fail, at the rate and with the latencies of the result', async () => {
    const answer = (response: ServerResponse, number: number) =>
      number % 4 === 0 ? refuse(response) : streamTokens(response, ['x', ' y', ' z']);
    const { last, folder } = await lastLine(answer, { concurrency: 2, 'request-count': 20 });
    const summary = readJson(join(folder, 'profile_export_aiperf.json'));
    expect(last).toMatchObject({ completed: '20', errors: '5' });
    const shown = (value: number) =>
      value.toLocaleString('en-US', { minimumFractionDigits: 1, maximumFractionDigits: 1 });
    expect(last?.line).toContain(`, ${shown(summary.request_throughput.avg)} requests/s`);
    expect(last?.line).toContain(`TTFT ${shown(summary.time_to_first_token.avg)} ms`);
  });

  it('where a connection is refused', async () => {
    // A port that was free a moment ago.
    const { port, close } = await new Promise<{ port: number; close: () => void }>((resolve) => {
      const server = createServer().listen(0, '127.0.0.1', () => {
        const address = server.address();
        resolve({
          port: typeof address === 'object' && address !== null ? address.port : 0,
          close: () => server.close(),
        });
      });
    });
    close();
    const load = { url: `http://127.0.0.1:${port}`, 'artifact-dir': temporaryFolder(), 'request-count': 5 };
    const ended = await aiperf(profileWords({ ...options, ...load }));
    expect(linesIn(ended.stderr).last).toMatchObject({ completed: '5', errors: '5' });
  });

  it('where requests are cut at the end of the grace period', async () => {
    const { last, failures } = await lastLine(() => {}, {
      ...{ concurrency: 4, 'benchmark-duration': 0.5, 'benchmark-grace-period': 0.2 },
    });
    expect(last).toMatchObject({ completed: '4', errors: '4' });
    expect(failures).toBe(4);
  });

  it('but not those that were cancelled as planned', async () => {
    const { last, failures } = await lastLine(() => {}, {
      ...{ concurrency: 2, 'request-count': 6, 'request-cancellation-rate': 100 },
    });
    expect(last).toMatchObject({ completed: '6', errors: '0' });
    expect(failures).toBe(6);
  });

  it('in the warm-up, and while the record thread stands still', async () => {
    const holdUp = join(temporaryFolder(), 'hold-up.cjs');
    writeFileSync(
      holdUp,
      `const { workerData } = require('node:worker_threads');
       if (workerData?.feeds) setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 9000), 1000);`,
    );
    const server = await startScriptedServer((_request, response) => refuse(response));
    try {
      const words = profileWords({
        ...{ ...options, url: server.url, 'artifact-dir': temporaryFolder(), 'request-count': 10 },
        ...{ 'warmup-request-count': 300, 'warmup-request-rate': 40, 'warmup-arrival-pattern': 'constant' },
        'stats-interval': 5,
      });
      const ended = await aiperf(words, { env: { NODE_OPTIONS: `--require ${holdUp}` } });
      const { lines, last } = linesIn(ended.stderr);
      const inWarmup = lines.filter(({ phase, completed }) => phase === 'Warmup' && completed !== '0');
      expect(inWarmup.length).toBeGreaterThan(0);
      for (const { completed, errors } of inWarmup) expect(errors).toBe(completed);
      expect(last).toMatchObject({ phase: 'Profiling', completed: '10', errors: '10' });
    } finally {
      server.close();
    }
  });
});

describe('the progress on a terminal', () => {
  it.runIf(existsSync('/usr/bin/script'))('shows numbers from its first frame on', async () => {
    const { execFile } = await import('node:child_process');
    const server = await startScriptedServer((_request, response) => streamTokens(response, ['x', ' y']));
    try {
      const words = profileWords({
        ...{ ...options, url: server.url, 'artifact-dir': temporaryFolder() },
        ...{ 'request-rate': 20, 'request-count': 10 },
      });
      const command = `stty cols 120; ${[process.execPath, 'dist/cli.js', ...words].join(' ')}`;
      const screen = await new Promise<string>((resolve) => {
        execFile('/usr/bin/script', ['-qec', command, '/dev/null'], (_, stdout) => resolve(stdout));
      });
      expect(screen).toMatch(/Profiling: \d+\/10/);
      expect(screen).not.toContain('NaN');
    } finally {
      server.close();
    }
  });
});
