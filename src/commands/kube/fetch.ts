import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { OptionTable } from '../../config/option.js';
import { integer, path } from '../../config/option-kinds.js';
import { UserError } from '../../util/errors.js';
import type { Io } from '../../util/io.js';
import type { Command, Invocation } from '../command.js';
import { followRun } from './follow-run.js';
import { kubectl } from './kubectl.js';
import { ARTIFACTS_FOLDER } from './objects.js';
import { placeOptions } from './options.js';
import { stateText } from './pods.js';
import { COPIED, runEnded } from './run-ended.js';
import { SPOOL_FOLDER } from './shard-objects.js';
import { startedPod } from './started-pod.js';

const fetchOptions = {
  ...placeOptions,
  shard: integer({
    flags: ['--shard'],
    group: placeOptions.name.group,
    min: 0,
    defaultText: 'the coordinator, or the only Pod',
    help: 'Copy the records that the agent of this shard, from 0, has kept because NATS lost them.',
  }),
  output: path({
    flags: ['--output', '-o'],
    group: placeOptions.name.group,
    default: 'artifacts',
    help: 'Folder for the files of the run; it must be new or empty.',
  }),
} satisfies OptionTable;

const keptText =
  'An agent keeps only records that the coordinator has not got: see its log with aiperf kube logs --shard N.';

/**
 * `aiperf kube fetch`: waits for the end of a run in a cluster, copies its files, and lets its Pod end. Exits with the
 * exit code of the run.
 */
export const command: Command<typeof fetchOptions> = { options: fetchOptions, run };

async function run({ config }: Invocation<typeof fetchOptions>, io: Io): Promise<number> {
  const { output, shard } = config;
  const folder = shard === undefined ? ARTIFACTS_FOLDER : SPOOL_FOLDER;
  if (existsSync(output) && readdirSync(output).length > 0)
    throw new UserError(`${output} is not empty`, 'Name a new folder with --output.');
  const started = await startedPod(config, shard, io);
  if (started.phase !== 'Running') {
    throw new UserError(
      `The Pod ${started.name} has ended (${stateText(started)}), and files are copied from a Pod that runs`,
      shard === undefined
        ? 'Files on a claim can be read through another Pod that mounts it; raise --wait-for-copy of the next run.'
        : keptText,
    );
  }
  const followed = { shard, words: ['--tail', '50'], onPart: () => undefined };
  const { pod, exitCode } = await followRun(started, config, followed, io);
  if (exitCode === undefined) {
    throw new UserError(
      `The log of ${pod.name} ended before the run did`,
      shard === undefined
        ? 'See what happened with aiperf kube status, and try again if the Pod is still running.'
        : keptText,
    );
  }
  await kubectl(['cp', '--retries', '5', `${pod.name}:${folder}`, output], config, io);
  await kubectl(['exec', pod.name, '--', 'touch', join(folder, COPIED)], config, io);
  io.stdout.write(`Copied the files of ${pod.name} to ${output}. ${runEnded(exitCode)}\n`);
  return exitCode;
}
