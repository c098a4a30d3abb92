import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { argument } from './options.js';

/** The folder of the package: this file runs from `dist-bench/measure/`. */
export const packageFolder = fileURLToPath(new URL('../..', import.meta.url));

/** A core to run on; `any`: not pinned, at normal niceness, as a user runs it. */
export type Core = number | 'any';

/** Servers run on the first core, clients on the second; a machine with one core has both on it. */
export const SERVER_CORE = 0;
export const CLIENT_CORE = Math.min(1, cpus().length - 1);

/** Niceness of servers and clients, `--nice -10` for less noise where others use the machine; 0: as it is. */
export const niceness = Number(argument('--nice') ?? 0);

/**
 * The command on one core, at the bench's niceness; it must be the first of a session of its own. Where Linux groups
 * tasks by session (autogroup), niceness counts only within one: between sessions that of the group does.
 */
export function pinned(core: Core, command: readonly string[]): readonly string[] {
  if (core === 'any') return command;
  if (niceness === 0) return ['taskset', '-c', String(core), ...command];
  const script = `echo ${niceness} 2>/dev/null >/proc/self/autogroup; exec taskset -c ${core} nice -n ${niceness} "$@"`;
  return ['sh', '-c', script, 'sh', ...command];
}

/** What stands beside every result. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly kernel: string;
  readonly node: string;
  readonly commit: string;
  readonly date: string;
  /** Load average of the last minute when the bench began: above 0.5 others were using the machine. */
  readonly loadAtStart: number;
  readonly niceness: number;
}

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    commit: commit(),
    date: new Date().toISOString().slice(0, 16),
    loadAtStart: loadavg()[0] ?? 0,
    niceness,
  };
}

/** Shares of the machine's CPU time since the noise was last taken. */
export interface Noise {
  /** Taken away by the hypervisor. */
  readonly stolen: number;
  readonly busy: number;
}

/** Starts watching how much of the machine others take; the result gives the shares from then to its call. */
export function watchNoise(): () => Noise {
  const before = cpuTicks();
  return () => {
    const after = cpuTicks();
    const ticks = after.map((now, kind) => now - (before[kind] ?? 0));
    const total = ticks.reduce((sum, kind) => sum + kind, 0) || 1;
    const [, , , idle = 0, wait = 0, , , stolen = 0] = ticks;
    return { stolen: stolen / total, busy: 1 - (idle + wait + stolen) / total };
  };
}

/** user, nice, system, idle, iowait, irq, softirq, steal. */
function cpuTicks(): number[] {
  const line = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0] ?? '';
  return line.trim().split(/\s+/).slice(1, 9).map(Number);
}

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: packageFolder }).toString().trim();
  } catch {
    return 'unknown';
  }
}
