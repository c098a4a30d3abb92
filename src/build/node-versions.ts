import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

// Runs the test suite on other versions of Node, whose binaries the npm package `node` holds.
const versions = ['22', '24'];

const run = (command: string, args: readonly string[], path = process.env.PATH) =>
  spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, PATH: path } }).status;

const folder = mkdtempSync(join(tmpdir(), 'aiperf-node-'));
try {
  for (const version of versions) {
    const home = join(folder, version);
    // The package takes the binary of this machine from a package of its own; its install script links it.
    if (
      run('npm', ['install', '--prefix', home, '--no-save', '--foreground-scripts', `node@${version}`]) !== 0
    ) {
      throw new Error(`node@${version} could not be installed`);
    }
    const bin = join(home, 'node_modules', 'node', 'bin');
    process.stdout.write(`\n== Node ${version}\n`);
    run(join(bin, 'node'), ['--version']);
    const status = run(
      join(bin, 'node'),
      ['node_modules/vitest/vitest.mjs', 'run'],
      `${bin}:${dirname(process.execPath)}:${process.env.PATH}`,
    );
    if (status !== 0) process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true });
}
