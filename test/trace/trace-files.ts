import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterAll } from 'vitest';

/** A folder of a test file, removed at its end, and traces in it. */
export function traceFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'aiperf-trace-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return {
    folder,
    path: (name: string) => join(folder, name),
    /** Writes rows, each an object or the text of a line. */
    write(name: string, ...rows: readonly (object | string)[]): string {
      const path = join(folder, name);
      const lines = rows.map((row) => `${typeof row === 'string' ? row : JSON.stringify(row)}\n`);
      writeFileSync(path, lines.join(''));
      return path;
    },
  };
}

/** The rows of a file. */
// biome-ignore lint/suspicious/noExplicitAny: rows are compared as wholes, or by keys that the test wrote.
export function rowsOf(path: string): any[] {
  const bytes = readFileSync(path);
  return (path.endsWith('.gz') ? gunzipSync(bytes) : bytes)
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/** A file of the data beside the checkout; undefined if it is not there. */
export function sharedData(name: string): string | undefined {
  const path = fileURLToPath(new URL(`../../../shared/data/${name}`, import.meta.url));
  return existsSync(path) ? path : undefined;
}
