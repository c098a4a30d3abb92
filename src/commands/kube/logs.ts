import type { OptionTable } from '../../config/option.js';
import { flag, integer } from '../../config/option-kinds.js';
import type { Io } from '../../util/io.js';
import type { Command, Invocation } from '../command.js';
import { followRun } from './follow-run.js';
import { kubectl } from './kubectl.js';
import { placeOptions } from './options.js';
import { findPod, startedPod } from './started-pod.js';

const logsOptions = {
  ...placeOptions,
  shard: integer({
    flags: ['--shard'],
    group: placeOptions.name.group,
    min: 0,
    defaultText: 'the coordinator, or the only Pod',
    help: 'Show the log of the agent of this shard, from 0.',
  }),
  noFollow: flag({
    flags: ['--no-follow'],
    group: placeOptions.name.group,
    help: 'Print what there is and return, instead of waiting for the end of the run.',
  }),
} satisfies OptionTable;

/** `aiperf kube logs`: progress and report of a run in a cluster, until it ended. */
export const command: Command<typeof logsOptions> = { options: logsOptions, run };

async function run({ config }: Invocation<typeof logsOptions>, io: Io): Promise<number> {
  const { shard, noFollow } = config;
  if (noFollow) {
    const { name } = await findPod(config, shard, io);
    await kubectl(['logs', name], config, io, (part) => {
      io.stdout.write(part);
      return false;
    });
    return 0;
  }
  const onPart = (part: string) => io.stdout.write(part);
  await followRun(await startedPod(config, shard, io), config, { shard, words: [], onPart }, io);
  return 0;
}
