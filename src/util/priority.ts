import { readdirSync, readlinkSync } from 'node:fs';
import { constants, getPriority, setPriority } from 'node:os';
import { basename } from 'node:path';

/** How much nicer than the load threads all others are. */
const NICER = 10;

/**
 * Lets the load threads go first where cores are short: the calling thread gets a lower scheduling priority. On Linux
 * a thread's id stands for a process id in setpriority(2); elsewhere, and where it is not allowed, nothing changes.
 * @returns takes it back, where the process may raise priorities.
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
      // Only a privileged process may: the thread goes on as it is.
    }
  };
}

/**
 * The same for all threads that there are but the main one, of which load threads have their priority: those in which
 * V8 compiles and collects garbage. One of them can keep a load thread from its core for 4 ms at a time.
 */
export function haveV8YieldToLoadThreads(): void {
  lower(() => readdirSync('/proc/self/task').filter((thread) => Number(thread) !== process.pid));
}

function lower(threads: () => string[]): void {
  try {
    const priority = Math.min(constants.priority.PRIORITY_LOW, getPriority(process.pid) + NICER);
    for (const thread of threads()) setPriority(Number(thread), priority);
  } catch {
    // No such system call here: threads share the cores evenly.
  }
}
