import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { profileWords, readRecords, startAiperf, temporaryFolder } from '../e2e/aiperf.js';
import { startScriptedServer, streamTokens } from '../e2e/scripted-server.js';
import { freePort } from './free-port.js';

/** The processes that a process has started. */
function childrenOf(pid: number | undefined): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
}

/** Whether a process runs: one that has ended may wait for its parent to notice. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** A run of 20 requests with a view. @param act called at the tenth, with the process of the run and that of the views. */
async function watched(act: (run: number, views: number) => void, env: Record<string, string> = {}) {
  const folder = temporaryFolder();
  const server = await startScriptedServer((_, response, number) => {
    if (number === 10) act(started.child.pid ?? 0, childrenOf(started.child.pid)[0] ?? 0);
    streamTokens(response, ['x', ' y']);
  });
  const started = startAiperf(
    profileWords({
      ...{ model: 'm', tokenizer: 'builtin', streaming: true, isl: 10, osl: 3, url: server.url },
      ...{ 'request-rate': 40, 'request-count': 20, 'artifact-dir': folder, 'api-port': await freePort() },
      ui: 'simple',
    }),
    { env },
  );
  try {
    return { ...(await started.ended), folder };
  } finally {
    server.close();
  }
}

describe.runIf(process.platform === 'linux')('a view process that fails', () => {
  it.concurrent('in mid-run costs a warning, and the run goes on', async () => {
    const { code, stderr, folder } = await watched((_, views) => process.kill(views, 'SIGKILL'));
    expect(stderr.match(/WARNING .*ended early.*/g)).toEqual([
      'WARNING  The live views ended early (SIGKILL). The run goes on.',
    ]);
    expect(code).toBe(0);
    expect(readRecords(join(folder, 'profile_export.jsonl'))).toHaveLength(20);
  });

  it.concurrent('at its start costs the same', async () => {
    const script = join(temporaryFolder(), 'fail.cjs');
    writeFileSync(script, "if (process.argv[1]?.endsWith('views/process.js')) process.exit(7);");
    const { code, stderr, folder } = await watched(() => {}, { NODE_OPTIONS: `--require ${script}` });
    expect(stderr.match(/WARNING .*ended early.*/g)).toEqual([
      'WARNING  The live views ended early (exit code 7). The run goes on.',
    ]);
    expect(code).toBe(0);
    expect(readRecords(join(folder, 'profile_export.jsonl'))).toHaveLength(20);
  });

  it.concurrent('ends when the process of the run is killed', async () => {
    let left = 0;
    await watched((run, views) => {
      left = views;
      process.kill(run, 'SIGKILL');
    });
    expect(left).toBeGreaterThan(0);
    for (let i = 0; i < 100 && isRunning(left); i++) await sleep(100);
    expect(isRunning(left)).toBe(false);
  });
});
