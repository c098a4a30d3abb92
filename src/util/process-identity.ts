import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** A process, distinguished from any other one of any machine. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly host: string;
  /** The boot of its machine, and the namespace of its number; undefined if the system does not report them. */
  readonly system: string | undefined;
  /** Its start time by the kernel's clock; undefined if the system does not report it. */
  readonly started: string | undefined;
}

export function thisProcess(): ProcessIdentity {
  return { pid: process.pid, host: hostname(), system: thisSystem(), started: startOf(process.pid) };
}

/** Whether a process is known to have ended; false for one that cannot be seen from here. */
export function hasEnded({ pid, system, started }: Omit<ProcessIdentity, 'host'>): boolean {
  return system !== undefined && system === thisSystem() && started !== undefined && startOf(pid) !== started;
}

/** Start time of a process by the kernel's clock; undefined if the system does not report it, or the process ended. */
export function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the command in brackets, which may contain any character.
    const [state = '', ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // Z, X: it has ended, and its parent has not waited for it; that of a container may never do so.
    return 'ZX'.includes(state) ? undefined : rest[18];
  } catch {
    return undefined;
  }
}

/** Numbers of processes are comparable within it. */
function thisSystem(): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return undefined;
  }
}
