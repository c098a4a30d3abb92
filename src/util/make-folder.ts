import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a folder and those above it, one by one: in /proc and its like a recursive mkdir of Node's never comes back.
 * @throws the system's error
 */
export function makeFolder(folder: string): void {
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found?.isDirectory()) return;
  // Below a file Node 20 throws this error; from 22 on `found` is undefined.
  if (found !== undefined) throw new Error('ENOTDIR: not a directory');
  makeFolder(dirname(folder));
  mkdirSync(folder);
}
