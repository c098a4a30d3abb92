import { spawn } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { constants, hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { OptionTable } from '../../config/option.js';
import { flag, number, path, text, words } from '../../config/option-kinds.js';
import type { Io } from '../../util/io.js';
import { packageFile } from '../../util/package-file.js';
import { sleep } from '../../util/timeout.js';
import type { Command, Invocation } from '../command.js';
import { ARTIFACTS_FOLDER } from './objects.js';
import { manifestOptions } from './options.js';
import { COPIED, HANDED_OVER, runEnded } from './run-ended.js';

const group = 'Run';

/** Options of `aiperf kube run`. */
const runOptions = {
  artifacts: path({
    flags: ['--artifacts'],
    group,
    existing: 'directory',
    default: ARTIFACTS_FOLDER,
    help: 'Folder with the files of the run.',
  }),
  waitForCopy: number({
    ...manifestOptions.waitForCopy,
    group,
    help: 'Wait at most N seconds after the run for the file .copied in the folder.',
  }),
  namespace: text({
    flags: ['--namespace', '-n'],
    group,
    defaultText: 'not shown',
    help: 'Namespace in the printed copy commands.',
  }),
  resumable: flag({
    flags: ['--resumable'],
    group,
    help: 'The same command elsewhere goes on with the run: on SIGTERM kill it, so that it does not end the run.',
  }),
  ifFiles: flag({
    flags: ['--if-files'],
    group,
    help: 'Wait only if the command ends by itself and leaves files in the folder.',
  }),
  podName: text({
    env: 'POD_NAME',
    group,
    defaultText: 'the name of the host',
    help: 'Name of the Pod in the printed copy commands.',
  }),
  command: words({
    argument: 'command',
    group,
    items: 'a command of aiperf',
    required: true,
    missing: 'write the command to run after --, e.g. aiperf kube run -- profile --config run.yaml',
    help: 'aiperf command to run, after --.',
  }),
} satisfies OptionTable;

/**
 * `aiperf kube run`: the main process of a Pod. Runs an aiperf command in a child process, so that its files can be
 * copied even if it dies, and exits with its exit code.
 */
export const command: Command<typeof runOptions> = { options: runOptions, run };

const LOOK_EVERY_MS = 500;
const cli = fileURLToPath(packageFile('dist/cli.js'));

async function run({ config }: Invocation<typeof runOptions>, io: Io): Promise<number> {
  const copied = join(config.artifacts, COPIED);
  // A claim may contain the mark of an earlier run.
  rmSync(copied, { force: true });
  const ending = new AbortController();
  const child = spawn(process.execPath, [cli, ...config.command], { stdio: 'inherit' });
  let isRunning = true;
  // SIGTERM: the Pod is being removed. SIGINT: the user ends the run, and may want its files.
  const stopListening = io.onSignals(['SIGTERM', 'SIGINT'], (signal) => {
    if (signal === 'SIGTERM' || !isRunning) ending.abort();
    child.kill(signal === 'SIGTERM' && config.resumable ? 'SIGKILL' : signal);
  });
  const [code, killedBy] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (...end) => resolve(end));
  });
  isRunning = false;
  const isHandedOver = config.resumable && ending.signal.aborted;
  const exitCode = isHandedOver ? HANDED_OVER : (code ?? 128 + (killedBy ? constants.signals[killedBy] : 0));
  const waits = !config.ifFiles || (code !== null && readdirSync(config.artifacts).length > 0);
  if (config.waitForCopy > 0 && waits && !ending.signal.aborted) {
    io.stdout.write(instructions(exitCode, config));
    const endMs = io.nowMs() + config.waitForCopy * 1000;
    while (io.nowMs() < endMs && !ending.signal.aborted && !existsSync(copied)) {
      await sleep(Math.min(LOOK_EVERY_MS, endMs - io.nowMs()), ending.signal);
    }
  }
  stopListening();
  return exitCode;
}

function instructions(
  exitCode: number,
  { artifacts, waitForCopy, namespace, podName }: Invocation<typeof runOptions>['config'],
): string {
  const pod = podName ?? hostname();
  const where = namespace === undefined ? '' : `-n ${namespace} `;
  return [
    `${runEnded(exitCode)} This Pod waits ${waitForCopy} s for its files to be copied:`,
    `  kubectl cp ${where}${pod}:${artifacts} artifacts`,
    'To end the wait:',
    `  kubectl exec ${where}${pod} -- touch ${join(artifacts, COPIED)}`,
    '',
  ].join('\n');
}
