import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { materialOptions } from '../../src/commands/profile/material-options.js';
import { readManifest, recordedCooldown, writeManifest } from '../../src/commands/profile/series/manifest.js';
import { completeResults } from '../../src/commands/profile/series/results.js';
import { filesIn } from '../../src/run/files.js';
import { profile } from '../config/profile-options.js';

const folder = mkdtempSync(join(tmpdir(), 'aiperf-series-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('what a run of a series left', () => {
  const files = filesIn(folder, undefined);
  const file = files.json;
  const whole = {
    ...{ is_complete: true, run_info: { sweep_id: 'a', first_session: 3 } },
    fidelity: { verdict: 'client limited' },
    request_count: { unit: 'requests', avg: 9 },
    request_throughput: { unit: 'requests/sec', avg: 5 },
  };
  it.each([
    ['complete, of this series', JSON.stringify(whole), true],
    ['of another series', JSON.stringify({ ...whole, run_info: { sweep_id: 'b' } }), false],
    ['of a single run', JSON.stringify({ ...whole, run_info: {} }), false],
    ['cut short', JSON.stringify({ ...whole, is_complete: false }), false],
    ['without a successful request', JSON.stringify({ ...whole, request_count: { avg: 0 } }), false],
    ['half written', JSON.stringify(whole).slice(0, 60), false],
  ])('%s', (_name, text, isComplete) => {
    writeFileSync(file, text);
    expect(completeResults(files, 'a') !== undefined).toBe(isComplete);
  });

  it('its metrics, whether this client was the limit, and where it began', () => {
    writeFileSync(file, JSON.stringify(whole));
    expect(completeResults(files, 'a')).toEqual({
      facts: { isComplete: true, sweepId: 'a', firstSession: 3, fidelity: { verdict: 'client limited' } },
      summary: {
        results: [
          { tag: 'request_count', unit: 'requests', statistics: { avg: 9 } },
          { tag: 'request_throughput', unit: 'requests/sec', statistics: { avg: 5 } },
        ],
      },
    });
    expect(completeResults(filesIn(join(folder, 'none'), undefined), 'a')).toBeUndefined();
  });
});

describe('the configuration of a series', () => {
  const optionsOf = async (line: string) =>
    materialOptions((await profile(`--model m ${line}`)).points.map(({ config }) => config));

  it('lists are told apart, what only shows or names results is not', async () => {
    const options = await optionsOf('--concurrency 2,4');
    expect(options['--concurrency']).toBe('2,4');
    const shown = '--artifact-dir x --ui none --num-gpus 2 --resume --report --strict-fidelity';
    expect(await optionsOf(`--concurrency 2,4 ${shown}`)).toEqual(options);
    expect(await optionsOf('--concurrency 2,8')).not.toEqual(options);
    expect(await optionsOf('--concurrency 2,4 --goodput request_latency:5')).not.toEqual(options);
  });

  it('holds no secret', async () => {
    const words = [
      '--model',
      'm',
      '--concurrency',
      '2,4',
      '--api-key',
      's3cr3t',
      '--header',
      'Authorization: s3cr3t',
    ];
    const { points } = await profile(words);
    const manifest = {
      ...{ sweepId: 'a', seeds: [42], files: [] },
      options: materialOptions(points.map(({ config }) => config)),
    };
    expect(writeManifest(folder, manifest, 30)).toEqual([]);
    expect(JSON.stringify(readManifest(folder, manifest))).not.toContain('s3cr3t');
    expect(recordedCooldown(folder)).toBe(30);
  });
});
