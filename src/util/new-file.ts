import { openSync, unlinkSync } from 'node:fs';

/**
 * Creates a file for writing. Whatever has its name is removed first, and the new file must be the first of that name:
 * a symbolic link is replaced, never followed, and a named pipe cannot make the program wait.
 * @returns the file descriptor. @throws the file system's error, also for a folder of that name.
 */
export function openNewFile(path: string): number {
  try {
    unlinkSync(path);
  } catch (thrown) {
    if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT')) throw thrown;
  }
  return openSync(path, 'wx');
}
