import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { copyLines } from '../../src/commands/merge/copy-lines.js';
import { LineIndex } from '../../src/commands/merge/line-index.js';
import { temporaryFolder } from '../e2e/aiperf.js';

/** More than are open at a time. */
const FILES = 120;

it('copies records of many files in the order of their starts', () => {
  const root = temporaryFolder();
  const index = new LineIndex();
  const lineOf = (number: number) =>
    `{"metadata":{"session_num":${number},"request_start_ns":${1_700_000_000_000_000_000n + BigInt(number)}}}\n`;
  const paths = Array.from({ length: FILES }, (_, file) => {
    const path = join(root, `${file}.jsonl`);
    // Ended in another order than they began.
    writeFileSync(path, [3, 0, 2, 1].map((turn) => lineOf(turn * FILES + file)).join(''));
    index.add(file, path);
    return path;
  });
  const target = join(root, 'whole.jsonl');
  copyLines(index, paths, target);
  expect(readFileSync(target, 'utf8')).toBe(
    Array.from({ length: 4 * FILES }, (_, number) => lineOf(number)).join(''),
  );
});
