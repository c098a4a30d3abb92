import { natsOptions, runIdOption } from '../config/cluster-options.js';
import type { OptionTable } from '../config/option.js';
import { matching } from '../config/option-kinds.js';
import { profileOptions } from '../config/options.js';
import { UserError } from '../util/errors.js';
import type { Io } from '../util/io.js';
import type { Command, Invocation } from './command.js';
import type { KeptRun } from './profile/cluster.js';
import { natsOptionsOf } from './profile/nats.js';
import { command as profile } from './profile.js';

const { artifactDir, uiType } = profileOptions;

const attachOptions = {
  run: matching({
    ...runIdOption,
    flags: [],
    argument: 'run',
    group: 'Run',
    required: true,
    missing: 'name the run, as its coordinator logged it',
    help: 'Run to finish.',
  }),
  ...natsOptions,
  ...{ artifactDir, uiType },
} satisfies OptionTable;

/** `aiperf attach`: finishes a run whose coordinator was killed; the agents have gone on. */
export const command: Command<typeof attachOptions> = { options: attachOptions, run };

async function run({ config }: Invocation<typeof attachOptions>, io: Io): Promise<number> {
  const { run: id, nats: url, artifactDir: folder, uiType: ui, ...connection } = config;
  if (url === undefined)
    throw new UserError(
      '--nats is missing.',
      'Name the server that the agents use, e.g. --nats nats://host:4222',
    );
  const { openNats } = await import('../cluster/connection.js');
  const { findRun } = await import('../cluster/find-run.js');
  const nats = await openNats(natsOptionsOf({ ...connection, nats: url }, url), 'aiperf attach', io.nowMs);
  const found = await findRun(nats, id).finally(() => nats.close());
  const { config: options, recordedCommand } = found.kept as KeptRun;
  const finished = {
    ...{
      ...options,
      ...connection,
      nats: url,
      uiType: ui,
      runId: id,
      shards: found.shards,
      numProfileRuns: 1,
    },
    artifactDir: folder ?? options.artifactDir,
  };
  const point = { config: finished, parameters: {} };
  return profile.run(
    { config: finished, points: [point], sources: new Map(), lists: [], warnings: [], recordedCommand },
    io,
  );
}
