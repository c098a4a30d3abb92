import { existsSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../measure/process.js';

/** A program in its own Python environment, outside of the tree. */
export interface Peer {
  readonly program: string;
  readonly version: string;
}

/** Thrown when the package index does not answer. */
export class NotInstalled extends Error {}

/**
 * Installs a package from PyPI into an environment of its own in the temporary folder, or finds it there.
 * @param wanted as pip names it: `aiperf==0.13.0`, or `guidellm` for the newest.
 * @throws NotInstalled with pip's words.
 */
export async function installPeer(name: string, wanted: string): Promise<Peer> {
  const environment = join(tmpdir(), 'aiperf-bench-peers', name);
  const python = join(environment, 'bin', 'python');
  if (!existsSync(python)) {
    mkdirSync(environment, { recursive: true });
    await must(['python3', '-m', 'venv', environment]);
  }
  await must([python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--upgrade', wanted]);
  const ask = `from importlib.metadata import version; print(version("${name}"))`;
  return { program: join(environment, 'bin', name), version: (await must([python, '-c', ask])).trim() };
}

async function must(command: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await run(command, { timeoutSeconds: 900 });
  if (exitCode !== 0) throw new NotInstalled(`${command.join(' ')}:\n${stderr.slice(-2000)}`);
  return stdout;
}
