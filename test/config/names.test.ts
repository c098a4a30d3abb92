import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { artifactDirectory } from '../../src/config/artifact-directory.js';
import { exportBase, isExportPrefix } from '../../src/config/names.js';
import { profile } from './profile-options.js';

const file = join(mkdtempSync(join(tmpdir(), 'aiperf-names-')), 'rows.jsonl');
writeFileSync(file, '{"text":"a","timestamp":0}\n');

describe('the artifact directory', () => {
  it.each([
    ['-m Qwen/Qwen3-0.6B --concurrency 10', 'artifacts/Qwen_Qwen3-0.6B-openai-chat-concurrency10'],
    ['-m qwen3-0.6b --concurrency 100', 'artifacts/qwen3-0.6b-openai-chat-concurrency100'],
    ['-m m --endpoint-type completions', 'artifacts/m-openai-completions-concurrency1'],
    ['-m a/b/c,d', 'artifacts/a_b_c_multi-openai-chat-concurrency1'],
    ['-m m --request-rate 20', 'artifacts/m-openai-chat-request_rate20.0'],
    ['-m m --request-rate 0.5 --concurrency 8', 'artifacts/m-openai-chat-concurrency8-request_rate0.5'],
    ['-m m --request-rate 32', 'artifacts/m-openai-chat-request_rate32.0'],
    [`-m m --fixed-schedule --concurrency 8 --input-file ${file}`, 'artifacts/m-openai-chat-fixed_schedule'],
    [
      '-m m --user-centric-rate 2 --num-users 3 --concurrency 8 --session-turns-mean 2',
      'artifacts/m-openai-chat-user_centric-users3-qps2.0',
    ],
    [
      '-m m --user-centric-rate 1.25 --num-users 10 --session-turns-mean 2',
      'artifacts/m-openai-chat-user_centric-users10-qps1.25',
    ],
    ['-m m --warmup-request-rate 5 --warmup-duration 1', 'artifacts/m-openai-chat-concurrency1'],
    ['-m a --artifact-dir out/x', 'out/x'],
    ['-m a --output-artifact-dir /tmp/x/', '/tmp/x/'],
  ])('%s', async (line, directory) => {
    expect(artifactDirectory((await profile(line)).config)).toBe(directory);
  });
});

describe('what names of files begin with', () => {
  it.each([
    'foo',
    'foo.json',
    'foo.jsonl',
    'foo.csv',
    'foo.parquet',
    'foo_raw.jsonl',
    'foo_series.jsonl',
    'foo_console.txt',
    'foo_timeslices.csv',
    'foo_timeslices.json',
    'foo_network_latency.jsonl',
    'foo_gpu_telemetry.jsonl',
    'foo_server_metrics.csv',
    'foo_server_metrics.json',
    'foo_server_metrics.jsonl',
    'foo_server_metrics.parquet',
  ])('%s means foo', (prefix) => {
    expect(exportBase(prefix)).toBe('foo');
  });

  it.each([
    ['foo.json.csv', 'foo.json'],
    ['foo_raw.jsonl.json', 'foo_raw.jsonl'],
    ['foo_raw', 'foo_raw'],
    ['foo.txt', 'foo.txt'],
  ])('%s: one ending is stripped, leaving %s', (prefix, base) => {
    expect(exportBase(prefix)).toBe(base);
  });
});

it.each([
  ['run-1', true],
  ['é'.repeat(100), true],
  ['é'.repeat(101), false],
  ['x'.repeat(201), false],
  ['.x', false],
  ['a/b', false],
  ['inputs', false],
])('the prefix %j', (prefix, isValid) => {
  expect(isExportPrefix(prefix)).toBe(isValid);
});
