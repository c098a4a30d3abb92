import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import {
  aiperf,
  filesBelow,
  type Options,
  profileWords,
  readJson,
  readRecords,
  type Started,
  startAiperf,
  temporaryFolder,
} from './aiperf.js';
import { startScriptedServer, streamTokens } from './scripted-server.js';

const options: Options = {
  ...{ model: 'm', tokenizer: 'builtin', streaming: true, 'random-seed': 5, isl: 10, osl: 3 },
  ...{ 'request-rate': 150, 'arrival-pattern': 'constant', 'request-count': 5000, 'load-threads': 2 },
};

// Node runs this in every thread: the record thread stops once a file is there, as on a core that is not its own. The disk
// takes DISK_MS for a write, and a load thread can wait for no more than the head of its first segment.
const holdUp = join(temporaryFolder(), 'hold-up.cjs');
writeFileSync(
  holdUp,
  `const fs = require('node:fs');
   const { existsSync, writev, writevSync } = fs;
   const { workerData } = require('node:worker_threads');
   let heads = 1;
   fs.writevSync = (...words) => {
     if (workerData?.counters && heads-- <= 0) throw new Error('a load thread waits for the disk');
     return writevSync(...words);
   };
   fs.writev = (...words) => setTimeout(writev, Number(process.env.DISK_MS ?? 0), ...words);
   require('node:module').syncBuiltinESMExports();
   const forever = new Int32Array(new SharedArrayBuffer(4));
   if (workerData?.feeds)
     setInterval(() => existsSync(process.env.HOLD_UP) && Atomics.wait(forever, 0, 0), 10).unref();`,
);

const ANSWERED = 250;
const HELD_UP_AT = 100;

/**
 * A run whose record thread stops at the 100th request. `act` is called when the last of 250 requests was answered a
 * third of a second ago: five times as long as a finished record may take to the disk.
 */
async function starved(act: (started: Started) => void, more: Options = {}, diskMs = 0) {
  const folder = temporaryFolder();
  const hold = join(temporaryFolder(), 'hold');
  const done: string[] = [];
  let started: Started | undefined;
  const server = await startScriptedServer(({ headers }, response: ServerResponse, number) => {
    if (number > ANSWERED) return;
    if (number === HELD_UP_AT) writeFileSync(hold, '');
    done.push(String(headers['x-request-id']));
    streamTokens(response, ['x', ' y', ' z']);
    if (number === ANSWERED) void after(333).then(() => started && act(started));
  });
  try {
    started = startAiperf(profileWords({ ...options, url: server.url, 'artifact-dir': folder, ...more }), {
      env: { NODE_OPTIONS: `--require ${holdUp}`, HOLD_UP: hold, DISK_MS: String(diskMs) },
    });
    const ended = await started.ended;
    return { folder, ended, done: done.sort() };
  } finally {
    server.close();
  }
}

const recordsIn = (folder: string) => readRecords(join(folder, 'profile_export.jsonl'));

/** Ids of the successful requests in the file, each with what the file says of its tokens. */
function successes(folder: string) {
  const found = recordsIn(folder).filter(({ error }) => error === undefined);
  for (const { metrics } of found) {
    expect(metrics.output_sequence_length).toEqual({ value: 3, unit: 'tokens' });
    expect(metrics.input_sequence_length).toEqual({ value: 10, unit: 'tokens' });
  }
  return found.map(({ metadata }) => String(metadata.x_request_id)).sort();
}

describe('a run whose records come faster than they are counted', () => {
  it('and that is killed: the report adds every finished request once, and removes the spool', async () => {
    const { folder, ended, done } = await starved(({ child }) => child.kill('SIGKILL'));
    expect(ended.signal).toBe('SIGKILL');
    const counted = recordsIn(folder).length;
    expect(counted).toBeLessThan(ANSWERED - 20);
    // As a crash in the middle of two writes would leave it.
    appendFileSync(join(folder, 'profile_export.jsonl'), '{"metadata":{"session_num":7,"x_request');
    const segments = readdirSync(join(folder, 'spool')).filter((name) => name.startsWith('0-'));
    const segment = segments.sort().at(-1) ?? '';
    const half = readFileSync(join(folder, 'spool', segment)).subarray(64, 64 + 100);
    appendFileSync(join(folder, 'spool', segment), half);

    const report = await aiperf(['report', folder]);
    expect(report.code).toBe(0);
    expect(report.stderr).toBe(
      `Added ${ANSWERED - counted} records from the spool of the run to its files.\n` +
        'The last batch in the spool is cut off: its 100 bytes are left out.\n',
    );
    expect(successes(folder)).toEqual(done);
    expect(filesBelow(folder).filter((file) => file.startsWith('spool'))).toEqual([]);
    expect(readJson(join(folder, 'profile_export_aiperf.json'))).toMatchObject({
      ...{ request_count: { avg: ANSWERED }, output_sequence_length: { avg: 3 }, is_complete: false },
    });
    // A second report finds nothing to add.
    expect(await aiperf(['report', folder])).toMatchObject({ code: 0, stderr: '' });
    expect(successes(folder)).toEqual(done);
  });

  it('and that is interrupted, on a slow disk: ends without them, and nothing is missing', async () => {
    const { folder, ended, done } = await starved(({ child }) => child.kill('SIGINT'), {}, 50);
    expect(ended.code).toBe(130);
    expect(ended.stderr).toContain(`All finished requests are kept; show them with: aiperf report ${folder}`);
    const report = await aiperf(['report', folder]);
    expect(report.stderr).toMatch(/^Added \d+ records from the spool of the run to its files\.\n/);
    expect(successes(folder)).toEqual(done);
    // Requests that were in flight have a record each as well.
    const cut = recordsIn(folder).filter(({ error }) => error !== undefined);
    expect(cut.length).toBeGreaterThan(0);
    for (const { error } of cut) {
      expect(error?.message).toBe('Request cancelled: the run was interrupted while it was in flight');
    }
  });

  it.each(['summary', 'raw'])('with --export-level %s as well', async (level) => {
    const { folder, done } = await starved(({ child }) => child.kill('SIGKILL'), { 'export-level': level });
    const report = await aiperf(['report', folder]);
    expect(report.code).toBe(0);
    expect(successes(folder)).toEqual(done);
    if (level === 'summary') return;
    const raw = readRecords(join(folder, 'profile_export_raw.jsonl'));
    expect(raw.map(({ metadata }) => String(metadata.x_request_id)).sort()).toEqual(done);
  });
});

describe('a run that ends in order', () => {
  it.each(['summary', 'records', 'raw'])('with --export-level %s leaves no spool', async (level) => {
    const folder = temporaryFolder();
    const server = await startScriptedServer((_request, response) => streamTokens(response, ['x', ' y']));
    try {
      const words = { ...options, url: server.url, 'artifact-dir': folder, 'request-count': 20 };
      const ended = await aiperf(profileWords({ ...words, 'export-level': level }));
      expect(ended).toMatchObject({ code: 0, stderr: '' });
      expect(existsSync(join(folder, 'spool'))).toBe(false);
      expect(readJson(join(folder, 'profile_export_aiperf.json'))).toMatchObject({
        request_count: { avg: 20 },
      });
    } finally {
      server.close();
    }
  });
});
