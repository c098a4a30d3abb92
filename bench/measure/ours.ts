import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ThreadUse } from './census.js';
import { CLIENT_CORE } from './machine.js';
import { type Finished, type RunOptions, run } from './process.js';
import { ourCli } from './servers.js';

/** A run of `aiperf profile`, measured from outside. */
export interface OwnRun extends Finished {
  readonly folder: string;
  /** CPU time of the load threads, as far as seen a tenth of a second before their end. */
  readonly loadCpuSeconds: number;
  /** All other threads: records, main, and those of V8 and libuv. */
  readonly restCpuSeconds: number;
  readonly requests: number;
  readonly errors: number;
  /** From the run's own summary. */
  readonly requestsPerSecond: number;
  readonly tokensPerSecond: number;
  readonly durationSeconds: number;
}

/**
 * Runs the program against `url` on the client's core, its files in `folder`.
 * @throws Error with what it said when it fails.
 */
export async function runOurs(
  url: string,
  folder: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<OwnRun> {
  const fixed = [
    '--url',
    url,
    '--model',
    'mock',
    '--tokenizer',
    'builtin',
    '--ui',
    'none',
    '--artifact-dir',
    folder,
  ];
  const command = [process.execPath, ourCli, 'profile', ...fixed, ...args];
  const finished = await run(command, { core: CLIENT_CORE, ...options });
  if (finished.exitCode !== 0)
    throw new Error(
      `${command.join(' ')} ended with ${finished.exitCode}:\n${finished.stderr || finished.stdout}`,
    );
  const summary = JSON.parse(readFileSync(join(folder, 'profile_export_aiperf.json'), 'utf8'));
  const value = (tag: string): number => summary[tag]?.avg ?? 0;
  const loadCpuSeconds = sum(loadThreads(finished.population.threads).map((thread) => thread.cpuSeconds));
  return {
    ...finished,
    folder,
    loadCpuSeconds,
    restCpuSeconds: finished.cpuSeconds - loadCpuSeconds,
    requests: value('request_count'),
    errors: value('error_request_count'),
    requestsPerSecond: value('request_throughput'),
    tokensPerSecond: value('output_token_throughput'),
    durationSeconds: value('benchmark_duration'),
  };
}

/**
 * Node names all threads alike. Load threads are those that read: each event is a read call, while the main thread
 * reads a few hundred files and the record thread only writes.
 */
function loadThreads(threads: readonly ThreadUse[]): ThreadUse[] {
  const most = Math.max(0, ...threads.map(({ reads }) => reads));
  return threads.filter(({ pid, tid, reads }) => pid !== tid && reads > most / 10);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
