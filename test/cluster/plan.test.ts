import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openNats, openStore } from '../../src/cluster/nats/connection.js';
import { fetchFiles, storeFiles } from '../../src/cluster/plan/plan-files.js';
import { putTogether, takeApart } from '../../src/cluster/plan/round-plan.js';
import { prepareRun } from '../../src/commands/profile/prepare.js';
import { profile } from '../config/profile-options.js';
import { hasNatsServer, startNats } from './nats-server.js';

const folder = mkdtempSync(join(tmpdir(), 'aiperf-plan-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function prepared(line: string) {
  const { config } = await profile(
    `--model m --tokenizer builtin --random-seed 5 --isl 12 --concurrency 2 --request-count 4 --url http://localhost:1 ${line}`.trim(),
  );
  return prepareRun(config, { version: '1', env: {} }, () => {});
}

const needs = { loadThreads: undefined, workersMax: undefined, concurrency: 1, connections: 1 };

describe('a plan for agents', () => {
  it('comes back as it was, and what is stored holds no secret', async () => {
    const { load } = await prepared('--api-key sk-0123456789 --header x-pass:open-sesame');
    const { bytes, hidden, hash } = takeApart({ load, needs, kept: { any: 1n } }, []);
    expect(Buffer.from(bytes).includes('sk-0123456789')).toBe(false);
    expect(Buffer.from(bytes).includes('open-sesame')).toBe(false);
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    const { load: copy, needs: own } = putTogether(bytes, hidden);
    expect(copy).toEqual({
      ...load,
      phases: load.phases.map((phase) => ({ ...phase, failureLimit: undefined })),
    });
    expect(own).toEqual(needs);
  });

  it('has the same digest in every process that prepares it', async () => {
    const digest = async (line: string) =>
      takeApart({ load: (await prepared(line)).load, needs, kept: undefined }, []).hash;
    expect(await digest('')).toBe(await digest('--api-key other'));
    expect(await digest('')).not.toBe(await digest('--isl-stddev 2'));
  });

  it.skipIf(!hasNatsServer)('brings the files that an agent lacks, or has otherwise', async () => {
    const server = await startNats();
    const nats = await openNats({ url: server.url, token: undefined, tls: undefined }, 'test', () => 0);
    const store = await openStore(nats, 'files');
    const theirs = join(folder, 'tokenizer');
    mkdirSync(theirs);
    writeFileSync(join(theirs, 'tokenizer.json'), 'x'.repeat(300_000));
    const { load } = await prepared('');
    const corrector = { kind: 'files', name: 't', folder: theirs } as const;
    const plan = { ...load, prompts: { ...load.prompts, corrector } };
    const files = await storeFiles(store, plan);
    expect(await fetchFiles(store, plan, files, join(folder, 'unused'))).toBe(plan);
    writeFileSync(join(theirs, 'tokenizer.json'), 'changed');
    const fetched = await fetchFiles(store, plan, files, join(folder, 'here'));
    const at = join(folder, 'here', 'tokenizer');
    expect(fetched.prompts.corrector).toEqual({ ...corrector, folder: at });
    expect(readFileSync(join(at, 'tokenizer.json'), 'utf8')).toBe('x'.repeat(300_000));
    await nats.close();
    await server.kill();
  });
});
