import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { OptionTable } from '../../config/option.js';
import { path } from '../../config/option-kinds.js';
import { UserError } from '../../util/errors.js';
import type { Io } from '../../util/io.js';
import type { Command, Invocation } from '../command.js';
import { followRun } from './follow-run.js';
import { kubectl } from './kubectl.js';
import { ARTIFACTS_FOLDER } from './objects.js';
import { placeOptions } from './options.js';
import { stateText } from './pods.js';
import { COPIED, runEnded } from './run-ended.js';
import { startedPod } from './started-pod.js';

const fetchOptions = {
  ...placeOptions,
  output: path({
    flags: ['--output', '-o'],
    group: placeOptions.name.group,
    default: 'artifacts',
    help: 'Folder for the files of the run; it must be new or empty.',
  }),
} satisfies OptionTable;

/**
 * `aiperf kube fetch`: waits for the end of a run in a cluster, copies its files, and lets its Pod end. Exits with the
 * exit code of the run.
 */
export const command: Command<typeof fetchOptions> = { options: fetchOptions, run };

async function run({ config }: Invocation<typeof fetchOptions>, io: Io): Promise<number> {
  const { output } = config;
  if (existsSync(output) && readdirSync(output).length > 0)
    throw new UserError(`${output} is not empty`, 'Name a new folder with --output.');
  const started = await startedPod(config, undefined, io);
  if (started.phase !== 'Running') {
    throw new UserError(
      `The Pod ${started.name} has ended (${stateText(started)}), and files are copied from a Pod that runs`,
      'Files on a claim can be read through another Pod that mounts it; raise --wait-for-copy of the next run.',
    );
  }
  const followed = { shard: undefined, words: ['--tail', '50'], onPart: () => undefined };
  const { pod, exitCode } = await followRun(started, config, followed, io);
  if (exitCode === undefined) {
    throw new UserError(
      `The log of ${pod.name} ended before the run did`,
      'See what happened with aiperf kube status, and try again if the Pod is still running.',
    );
  }
  await kubectl(['cp', '--retries', '5', `${pod.name}:${ARTIFACTS_FOLDER}`, output], config, io);
  await kubectl(['exec', pod.name, '--', 'touch', join(ARTIFACTS_FOLDER, COPIED)], config, io);
  io.stdout.write(`Copied the files of ${pod.name} to ${output}. ${runEnded(exitCode)}\n`);
  return exitCode;
}
