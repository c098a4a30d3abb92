import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  filesBelow,
  type Options,
  profileWords,
  readJson,
  readRecords,
  type Started,
  startAiperf,
  temporaryFolder,
} from './aiperf.js';
import { chatEvent, startScriptedServer, streamTokens } from './scripted-server.js';
import { unhurried } from './unhurried.js';

const options: Options = {
  ...{
    model: 'm',
    tokenizer: 'builtin',
    streaming: true,
    concurrency: 4,
    'request-count': 500,
    isl: 10,
    osl: 3,
  },
  'random-seed': 5,
};

/**
 * A run in mid-course: of ten requests six are answered, and four have a token and wait for more. `act` is called
 * then; the folder and how the process ended are returned.
 */
async function interrupted(act: (started: Started, folder: string) => unknown) {
  const folder = temporaryFolder();
  let started: Started | undefined;
  let acting: unknown;
  const server = await startScriptedServer((_, response: ServerResponse, number) => {
    if (number <= 6) return streamTokens(response, ['x', ' y', ' z']);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(chatEvent({ content: 'x' }));
    if (number === 10 && started !== undefined) acting = act(started, folder);
  });
  try {
    started = startAiperf(profileWords({ ...options, url: server.url, 'artifact-dir': folder }), {
      env: unhurried,
    });
    const ended = await started.ended;
    await acting;
    expect(server.seen).toHaveLength(10);
    return { folder, ended };
  } finally {
    server.close();
  }
}

describe.each(['SIGINT', 'SIGTERM'] as const)('%s in mid-run', (signal) => {
  it('ends the run and keeps everything: a record for each request in flight', async () => {
    const { folder, ended } = await interrupted(({ child }) => child.kill(signal));
    expect(ended.code).toBe(130);
    expect(ended.stderr).toMatch(/^╭─+ Cancellation in Progress ─+╮\n(│.*│\n)+╰─+╯\n$/);

    const records = readRecords(join(folder, 'profile_export.jsonl'));
    const cut = records.filter(({ error }) => error !== undefined);
    expect(records.map(({ metadata }) => metadata.session_num).sort()).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
    ]);
    expect(cut).toHaveLength(4);
    for (const record of cut) {
      expect(record.error).toEqual({
        code: 499,
        type: 'RequestCancellationError',
        message: 'Request cancelled: the run was interrupted while it was in flight',
      });
      expect(record.metadata).toMatchObject({ was_cancelled: true });
      expect(record.metadata).not.toHaveProperty('request_ack_ns');
      expect(record.ns('cancellation_time_ns') > record.ns('request_start_ns')).toBe(true);
      expect(record.metrics).toEqual({ error_isl: { value: 10, unit: 'tokens' } });
    }

    const summary = readJson(join(folder, 'profile_export_aiperf.json'));
    expect(summary).toMatchObject({
      was_cancelled: true,
      is_complete: false,
      incomplete_reason: 'Run cancelled before all records were processed.',
      request_count: { avg: 6 },
      error_request_count: { avg: 4 },
      cancelled_request_count: { avg: 4 },
      completed_request_count: { avg: 10 },
      error_summary: [{ error_details: { code: 499 }, count: 4 }],
    });
    const csv = readFileSync(join(folder, 'profile_export_aiperf.csv'), 'utf8');
    expect(csv).toContain('\r\nRequest Count,6.00\r\n');
    expect(csv.endsWith('\r\n')).toBe(true);

    const incomplete = 'AIPerf | INCOMPLETE RESULTS\nRun cancelled before all records were processed.\n';
    expect(ended.stdout.trimStart().startsWith(incomplete)).toBe(true);
    expect(readFileSync(join(folder, 'profile_export_console.txt'), 'utf8')).toContain(incomplete);
    expect(ended.stdout).toMatch(/^Benchmark Duration: \d+\.\d\d sec \(cancelled early\)$/m);
    expect(ended.stdout).toContain('\nSuccess Rate: 60% (4 errors)\n');
    expect(filesBelow(folder)).toEqual([
      '.aiperf_results_ready.json',
      'inputs.json',
      'logs/aiperf.log',
      'profile_export.jsonl',
      'profile_export_aiperf.csv',
      'profile_export_aiperf.json',
      'profile_export_console.txt',
      'profile_export_series.jsonl',
      'run_config.json',
    ]);
  });
});

describe('an interrupt before any request has ended', () => {
  it('keeps a record for each', async () => {
    const folder = temporaryFolder();
    let started: Started | undefined;
    const server = await startScriptedServer((_request, _response, number) => {
      if (number === 4) started?.child.kill('SIGINT');
    });
    try {
      started = startAiperf(profileWords({ ...options, url: server.url, 'artifact-dir': folder }), {
        env: unhurried,
      });
      const ended = await started.ended;
      expect(ended.code).toBe(130);
      expect(ended.stdout).toContain(
        'Reason: Run cancelled before all records were processed. No request had succeeded by then.',
      );
      const records = readRecords(join(folder, 'profile_export.jsonl'));
      expect(records.map(({ error }) => error?.code)).toEqual([499, 499, 499, 499]);
    } finally {
      server.close();
    }
  });
});

describe('signals that come together', () => {
  // Where processes are shown as files: it is seen there that this one stands still.
  it.runIf(existsSync('/proc/self/status'))('count as one: the results are whole', async () => {
    const { folder, ended } = await interrupted(async ({ child }) => {
      // All wait for the process to go on, so they come at once.
      child.kill('SIGSTOP');
      await until(() => /^State:\s+T/m.test(readFileSync(`/proc/${child.pid}/status`, 'utf8')));
      for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) child.kill(signal);
      child.kill('SIGCONT');
    });
    expect(ended.code).toBe(130);
    expect(ended.stderr.match(/─ [A-Z][A-Za-z ]+ ─/g)).toEqual(['─ Cancellation in Progress ─']);
    expect(readRecords(join(folder, 'profile_export.jsonl'))).toHaveLength(10);
    expect(readJson(join(folder, 'profile_export_aiperf.json'))).toMatchObject({
      was_cancelled: true,
      request_count: { avg: 6 },
    });
  });
});

describe('SIGHUP', () => {
  it('ends the run in order', async () => {
    const { folder, ended } = await interrupted(({ child }) => child.kill('SIGHUP'));
    expect(ended.code).toBe(130);
    expect(readRecords(join(folder, 'profile_export.jsonl'))).toHaveLength(10);
  });

  it('is ignored under nohup', async () => {
    const folder = temporaryFolder();
    let started: Started | undefined;
    const server = await startScriptedServer((_, response, number) => {
      if (number === 5) started?.child.kill('SIGHUP');
      setTimeout(() => streamTokens(response, ['x', ' y']), 20);
    });
    try {
      started = startAiperf(
        profileWords({ ...options, url: server.url, 'artifact-dir': folder, 'request-count': 30 }),
        // As bash, zsh and ksh leave it when they start nohup.
        { env: { _: '/usr/bin/nohup' } },
      );
      expect(await started.ended).toMatchObject({ code: 0 });
      expect(readRecords(join(folder, 'profile_export.jsonl'))).toHaveLength(30);
    } finally {
      server.close();
    }
  });
});

describe('an interrupt when all requests have ended', () => {
  it('costs no result: they are complete', async () => {
    const folder = temporaryFolder();
    // The record thread stands still from the first request on, until it is let go.
    const [hold, go, gate] = ['hold', 'go', 'gate.cjs'].map((name) => join(temporaryFolder(), name));
    writeFileSync(
      gate ?? '',
      `const { workerData } = require('node:worker_threads');
       const { existsSync } = require('node:fs');
       const never = new Int32Array(new SharedArrayBuffer(4));
       if (workerData?.feeds) setInterval(() => {
         while (existsSync('${hold}') && !existsSync('${go}')) Atomics.wait(never, 0, 0, 10);
       }, 5).unref();`,
    );
    const server = await startScriptedServer((_, response) => {
      writeFileSync(hold ?? '', '');
      setTimeout(() => streamTokens(response, ['x', ' y']), 100);
    });
    try {
      const { child, ended } = startAiperf(
        profileWords({ ...options, url: server.url, 'artifact-dir': folder, 'request-count': 20 }),
        { env: { NODE_OPTIONS: `--require ${gate} ${unhurried.NODE_OPTIONS}` } },
      );
      const log = join(folder, 'logs', 'aiperf.log');
      await until(() => existsSync(log) && readFileSync(log, 'utf8').includes('20 requests were sent'));
      child.kill('SIGINT');
      let said = '';
      child.stderr?.on('data', (text: string) => {
        said += text;
      });
      await until(() => said.includes('Writing Results'));
      writeFileSync(go ?? '', '');
      const { code, stdout, stderr } = await ended;
      expect(code).toBe(130);
      expect(stderr).not.toContain('Cancellation in Progress');
      expect(stdout).not.toMatch(/INCOMPLETE|cancelled early/);
      expect(readRecords(join(folder, 'profile_export.jsonl'))).toHaveLength(20);
      expect(readJson(join(folder, 'profile_export_aiperf.json'))).toMatchObject({
        ...{ was_cancelled: false, is_complete: true, request_count: { avg: 20 } },
      });
    } finally {
      server.close();
    }
  });
});

describe('an interrupt while the data set is being made', () => {
  it('leaves at once, and no half inputs.json', async () => {
    const folder = temporaryFolder();
    const unfinished = join(folder, 'inputs.json.partial');
    const server = await startScriptedServer((_, response) => streamTokens(response, ['x']));
    try {
      const { child, ended } = startAiperf(
        profileWords({
          ...{
            ...options,
            url: server.url,
            'artifact-dir': folder,
            isl: 4000,
            'num-dataset-entries': 300_000,
          },
          'export-inputs': 'always',
        }),
      );
      await until(() => existsSync(unfinished) && statSync(unfinished).size > 0);
      child.kill('SIGINT');
      expect(await ended).toMatchObject({ code: 130, stdout: '' });
      expect(filesBelow(folder)).toEqual([]);
      expect(server.seen).toEqual([]);
    } finally {
      server.close();
    }
  });
});

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 10));
}

describe('an interrupt while a load thread does not answer', () => {
  const { 'request-count': _, ...withoutCount } = options;
  const twoThreads: Options = {
    ...withoutCount,
    ...{ 'request-rate': 40, 'arrival-pattern': 'constant', 'workers-max': 2 },
  };

  // Node itself is told to run this in every thread: the second load thread stands still as long as the file is
  // there.
  const preload = join(temporaryFolder(), 'hold.cjs');
  writeFileSync(
    preload,
    `const { existsSync } = require('node:fs');
     const { workerData } = require('node:worker_threads');
     const cell = new Int32Array(new SharedArrayBuffer(4));
     const hold = () => { while (existsSync(process.env.HOLD)) Atomics.wait(cell, 0, 0, 5); };
     if (workerData?.thread === 1) hold();`,
  );

  it('before anything is sent: no spool is left', async () => {
    const folder = temporaryFolder();
    const hold = join(temporaryFolder(), 'hold');
    writeFileSync(hold, '');
    const words = profileWords({
      ...{ ...twoThreads, 'request-count': 4, url: 'http://127.0.0.1:9', 'artifact-dir': folder },
    });
    const started = startAiperf(words, { env: { NODE_OPTIONS: `--require ${preload}`, HOLD: hold } });
    await until(() => existsSync(join(folder, 'spool', 'plan.spool')));
    started.child.kill('SIGTERM');
    expect((await started.ended).code).toBe(130);
    expect(filesBelow(folder)).toEqual(['inputs.json', 'logs/aiperf.log', 'run_config.json']);
  });
});

describe('a reader that goes away', () => {
  it.each([
    ['of stdout', ['stdout'], 'none'],
    ['of both', ['stdout', 'stderr'], 'simple'],
  ] as const)('%s costs no result', async (_, streams, ui) => {
    const server = await startScriptedServer((_request, response) => streamTokens(response, ['x', ' y']));
    try {
      const folder = temporaryFolder();
      const { child, ended } = startAiperf(
        profileWords({ ...options, url: server.url, 'artifact-dir': folder, 'request-count': 20, ui }),
      );
      for (const name of streams) child[name]?.destroy();
      expect(await ended).toMatchObject({ code: 0 });
      expect(readRecords(join(folder, 'profile_export.jsonl'))).toHaveLength(20);
      expect(readJson(join(folder, 'profile_export_aiperf.json'))).toMatchObject({
        is_complete: true,
        request_count: { avg: 20 },
      });
    } finally {
      server.close();
    }
  });
});
