import { existsSync, lstatSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeWhole, writeWithFolder } from '../../src/util/write-whole.js';
import { temporaryFolder } from '../e2e/aiperf.js';

describe('a file that is written whole or not at all', () => {
  it('takes the place of what has its name, and follows no link', () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'target'), 'before');
    symlinkSync(join(folder, 'target'), join(folder, 'file'));
    expect(writeWhole(join(folder, 'file'), 'new')).toEqual([]);
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('new');
    expect(lstatSync(join(folder, 'file')).isSymbolicLink()).toBe(false);
    expect(readFileSync(join(folder, 'target'), 'utf8')).toBe('before');
  });

  it('leaves what was there, and nothing else, where its content cannot be made', () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'file'), 'before');
    const fails = () => {
      throw new Error('no content');
    };
    const path = join(folder, 'file');
    expect(writeWhole(path, fails)).toEqual([`${path} could not be written: no content`]);
    expect(readFileSync(path, 'utf8')).toBe('before');
    expect(readdirSync(folder)).toEqual(['file']);
  });

  it.each([
    ['below a file', (folder: string) => join(folder, 'file', 'below'), 'ENOTDIR'],
    ['with a name that is too long', (folder: string) => join(folder, 'x'.repeat(300)), 'ENAMETOOLONG'],
    ['in a folder that is not there', (folder: string) => join(folder, 'none', 'file'), 'ENOENT'],
  ])('%s, a sentence says so', (_, pathIn, code) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'file'), '');
    const [trouble = ''] = writeWhole(pathIn(folder), 'text');
    expect(trouble).toContain(`${pathIn(folder)} could not be written: ${code}`);
    expect(readdirSync(folder)).toEqual(['file']);
  });
});

describe('a file with its folder', () => {
  it('has the folders above it made', () => {
    const path = join(temporaryFolder(), 'a', 'b', 'file');
    expect(writeWithFolder(path, Buffer.from('text'))).toEqual([]);
    expect(readFileSync(path, 'utf8')).toBe('text');
  });

  it.runIf(existsSync('/proc/self'))('where no folder can be made, a sentence says so', () => {
    const [trouble = ''] = writeWithFolder('/proc/none/below/file', 'text');
    expect(trouble).toContain('/proc/none/below/file could not be written: ENOENT');
  });
});
