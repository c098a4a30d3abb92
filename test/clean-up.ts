import { rmSync } from 'node:fs';

const folders = new Set<string>();
const actions = new Set<() => void>();

/** Removes a folder after the current test file. @returns its path. */
export function removeLater(folder: string): string {
  folders.add(folder);
  return folder;
}

/** Does this after every test file: a worker loads a module once for many files, and its `afterAll` would run once. */
export function afterEachFile(action: () => void): void {
  actions.add(action);
}

/** What follows every test file. */
export function cleanUp(): void {
  for (const action of actions) action();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  folders.clear();
}
