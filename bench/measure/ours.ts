import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { ThreadUse } from './census.js';
import { CLIENT_CORE } from './machine.js';
import { argument } from './options.js';
import { type Finished, type RunOptions, run } from './process.js';
import { median } from './quantiles.js';
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

/** A build of the program under test. */
export interface Build {
  readonly name: string;
  readonly cli: string;
}

const thisBuild: Build = { name: 'ours', cli: ourCli };
const otherCheckout = argument('--before');

/** This checkout's build, and with `--before FOLDER` that of another built checkout, to be measured in turn. */
export const builds: readonly Build[] =
  otherCheckout === undefined
    ? [thisBuild]
    : [thisBuild, { name: 'before', cli: resolve(otherCheckout, 'dist/cli.js') }];

/** What each build was measured at, and the median of it. */
export class FiguresOfBuilds<Figures> {
  readonly #runs = new Map<Build, Figures[]>();

  add(build: Build, figures: Figures): void {
    this.#runs.set(build, [...(this.#runs.get(build) ?? []), figures]);
  }

  /** A median of each build's runs. */
  *medians(): Generator<[build: string, of: (pick: (run: Figures) => number) => number]> {
    for (const [{ name }, runs] of this.#runs) yield [name, (pick) => median(runs.map(pick))];
  }
}

interface OwnOptions extends RunOptions {
  /** Default: this checkout's. */
  readonly build?: Build;
  /** A terminal of this size, and no `--ui` of the bench; default: none. */
  readonly terminal?: { readonly columns: number; readonly rows: number };
}

/**
 * Runs the program against `url` on the client's core by default, its files in `folder`.
 * @throws Error with what it said when it fails.
 */
export async function runOurs(
  url: string,
  folder: string,
  args: readonly string[],
  { build = thisBuild, terminal, ...options }: OwnOptions = {},
): Promise<OwnRun> {
  const fixed = [
    '--url',
    url,
    '--model',
    'mock',
    '--tokenizer',
    'builtin',
    ...(terminal === undefined ? ['--ui', 'none'] : []),
    '--artifact-dir',
    folder,
  ];
  const command = [process.execPath, build.cli, 'profile', ...fixed, ...args];
  const finished = await run(terminal === undefined ? command : onTerminal(command, terminal), {
    core: CLIENT_CORE,
    ...options,
  });
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

/** Runs another command of the program. @throws Error with what it said when it fails. */
export async function runOurCommand(words: readonly string[]): Promise<Finished> {
  const finished = await run([process.execPath, ourCli, ...words]);
  const { exitCode, stdout, stderr } = finished;
  if (exitCode !== 0)
    throw new Error(`aiperf ${words.join(' ')} ended with ${exitCode}:\n${stderr || stdout}`);
  return finished;
}

/** The command on a pseudo-terminal of util-linux. */
function onTerminal(
  command: readonly string[],
  { columns, rows }: NonNullable<OwnOptions['terminal']>,
): string[] {
  const words = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`);
  return ['script', '-qefc', `stty cols ${columns} rows ${rows}; exec ${words.join(' ')}`, '/dev/null'];
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
