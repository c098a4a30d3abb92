import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  aiperf,
  type Options,
  panelText,
  profileWords,
  readJson,
  readRecords,
  type Started,
  startAiperf,
  temporaryFolder,
} from './aiperf.js';
import { chatEvent, type ScriptedServer, startScriptedServer, streamTokens } from './scripted-server.js';
import { unhurried } from './unhurried.js';

const base: Options = { model: 'm', tokenizer: 'builtin', streaming: true, 'random-seed': 5 };
const synthetic: Options = { ...base, isl: 10, osl: 3 };
const answerWhole = (response: ServerResponse) => streamTokens(response, ['x', ' y', ' z']);

/** A file of so many rows, one every 20 ms. */
function scheduleFile(rows: number): string {
  const file = join(temporaryFolder(), 'rows.jsonl');
  const lines = Array.from({ length: rows }, (_, i) =>
    JSON.stringify({ text: `row ${i}`, timestamp: i * 20 }),
  );
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}

const requestIds = (server: ScriptedServer) =>
  server.seen.map(({ headers }) => headers['x-request-id']).sort();

/** Load modes, and the file of the records of the phase that is interrupted. */
const interrupted: [string, Options, string][] = [
  ['a rate', { ...synthetic, 'request-rate': 100, 'request-count': 500 }, 'profile_export.jsonl'],
  [
    'a rate with ceiling, on three threads',
    { ...synthetic, 'request-rate': 200, concurrency: 700, 'load-threads': 3, 'request-count': 5000 },
    'profile_export.jsonl',
  ],
  [
    'a fixed schedule',
    {
      ...base,
      'input-file': scheduleFile(500),
      'custom-dataset-type': 'single_turn',
      'fixed-schedule': true,
    },
    'profile_export.jsonl',
  ],
  [
    'users',
    {
      ...{ ...synthetic, 'user-centric-rate': 50, 'num-users': 30, 'conversation-turn-mean': 3 },
      'request-count': 500,
    },
    'profile_export.jsonl',
  ],
  [
    'a closed loop with prefill full and turns waiting',
    {
      ...{ ...synthetic, concurrency: 20, 'prefill-concurrency': 6, 'conversation-turn-mean': 2 },
      ...{ 'conversation-turn-delay-mean': 60_000, 'conversation-num': 100 },
    },
    'profile_export.jsonl',
  ],
  [
    'warm-up',
    { ...synthetic, 'warmup-request-count': 100, 'warmup-concurrency': 8, 'request-count': 5 },
    'profile_export_warmup.jsonl',
  ],
];

// Both signals end a run by the same steps.
describe.each([
  ['SIGINT', interrupted],
  ['SIGTERM', interrupted.slice(0, 1)],
] as const)('%s', (signal, modes) => {
  it.each(modes)('in %s: ends, with a record for each request', async (_, options, name) => {
    const folder = temporaryFolder();
    let started: Started | undefined;
    // Four are answered, and the rest wait: some without a head, some after a token.
    const server = await startScriptedServer((_request, response, number) => {
      if (number <= 4) return answerWhole(response);
      if (number % 2 === 0) {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(chatEvent({ content: 'x' }));
      }
      if (number !== 10) return;
      // What the server has answered, a busy client may not have read yet.
      const records = join(folder, name);
      const isRead = () => existsSync(records) && readFileSync(records, 'utf8').split('\n').length > 4;
      const waiting = setInterval(() => {
        if (!isRead()) return;
        clearInterval(waiting);
        started?.child.kill(signal);
      }, 10);
    });
    try {
      started = startAiperf(profileWords({ ...options, url: server.url, 'artifact-dir': folder }), {
        env: unhurried,
      });
      const ended = await started.ended;
      expect(ended.code).toBe(130);
      expect(ended.stdout).not.toContain('Do Not Add Up');

      // The server has not seen those that were on their way.
      const records = readRecords(join(folder, name));
      const recorded = new Set(records.map(({ metadata }) => metadata.x_request_id));
      expect(requestIds(server).filter((id) => !recorded.has(id))).toEqual([]);
      const cut = records.filter(({ error }) => error !== undefined);
      expect([cut.length, recorded.size]).toEqual([records.length - 4, records.length]);
      for (const { error, metadata } of cut) {
        expect(error?.code).toBe(499);
        expect(error?.message).toBe('Request cancelled: the run was interrupted while it was in flight');
        expect(metadata.was_cancelled).toBe(true);
      }
      if (name.includes('warmup')) {
        expect(readRecords(join(folder, 'profile_export.jsonl'))).toEqual([]);
      } else {
        expect(readJson(join(folder, 'profile_export_aiperf.json'))).toMatchObject({
          ...{ was_cancelled: true, is_complete: false, request_count: { avg: 4 } },
          error_request_count: { avg: cut.length },
        });
      }
    } finally {
      server.close();
    }
  });

  it('in preparation: gone at once, without results', async () => {
    const folder = temporaryFolder();
    const server = await startScriptedServer((_request, response) => answerWhole(response));
    const file = join(temporaryFolder(), 'long.jsonl');
    const line = (i: number) => JSON.stringify({ text: `row ${i} ${'and on '.repeat(50)}` });
    writeFileSync(file, Array.from({ length: 100_000 }, (_, i) => line(i)).join('\n'));
    try {
      const { child, ended } = startAiperf(
        profileWords({
          ...{ ...base, url: server.url, 'artifact-dir': folder, 'input-file': file },
          ...{ 'custom-dataset-type': 'single_turn', 'request-count': 5, 'export-inputs': 'always' },
        }),
      );
      while (!existsSync(join(folder, '.aiperf.lock')))
        await new Promise((resolve) => setTimeout(resolve, 5));
      child.kill(signal);
      expect(await ended).toMatchObject({ code: 130, stdout: '' });
      expect(server.seen).toEqual([]);
    } finally {
      server.close();
    }
  });
});

describe('a server that stops answering', () => {
  it.each([
    ['accepts and never answers', 0, 1],
    ['falls silent in mid-run', 6, 2],
  ])('that %s: the run ends, says where it was stuck, and keeps what came', async (_, answered, threads) => {
    const folder = temporaryFolder();
    const server = await startScriptedServer((_request, response, number) => {
      if (number <= answered) return answerWhole(response);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(chatEvent({ content: 'x' }));
    });
    try {
      const ended = await aiperf(
        profileWords({
          ...{
            ...synthetic,
            url: server.url,
            'artifact-dir': folder,
            concurrency: 300,
            'request-count': 306,
          },
          ...{ 'load-threads': threads, 'stall-timeout-seconds': 2 },
        }),
      );
      const sent = 300 + answered;
      const where = `300 of ${sent} requests are in flight, and for 2 s no byte came from the server`;
      expect(ended.code).toBe(1);
      expect(ended.stderr).toContain(`The run was ended because it was stuck: ${where}`);
      const records = readRecords(join(folder, 'profile_export.jsonl'));
      expect(records.map(({ metadata }) => metadata.x_request_id).sort()).toEqual(requestIds(server));
      const cut = records.filter(({ error }) => error !== undefined);
      expect(cut.length).toBe(300);
      for (const { error } of cut) {
        expect(error).toMatchObject({
          code: 499,
          message: 'Request cancelled: the run was stuck, and was ended',
        });
      }
      expect(ended.stdout).toContain('The run was ended because it was stuck');
      if (answered === 0) return;
      expect(readJson(join(folder, 'profile_export_aiperf.json'))).toMatchObject({
        ...{ is_complete: false, request_count: { avg: answered } },
        incomplete_reason: `The run was ended because it was stuck: ${where}.`,
      });
    } finally {
      server.close();
    }
  });

  it('a schedule with a pause is not stuck', async () => {
    const file = join(temporaryFolder(), 'pause.jsonl');
    const line = (timestamp: number) => `${JSON.stringify({ text: 'x', timestamp })}\n`;
    writeFileSync(file, line(0) + line(2500));
    const server = await startScriptedServer((_request, response) => answerWhole(response));
    const ended = await aiperf(
      profileWords({
        ...{ ...base, url: server.url, 'artifact-dir': temporaryFolder(), 'input-file': file },
        ...{ 'custom-dataset-type': 'single_turn', 'fixed-schedule': true, 'stall-timeout-seconds': 1 },
      }),
    );
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    server.close();
  });
});

describe('a thread that dies', () => {
  // Node runs this in every thread: the named one throws where nothing catches, once a file is there.
  const bomb = join(temporaryFolder(), 'bomb.cjs');
  writeFileSync(
    bomb,
    `const { existsSync } = require('node:fs');
     const { workerData } = require('node:worker_threads');
     const name = workerData?.feeds ? 'records' : String(workerData?.thread);
     const bombs = {
       throw() { throw new Error('struck by lightning'); },
       exit() { process.exit(7); },
       memory() { for (const hoard = []; ; ) hoard.push(new Array(1e5).fill({})); },
     };
     if (name === process.env.BOMB_THREAD)
       setInterval(() => existsSync(process.env.BOMB_FUSE) && bombs[process.env.BOMB_KIND ?? 'throw'](), 10).unref();`,
  );
  /** A server that lights the fuse at its 150th request. */
  const startLighter = async () => {
    const fuse = join(temporaryFolder(), 'fuse');
    const server = await startScriptedServer((_request, response, number) => {
      if (number === 150) writeFileSync(fuse, '');
      answerWhole(response);
    });
    return { server, fuse };
  };
  const profileWithBomb = (
    server: ScriptedServer,
    folder: string,
    thread: string,
    fuse: string,
    kind: 'throw' | 'exit' | 'memory' = 'throw',
  ) =>
    aiperf(
      profileWords({
        ...{
          ...synthetic,
          url: server.url,
          'artifact-dir': folder,
          'request-rate': 100,
          'request-count': 5000,
        },
        ...{ 'arrival-pattern': 'constant', 'load-threads': 3 },
      }),
      {
        env: {
          NODE_OPTIONS: `--require ${bomb} --max-old-space-size=200`,
          ...{ BOMB_THREAD: thread, BOMB_FUSE: fuse, BOMB_KIND: kind },
        },
      },
    );

  it.each([
    ['throw', 'failed: struck by lightning'],
    ['exit', 'ended early with exit code 7'],
    [
      'memory',
      'ran out of memory (ERR_WORKER_OUT_OF_MEMORY). NODE_OPTIONS=--max-old-space-size=<MB> raises its limit',
    ],
  ] as const)('ends the run with its cause (%s); what was measured is kept', async (kind, cause) => {
    const folder = temporaryFolder();
    const { server, fuse } = await startLighter();
    try {
      const ended = await profileWithBomb(server, folder, '1', fuse, kind);
      expect(ended.code).toBe(1);
      const said = `Load thread 2 of 3 ${cause}`;
      expect(ended.stderr).toContain(`${said}. The run ends here; what was measured is kept.`);
      expect(readFileSync(join(folder, 'logs', 'aiperf.log'), 'utf8')).toContain(said);
      const records = readRecords(join(folder, 'profile_export.jsonl'));
      const workers = new Set(records.map(({ metadata }) => metadata.worker_id));
      expect(workers.size).toBe(3);
      expect(records.length).toBeGreaterThan(20);
      // All but what was in flight in the dead thread, or had ended less than 50 ms before: it sent 33 a second.
      const lost = server.seen.length - records.length;
      expect(lost).toBeLessThan(20);
      const reason = `${said}.${lost === 0 ? '' : ` ${lost} of the requests that were sent have no record.`}`;
      expect(readJson(join(folder, 'profile_export_aiperf.json'))).toMatchObject({
        ...{ is_complete: false, incomplete_reason: reason },
      });
      expect(ended.stdout).toContain(`Load thread 2 of 3 ${cause.slice(0, 20)}`);
      // The ledger says so, too.
      expect(ended.stdout.includes('Do Not Add Up')).toBe(lost > 0);
      expect(existsSync(join(folder, 'spool'))).toBe(false);
    } finally {
      server.close();
    }
  });

  it('and counts and writes: the results are made from the records on disk, all of them', async () => {
    const folder = temporaryFolder();
    const { server, fuse } = await startLighter();
    try {
      const ended = await profileWithBomb(server, folder, 'records', fuse);
      expect(ended.code).toBe(1);
      const said = 'The record thread failed: struck by lightning';
      expect(ended.stderr).toContain(said);
      const records = readRecords(join(folder, 'profile_export.jsonl'));
      const ids = records.map(({ metadata }) => metadata.x_request_id).sort();
      expect(ids.length).toBeGreaterThan(20);
      expect(ids).toEqual(requestIds(server));
      expect(readJson(join(folder, 'profile_export_aiperf.json'))).toMatchObject({
        ...{ is_complete: false, incomplete_reason: `${said}.` },
        request_count: { avg: records.filter(({ error }) => error === undefined).length },
      });
      expect(existsSync(join(folder, 'spool'))).toBe(false);
    } finally {
      server.close();
    }
  });

  it('in preparation: its error, and the others end', async () => {
    const server = await startScriptedServer((_request, response) => answerWhole(response));
    try {
      const ended = await profileWithBomb(server, temporaryFolder(), '2', bomb);
      expect(ended.code).toBe(1);
      expect(ended.stderr).toContain('struck by lightning');
    } finally {
      server.close();
    }
  });
});

describe('files that cannot be written', () => {
  const play = async (options: Options) => {
    const server = await startScriptedServer((_request, response) => answerWhole(response));
    const ended = await aiperf(
      profileWords({ ...synthetic, url: server.url, concurrency: 4, 'request-count': 60, ...options }),
    );
    server.close();
    return ended;
  };

  it.runIf(existsSync('/usr/bin/prlimit'))(
    'records that do not all fit: an error, and the summary',
    async () => {
      const folder = temporaryFolder();
      const server = await startScriptedServer((_request, response, number) => {
        // So large may a file of the process become from now on: more than the summary, less than the records.
        if (number === 1) execFileSync('/usr/bin/prlimit', ['--pid', `${run.child.pid}`, '--fsize=40000']);
        answerWhole(response);
      });
      const load = { url: server.url, concurrency: 4, 'request-count': 100, 'artifact-dir': folder };
      const run = startAiperf(profileWords({ ...synthetic, ...load }));
      const ended = await run.ended;
      server.close();
      expect(ended.code).toBe(1);
      const records = join(folder, 'profile_export.jsonl');
      expect(ended.stderr).toContain(`${records} could not be written any further: EFBIG: file too large`);
      expect(ended.stderr.trimEnd().split('\n').slice(1)).toEqual([]);
      expect(readRecords(records).length).toBeLessThan(100);
      expect(readJson(join(folder, 'profile_export_aiperf.json'))).toMatchObject({
        request_count: { avg: 100 },
      });
      expect(ended.stdout).toContain('Request Throughput');
    },
  );

  it('a disk that fills up in mid-run: errors, the whole report, and the lines that fitted', async (test) => {
    const disk = temporaryFolder();
    if (!mountTiny(disk)) return test.skip('a small file system cannot be mounted here');
    try {
      const ended = await play({ 'artifact-dir': disk, 'request-count': 800, 'export-inputs': 'never' });
      expect(ended.code).toBe(1);
      expect(ended.stderr).toContain('profile_export.jsonl could not be written any further: ENOSPC');
      expect(ended.stdout).toContain('Success Rate: 100% (0 errors)');
      // Only whole lines are left: they had the room that the spool of all 800, about 0.5 MB, did not take.
      expect(readRecords(join(disk, 'profile_export.jsonl')).length).toBeGreaterThan(10);
    } finally {
      execFileSync('/bin/umount', [disk]);
    }
  });

  it('a folder that cannot be made: an error before anything is sent', async () => {
    const file = join(temporaryFolder(), 'file');
    closeSync(openSync(file, 'w'));
    const ended = await play({ 'artifact-dir': join(file, 'run') });
    expect(ended.code).toBe(1);
    expect(panelText(ended.stderr)).toMatch(/The folder \S+ cannot be made .*--artifact-dir/);
  });
});

/** A file system of 768 KB, where this process may mount one: the lines of 800 records take 1 MB or more. */
function mountTiny(at: string): boolean {
  try {
    execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=768k', 'tmpfs', at], { stdio: 'ignore' });
  } catch {
    return false;
  }
  return true;
}

describe.each(['http', 'undici'])('times above 2^31 ms over %s', (transport) => {
  it('are not taken for no time at all', async () => {
    const server = await startScriptedServer((_, response) => setTimeout(answerWhole, 50, response));
    // 35 days.
    const long = 3_000_000;
    const folder = temporaryFolder();
    const ended = await aiperf(
      profileWords({
        ...{ ...synthetic, url: server.url, 'artifact-dir': folder, transport, concurrency: 2 },
        ...{ 'request-count': 8, 'request-timeout-seconds': long, 'connect-timeout-seconds': long },
        ...{ 'benchmark-duration': long, 'benchmark-grace-period': long, 'stall-timeout-seconds': long },
      }),
      { env: { AIPERF_HTTP_KEEPALIVE_TIMEOUT: `${long}`, AIPERF_TIMING_CANCEL_DRAIN_TIMEOUT: `${long}` } },
    );
    server.close();
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    const records = readRecords(join(folder, 'profile_export.jsonl'));
    expect(records.map(({ error }) => error)).toEqual(Array(8).fill(undefined));
  });
});
