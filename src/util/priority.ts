import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { basename } from 'node:path';

/**
 * Lets the load threads go first where cores are short: this thread gets a lower scheduling priority. On Linux a
 * thread's id stands for a process id in setpriority(2); elsewhere, and where it is not allowed, nothing changes.
 */
export function yieldToLoadThreads(): void {
  try {
    setPriority(Number(basename(readlinkSync('/proc/thread-self'))), 5);
  } catch {
    // No such system call here: threads share the cores evenly.
  }
}
