import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { Census, type Population } from './census.js';
import { endWithBench } from './leftovers.js';
import { type Core, pinned } from './machine.js';

/** How a command ended and what it cost, all its processes together. */
export interface Finished {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly wallSeconds: number;
  /** User and system time of the command and of all its descendants that were waited for. */
  readonly cpuSeconds: number;
  /** CLOCK_MONOTONIC just before it was started, ns. */
  readonly startedNs: number;
  readonly population: Population;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Default: any. */
  readonly core?: Core;
  /** Kills it, and all its descendants that are still its own, after so long. */
  readonly timeoutSeconds?: number;
  /** Default: true. Watching takes up to 4 ms of a core ten times a second, which shows in stamps. */
  readonly isWatched?: boolean;
  /** Called once it runs. */
  readonly onStart?: (child: ChildProcess) => void;
}

/** Runs a command to its end and measures it. */
export async function run(command: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const placed = pinned(options.core ?? 'any', command);
  // The shell's `times` is the one way to the CPU time of a child and its children without a native module.
  const script = '"$@"; status=$?; times >&3; exit $status';
  const startedNs = monotonicNs();
  const child = spawn('sh', ['-c', script, 'sh', ...placed], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    detached: true,
  });
  endWithBench(child);
  const kill = () => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  };
  const timer =
    options.timeoutSeconds === undefined ? undefined : setTimeout(kill, options.timeoutSeconds * 1000);
  const census = options.isWatched === false ? undefined : new Census(child.pid ?? 0);
  options.onStart?.(child);
  const [, stdoutPipe, stderrPipe, timesPipe] = child.stdio;
  const read = (pipe: unknown) => text(pipe as NodeJS.ReadableStream);
  const [stdout, stderr, times, [exitCode]] = await Promise.all([
    read(stdoutPipe),
    read(stderrPipe),
    read(timesPipe),
    once(child, 'exit'),
  ]);
  clearTimeout(timer);
  return {
    exitCode: typeof exitCode === 'number' ? exitCode : 137,
    stdout,
    stderr,
    wallSeconds: (monotonicNs() - startedNs) / 1e9,
    cpuSeconds: childSeconds(times),
    startedNs,
    population: census?.end() ?? { peakMb: Number.NaN, processes: Number.NaN, threads: [], timeline: [] },
  };
}

/** CLOCK_MONOTONIC, ns: the clock of every process of the machine. */
function monotonicNs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e9 + nanoseconds;
}

/** The second line of `times`: `0m4.310000s 0m0.900000s`. */
function childSeconds(times: string): number {
  const line = times.trim().split('\n')[1] ?? '';
  let seconds = 0;
  for (const [, minutes, rest] of line.matchAll(/(\d+)m([\d.]+)s/g))
    seconds += Number(minutes) * 60 + Number(rest);
  return line === '' ? Number.NaN : seconds;
}
