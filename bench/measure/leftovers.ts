import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// A bench that fails, or is ended by Ctrl-C, must leave no process and no temporary folder behind.
const children = new Set<ChildProcess>();
const folders = new Set<string>();
/** Killed processes are gone after this time. */
const ENDED_MS = 200;

process.once('exit', () => {
  for (const child of children) kill(child);
  // Until then they may still write.
  if (children.size > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ENDED_MS);
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130));

/** Kills a process with the bench, and its whole group if it leads one. */
export function endWithBench(child: ChildProcess): void {
  children.add(child);
  child.once('exit', () => children.delete(child));
}

/** Makes a temporary folder that is removed with the bench at the latest. @returns it, and what removes it now. */
export function temporaryFolder(): { readonly folder: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'aiperf-bench-'));
  folders.add(folder);
  return {
    folder,
    remove() {
      folders.delete(folder);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function kill(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Not the leader of a group.
    child.kill('SIGKILL');
  }
}
