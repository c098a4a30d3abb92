import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { LineFile } from '../../src/export/line-file.js';

const folder = mkdtempSync(join(tmpdir(), 'aiperf-lines-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('holds every line in order, whatever its length and letters', () => {
  const path = join(folder, 'lines');
  const file = new LineFile(path);
  // 200 lines of 3,000 bytes pass the buffer of 262,144 twice; one of 300,000 does not fit into it at all.
  const lines = Array.from({ length: 200 }, (_, n) => `${n} ${'é€'.repeat(600)}\n`);
  for (const line of lines) file.add(line);
  file.add(`${'x'.repeat(300_000)}\n`);
  file.add('last\n');
  file.flush();
  const expected = `${lines.join('')}${'x'.repeat(300_000)}\nlast\n`;
  expect(readFileSync(path, 'utf8')).toBe(expected);
  file.add('more\n');
  file.close();
  expect(readFileSync(path, 'utf8')).toBe(`${expected}more\n`);
});

it('says which file cannot be made', () => {
  expect(() => new LineFile(folder)).toThrow(
    `${folder} could not be written any further: EISDIR: illegal operation on a directory, unlink '${folder}'`,
  );
});

it.runIf(existsSync('/dev/full'))('writes nothing more once the disk is full', () => {
  const file = new LineFile('/dev/full', true);
  file.add('a\n');
  expect(() => file.flush()).toThrow(
    '/dev/full could not be written any further: ENOSPC: no space left on device, write',
  );
  file.add('b\n');
  file.close();
});
