import { openSync, unlinkSync } from 'node:fs';

/**
 * Creates a file for writing and removes an existing one first. The new file must not exist at that point: a symbolic
 * link is replaced instead of followed, and a named pipe cannot block the program.
 * @param flags `wx+` to read from it, too. @returns the file descriptor. @throws the file system's error, also for a folder of that name.
 */
export function openNewFile(path: string, flags: 'wx' | 'wx+' = 'wx'): number {
  try {
    unlinkSync(path);
  } catch (thrown) {
    if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT')) throw thrown;
  }
  return openSync(path, flags);
}
