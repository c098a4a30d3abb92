import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MockServer, startMockServer } from '../../../src/mock-server/server.js';
import {
  aiperf,
  type Options,
  panelText,
  profileWords,
  type Started,
  startAiperf,
  temporaryFolder,
} from '../../e2e/aiperf.js';

let server: MockServer;
beforeAll(async () => {
  server = await startMockServer({ port: 0, ttftMs: 1, itlMs: 1, outputTokens: 2 });
});
afterAll(() => server.close());

/** A run of three requests into the folder, or one that lasts as `load` says. */
function profile(folder: string, load: Options = { 'request-count': 3 }): string[] {
  return profileWords({
    ...{ model: 'm', tokenizer: 'builtin', url: `http://127.0.0.1:${server.port}`, isl: 10 },
    ...{ 'artifact-dir': folder, ...load },
  });
}

/** Starts `aiperf kube run` on the folder. */
function kubeRun(
  folder: string,
  seconds: number,
  command: readonly string[],
  more: readonly string[] = [],
): Started {
  const own = ['--artifacts', folder, '--wait-for-copy', String(seconds), '--namespace', 'bench', ...more];
  return startAiperf(['kube', 'run', ...own, '--', ...command]);
}

/** Comes back when a record is in the folder. */
async function firstRecord(folder: string): Promise<void> {
  const records = join(folder, 'profile_export.jsonl');
  while (!existsSync(records) || readFileSync(records, 'utf8') === '') await sleep(20);
}

/** Comes back when the process has said that it waits. */
async function waiting({ child }: Started): Promise<string> {
  let said = '';
  for await (const text of child.stdout?.iterator({ destroyOnReturn: false }) ?? []) {
    said += text;
    if (said.includes('touch')) return said;
  }
  throw new Error(`it did not wait: ${said}`);
}

describe('aiperf kube run', () => {
  it('says how to copy the files, waits for the mark, and ends with the exit code of the run', async () => {
    const folder = temporaryFolder();
    const started = kubeRun(folder, 600, profile(folder));
    const said = await waiting(started);
    expect(said).toContain(
      [
        'The run ended with exit code 0. This Pod waits 600 s for its files to be copied:',
        `  kubectl cp -n bench ${hostname()}:${folder} artifacts`,
        'To end the wait:',
        `  kubectl exec -n bench ${hostname()} -- touch ${folder}/.copied`,
      ].join('\n'),
    );
    expect(said.indexOf('LLM Metrics')).toBeLessThan(said.indexOf('The run ended'));
    expect(readFileSync(join(folder, 'profile_export.jsonl'), 'utf8').trimEnd().split('\n')).toHaveLength(3);
    writeFileSync(join(folder, '.copied'), '');
    expect(await started.ended).toMatchObject({ code: 0, stderr: '' });
  });

  it('waits no longer than it may, also after a run that failed', async () => {
    const folder = temporaryFolder();
    const { code, stdout, stderr } = await kubeRun(folder, 0.1, ['profile', '--config', 'none.yaml']).ended;
    expect(code).toBe(1);
    expect(stdout).toContain('The run ended with exit code 1. This Pod waits 0.1 s');
    expect(panelText(stderr)).toContain("--config must be the path of an existing file, got 'none.yaml'.");
  });

  it('does not take the mark of an earlier run for its own, and does not wait for 0 s', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, '.copied'), '');
    const { code, stdout } = await kubeRun(folder, 0, ['--version']).ended;
    expect({ code, stdout }).toEqual({ code: 0, stdout: '0.1.0\n' });
    expect(existsSync(join(folder, '.copied'))).toBe(false);
  });

  it('hands a signal on to the run, which keeps what it has, and leaves', async () => {
    const folder = temporaryFolder();
    const started = kubeRun(folder, 600, profile(folder, { 'benchmark-duration': 600 }));
    await firstRecord(folder);
    started.child.kill('SIGTERM');
    const { code, stdout } = await started.ended;
    expect(code).toBe(130);
    expect(stdout).not.toContain('waits for its files');
    expect(existsSync(join(folder, 'profile_export_aiperf.json'))).toBe(true);
  });

  it('ends the run on SIGINT, and waits for its files to be copied', async () => {
    const folder = temporaryFolder();
    const started = kubeRun(folder, 600, profile(folder, { 'benchmark-duration': 600 }));
    await firstRecord(folder);
    started.child.kill('SIGINT');
    expect(await waiting(started)).toContain('The run ended with exit code 130. This Pod waits 600 s');
    started.child.kill('SIGINT');
    expect(await started.ended).toMatchObject({ code: 130, signal: null });
  });

  it('does not end a run that another Pod goes on with', async () => {
    const folder = temporaryFolder();
    const started = kubeRun(folder, 600, profile(folder, { 'benchmark-duration': 600 }), ['--resumable']);
    await firstRecord(folder);
    started.child.kill('SIGTERM');
    expect(await started.ended).toMatchObject({ code: 143, signal: null });
    expect(existsSync(join(folder, 'profile_export_aiperf.json'))).toBe(false);
  });

  it('does not wait for files that there are not', async () => {
    const folder = temporaryFolder();
    const { code, stdout } = await kubeRun(folder, 600, ['--version'], ['--if-files']).ended;
    expect({ code, stdout }).toEqual({ code: 0, stdout: '0.1.0\n' });
    writeFileSync(join(folder, 'records'), '');
    const left = await kubeRun(folder, 0.1, ['--version'], ['--if-files']).ended;
    expect(left.stdout).toContain('The run ended with exit code 0. This Pod waits 0.1 s');
  });

  it('leaves while it waits, with the exit code of the run', async () => {
    const folder = temporaryFolder();
    const started = kubeRun(folder, 600, profile(folder));
    await waiting(started);
    started.child.kill('SIGTERM');
    expect(await started.ended).toMatchObject({ code: 0, signal: null });
  });

  it('hands --help on as well', async () => {
    const { code, stdout } = await kubeRun(temporaryFolder(), 0, ['profile', '--help']).ended;
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Usage: aiperf profile \[options\]\n/);
  });

  it('needs a command', async () => {
    const { code, stderr } = await aiperf(['kube', 'run', '--artifacts', '.']);
    expect(code).toBe(1);
    expect(panelText(stderr)).toBe(
      '<command> is required: write the command to run after --, e.g. aiperf kube run -- profile --config run.yaml.',
    );
  });
});
