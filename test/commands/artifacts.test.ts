import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { makeArtifacts } from '../../src/commands/profile/artifacts.js';
import { UserError } from '../../src/util/errors.js';
import { profile } from '../config/profile-options.js';

const folder = mkdtempSync(join(tmpdir(), 'aiperf-artifacts-'));
afterAll(() => rmSync(folder, { recursive: true }));

const artifactsIn = async (path: string) =>
  makeArtifacts((await profile(`--model m --artifact-dir ${path}`)).config);

it('makes the folder with its parents', async () => {
  const artifacts = await artifactsIn(join(folder, 'a', 'b'));
  expect(statSync(join(folder, 'a', 'b')).isDirectory()).toBe(true);
  expect(artifacts.json).toBe(join(folder, 'a', 'b', 'profile_export_aiperf.json'));
});

it('refuses a path where none can be made, in a file system that has no folders to make too', async () => {
  writeFileSync(join(folder, 'file'), '');
  await expect(artifactsIn(join(folder, 'file'))).rejects.toThrow(UserError);
  await expect(artifactsIn('/proc/aiperf')).rejects.toThrow(/^The folder \/proc\/aiperf.* cannot be made/);
});
