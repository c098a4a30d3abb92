import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTokenizer } from '../../src/dataset/tokenizer/open.js';
import { type MockServer, startMockServer } from '../../src/mock-server/server.js';
import {
  aiperf,
  type Ended,
  filesBelow,
  type Options,
  profileWords,
  readJson,
  readRecords,
  temporaryFolder,
  withTelemetry,
} from './aiperf.js';

let server: MockServer;

beforeAll(async () => {
  server = await startMockServer({ port: 0, ttftMs: 5, itlMs: 1 });
});
afterAll(() => server.close());

/** The founding command, smaller and with a seed. */
async function profile(options: Options): Promise<{ ended: Ended; folder: string }> {
  const folder = join(temporaryFolder(), 'run');
  const founding = {
    model: 'qwen3-0.6b',
    url: `http://127.0.0.1:${server.port}`,
    'endpoint-type': 'chat',
    streaming: true,
    concurrency: 20,
    'request-count': 60,
    isl: 1000,
    osl: 20,
    tokenizer: 'Qwen/Qwen3-0.6B',
  } as const;
  const words = profileWords({
    ...founding,
    ...withTelemetry,
    'random-seed': 11,
    'artifact-dir': folder,
    ...options,
  });
  return { ended: await aiperf(words), folder };
}

describe('the founding command, in small', () => {
  let ended: Ended;
  let folder: string;
  beforeAll(async () => {
    ({ ended, folder } = await profile({}));
  });

  it('ends well and says nothing but its report', () => {
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(ended.stderr).toBe('');
    const [title] = ended.stdout.trimStart().split('\n');
    expect(title?.trim()).toBe('AIPerf | LLM Metrics');
    const value = (label: string) =>
      ended.stdout
        .split('\n')
        .find((line) => line.includes(`│ ${label} │`) || line.includes(` ${label} │`))
        ?.split('│')[2]
        ?.trim();
    expect(value('Output Sequence Length (tokens)')).toBe('20.00');
    expect(value('Input Sequence Length (tokens)')).toBe('1,000.00');
    expect(value('Request Count (requests)')).toBe('60.00');
    expect(value('Request Error Rate (%)')).toBe('0.00');
    expect(ended.stdout).toContain('\nSuccess Rate: 100% (0 errors)\n');
    const footer = ended.stdout.slice(ended.stdout.indexOf('\nCLI Command: '));
    expect([...footer.matchAll(/^([\w ]+): \//gm)].map((match) => match[1])).toEqual([
      'CSV Export',
      'JSON Export',
      'Records Export',
      'Server Metrics CSV Export',
      'Server Metrics JSON Export',
      'Log File',
    ]);
  });

  it('leaves these files and no others', () => {
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
      'server_metrics_export.csv',
      'server_metrics_export.json',
    ]);
  });

  it('prints to the console file what it prints to stdout, up to the footer', () => {
    const text = readFileSync(join(folder, 'profile_export_console.txt'), 'utf8');
    expect(text).toContain('┏');
    expect(ended.stdout.startsWith(text)).toBe(true);
    expect(ended.stdout.slice(text.length).trimStart()).toMatch(/^CLI Command: aiperf profile /);
  });

  it('records every request once, 1,000 tokens in and 20 out', () => {
    const records = readRecords(join(folder, 'profile_export.jsonl'));
    expect(records).toHaveLength(60);
    const numbers = records.map(({ metadata }) => Number(metadata.session_num));
    expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, i) => i));
    expect(new Set(records.map(({ metadata }) => metadata.x_request_id)).size).toBe(60);
    expect(new Set(records.map(({ metadata }) => metadata.conversation_id)).size).toBe(60);
    for (const { metrics } of records) {
      expect(metrics.input_sequence_length).toEqual({ value: 1000, unit: 'tokens' });
      expect(metrics.output_sequence_length).toEqual({ value: 20, unit: 'tokens' });
    }
    const summary = readJson(join(folder, 'profile_export_aiperf.json'));
    // 60 requests of 1,000 tokens in and 20 out.
    expect(summary.request_count).toEqual({ unit: 'requests', avg: 60 });
    expect(summary.total_isl).toEqual({ unit: 'tokens', avg: 60_000 });
    expect(summary.total_osl).toEqual({ unit: 'tokens', avg: 1200 });
    expect(summary.error_summary).toEqual([]);
    expect(summary.is_complete).toBe(true);
  });

  it('sent prompts that encode to exactly 1,000 tokens, all different', () => {
    const { data } = readJson(join(folder, 'inputs.json'));
    const tokenizer = openTokenizer({ kind: 'shipped', name: 'Qwen/Qwen3-0.6B' });
    const texts: string[] = data.map((session: Session) => session.payloads[0]?.messages[0]?.content);
    expect(texts.map((text) => tokenizer.count(text))).toEqual(new Array(60).fill(1000));
    expect(new Set(texts).size).toBe(60);
  });

  it('makes byte-identical inputs from the same seed', async () => {
    const again = await profile({});
    expect(again.ended).toMatchObject({ code: 0, stderr: '' });
    const inputs = (of: string) => readFileSync(join(of, 'inputs.json'));
    expect(inputs(again.folder).equals(inputs(folder))).toBe(true);
  });
});

interface Session {
  readonly session_id: string;
  readonly payloads: { readonly messages: { readonly content: string }[] }[];
}

describe('several load threads', () => {
  it('send the same conversations with the same bodies as one', async () => {
    // Every 200 in flight get a thread of their own: 450 make three.
    const runs = await Promise.all(['1', '3'].map((workers) => sent(workers)));
    const [one, three] = runs;
    expect(one?.workers).toBe(1);
    expect(three?.workers).toBe(3);
    expect(one?.bodies.size).toBe(450);
    expect(three?.bodies).toEqual(one?.bodies);
    expect(three?.inputs).toBe(one?.inputs);
    expect(three?.numbers).toEqual(Array.from({ length: 450 }, (_, i) => i));
  });

  /** What went over the wire, from the raw records. */
  async function sent(workers: string) {
    const { ended, folder } = await profile({
      ...{ 'load-threads': workers, concurrency: 450, 'request-count': 450, isl: 20, osl: 2 },
      'export-level': 'raw',
    });
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    const records = readRecords(join(folder, 'profile_export_raw.jsonl'));
    return {
      inputs: readFileSync(join(folder, 'inputs.json'), 'utf8'),
      workers: new Set(records.map(({ metadata }) => metadata.worker_id)).size,
      numbers: records.map(({ metadata }) => Number(metadata.session_num)).sort((a, b) => a - b),
      bodies: new Map(
        records
          .map(({ text, metadata }): [string, string] => [
            String(metadata.conversation_id),
            text.slice(text.indexOf('"payload":')),
          ])
          .sort(([a], [b]) => (a < b ? -1 : 1)),
      ),
    };
  }
});

describe('the files of a run', () => {
  const small = { concurrency: 2, 'request-count': 2, isl: 10, osl: 2 };
  const withRecords = ['profile_export.jsonl', 'profile_export_series.jsonl'];
  const always = [
    '.aiperf_results_ready.json',
    'inputs.json',
    'logs/aiperf.log',
    'profile_export_console.txt',
    'run_config.json',
  ];
  const summaries = [
    ...['profile_export_aiperf.csv', 'profile_export_aiperf.json'],
    ...['server_metrics_export.csv', 'server_metrics_export.json'],
  ];

  it('--export-level summary leaves the records out', async () => {
    const { folder } = await profile({ ...small, 'export-level': 'summary' });
    expect(filesBelow(folder)).toEqual([...always, ...summaries].sort());
  });

  it('--export-level raw adds whole requests and answers', async () => {
    const { folder, ended } = await profile({ ...small, 'export-level': 'raw' });
    expect(filesBelow(folder)).toEqual(
      [...always, ...summaries, ...withRecords, 'profile_export_raw.jsonl'].sort(),
    );
    expect(ended.stdout).toMatch(/^Raw Records: \/.*\/profile_export_raw\.jsonl$/m);
    const [raw] = readRecords(join(folder, 'profile_export_raw.jsonl'));
    expect(Object.keys(JSON.parse(raw?.text ?? ''))).toEqual([
      'metadata',
      'start_perf_ns',
      'request_headers',
      'status',
      'responses',
      'payload',
    ]);
  });

  it.each(['foo', 'foo.json', 'foo_raw.jsonl'])('--profile-export-prefix %s', async (prefix) => {
    const { folder } = await profile({ ...small, 'export-level': 'raw', 'profile-export-prefix': prefix });
    expect(filesBelow(folder)).toEqual(
      [
        '.aiperf_results_ready.json',
        'foo.csv',
        'foo.json',
        'foo.jsonl',
        'foo_console.txt',
        'foo_raw.jsonl',
        'foo_series.jsonl',
        'foo_server_metrics.csv',
        'foo_server_metrics.json',
        'inputs.json',
        'logs/aiperf.log',
        'run_config.json',
      ].sort(),
    );
  });

  it('--export-inputs never leaves inputs.json out', async () => {
    const { folder } = await profile({ ...small, 'export-inputs': 'never' });
    expect(filesBelow(folder)).not.toContain('inputs.json');
  });

  it('go to a folder named after the run where none is named', async () => {
    const cwd = temporaryFolder();
    const words = profileWords({
      ...withTelemetry,
      ...{ model: 'Qwen/Qwen3-0.6B', url: `http://127.0.0.1:${server.port}`, streaming: true },
      ...{ concurrency: 4, 'request-count': 4, isl: 10, osl: 2 },
    });
    const ended = await aiperf(words, { cwd });
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    const folder = 'artifacts/Qwen_Qwen3-0.6B-openai-chat-concurrency4';
    expect(filesBelow(cwd)).toEqual(
      [...always, ...summaries, ...withRecords].map((name) => `${folder}/${name}`).sort(),
    );
  });
});
