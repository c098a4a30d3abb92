import { type SpawnSyncOptions, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

// Runs the test suite on other versions of Node, from the npm package `node`.
const versions = ['22', '24'];

/** @returns the exit code. @throws Error if the program cannot be started. */
function run(command: string, args: readonly string[], options: SpawnSyncOptions = {}): number | null {
  const { error, status } = spawnSync(command, args, { stdio: 'inherit', ...options });
  if (error !== undefined) throw error;
  return status;
}

const folder = mkdtempSync(join(tmpdir(), 'aiperf-node-'));
try {
  for (const version of versions) {
    const home = join(folder, version);
    const install = ['install', '--prefix', home, '--no-save', '--ignore-scripts', `node@${version}`];
    const setUp = { cwd: join(home, 'node_modules', 'node') };
    // The package's install script gets this machine's binary from another package. Whether npm runs it depends on
    // npm's version and settings.
    if (run('npm', install) !== 0 || run(process.execPath, ['installArchSpecificPackage.js'], setUp) !== 0) {
      throw new Error(`node@${version} could not be installed`);
    }
    const bin = join(home, 'node_modules', 'node', 'bin');
    process.stdout.write(`\n== Node ${version}\n`);
    run(join(bin, 'node'), ['--version']);
    const env = { ...process.env, PATH: `${bin}:${dirname(process.execPath)}:${process.env.PATH}` };
    const status = run(join(bin, 'node'), ['node_modules/vitest/vitest.mjs', 'run'], { env });
    if (status !== 0) process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true });
}
