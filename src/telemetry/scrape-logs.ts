import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Path of the log of a source. @param number of the source. */
export function scrapeLogPath(folder: string, number: number): string {
  return join(folder, `${number}.spool`);
}

/** Removes the logs in a folder, and the folder if nothing else is in it. @throws the file system's error. */
export function removeScrapeLogs(folder: string): void {
  if (!existsSync(folder)) return;
  const names = readdirSync(folder);
  const ours = names.filter((name) => name.endsWith('.spool'));
  for (const name of ours) rmSync(join(folder, name), { force: true });
  if (ours.length === names.length) rmdirSync(folder);
}
