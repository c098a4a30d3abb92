import { readdirSync, readlinkSync } from 'node:fs';
import { constants, getPriority, setPriority } from 'node:os';
import { basename } from 'node:path';

/** Nice value of all other threads relative to the load threads. */
const NICER = 10;

/**
 * Gives load threads priority if cores are scarce, by lowering the scheduling priority of the calling thread. On Linux
 * setpriority(2) accepts a thread ID as process ID; elsewhere, and without permission, nothing changes.
 * @returns a function that restores it, if the process may raise priorities.
 */
export function yieldToLoadThreads(): () => void {
  let thread: number | undefined;
  lower(() => {
    const own = basename(readlinkSync('/proc/thread-self'));
    thread = Number(own);
    return [own];
  });
  return () => {
    try {
      if (thread !== undefined) setPriority(thread, getPriority(process.pid));
    } catch {
      // Only a privileged process may raise priorities.
    }
  };
}

/**
 * The same for all current threads except the main one, from which load threads inherit: V8's compiler and garbage
 * collection threads. One of them can keep a load thread off its core for 4 ms at a time.
 */
export function haveV8YieldToLoadThreads(): void {
  lower(() => readdirSync('/proc/self/task').filter((thread) => Number(thread) !== process.pid));
}

function lower(threads: () => string[]): void {
  try {
    const priority = Math.min(constants.priority.PRIORITY_LOW, getPriority(process.pid) + NICER);
    for (const thread of threads()) setPriority(Number(thread), priority);
  } catch {
    // The system has no such call: all threads share the cores equally.
  }
}
