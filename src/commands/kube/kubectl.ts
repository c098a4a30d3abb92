import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { UserError } from '../../util/errors.js';
import type { Io } from '../../util/io.js';

type Place = { readonly namespace: string };

/**
 * Runs the user's kubectl, with the cluster and the rights of its current context. @returns its output.
 * @param onOutput takes the output as it comes; kubectl is ended when it returns true.
 * @throws UserError if there is no kubectl, or it fails.
 */
export async function kubectl(
  args: readonly string[],
  { namespace }: Place,
  { env }: Pick<Io, 'env'>,
  onOutput: (part: string) => boolean = () => false,
): Promise<string> {
  const child = spawn('kubectl', ['--namespace', namespace, ...args], {
    env: { ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  let output = '';
  let isEnough = false;
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    output += part;
    if (isEnough || !onOutput(part)) return;
    isEnough = true;
    child.kill();
  });
  const complaints = text(child.stderr);
  const code = await ended.catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code !== 'ENOENT') throw thrown;
    throw new UserError(
      'kubectl is not on the PATH',
      'Install it: aiperf reaches a cluster only through your kubectl and its current context.',
    );
  });
  if (code === 0 || isEnough) return output;
  throw new UserError(
    `kubectl ${args[0]} failed: ${(await complaints).trim() || `exit code ${code}`}`,
    `Check the cluster and the namespace: kubectl --namespace ${namespace} get pods`,
  );
}
