import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { natsOptions, runIdOption } from '../config/cluster-options.js';
import { exitCodes } from '../config/exit-codes.js';
import type { OptionTable } from '../config/option.js';
import { choice, flag, integer, matching, number, path } from '../config/option-kinds.js';
import { readRoof, roofFile } from '../fidelity/roof.js';
import { watchWithheldCpu } from '../run/withheld-cpu.js';
import { UserError } from '../util/errors.js';
import type { Io } from '../util/io.js';
import { logLevels, openLog } from '../util/log.js';
import { makeShardFolder, noteJoin, removeShardFolder } from './agent/shard-folder.js';
import type { Command, Invocation } from './command.js';
import { threadCount } from './profile/limits.js';
import { natsOptionsOf } from './profile/nats.js';

const group = 'Agent';

const agentOptions = {
  ...natsOptions,
  runId: matching({
    ...runIdOption,
    group,
    defaultText: 'any run that has a free shard',
    help: 'Take part in this run only.',
  }),
  shard: integer({
    flags: ['--shard'],
    env: 'JOB_COMPLETION_INDEX',
    group,
    min: 0,
    defaultText: 'the first one that is free',
    help: 'Take this shard, from 0.',
  }),
  rejoin: flag({
    flags: ['--rejoin'],
    group,
    help: 'Take the place of a lost agent in the middle of a measurement: send what is due from then on. Without it, wait for the next measurement.',
  }),
  once: flag({ flags: ['--once'], group, help: 'End after one run; without it, wait for the next one.' }),
  waitTimeout: number({
    flags: ['--wait-timeout'],
    group,
    above: 0,
    defaultText: 'no limit',
    help: 'End with an error if no run has had a shard for this agent for N seconds.',
  }),
  spoolDir: path({
    flags: ['--spool-dir'],
    group,
    defaultText: 'a folder for temporary files',
    help: 'Folder for records until the coordinator has them; aiperf merge reads what is left there.',
  }),
  logLevel: choice(logLevels, {
    flags: ['--log-level'],
    group,
    default: 'INFO',
    help: 'Minimum log level.',
  }),
} satisfies OptionTable;

/** `aiperf agent`: a load generator that waits for runs of `aiperf profile --nats`. */
export const command: Command<typeof agentOptions> = { options: agentOptions, run };

async function run({ config }: Invocation<typeof agentOptions>, io: Io): Promise<number> {
  const { nats, runId, shard, rejoin, once, waitTimeout, spoolDir, logLevel } = config;
  if (nats === undefined) {
    throw new UserError(
      '--nats is missing.',
      'Name the server that the coordinator uses, e.g. --nats nats://host:4222',
    );
  }
  const { log } = openLog({ level: logLevel, show: (line) => io.stderr.write(`${line}\n`) });
  const ending = new AbortController();
  const release = io.onSignals(['SIGINT', 'SIGTERM', 'SIGHUP'], (signal) => {
    if (ending.signal.aborted) io.exit(exitCodes.interrupted);
    ending.abort(signal);
  });
  const { runAgent } = await import('../cluster/agent/agent.js');
  try {
    await runAgent(
      {
        nats: natsOptionsOf(config, nats),
        ...{ run: runId, shard, rejoin, once, waitSeconds: waitTimeout },
        folder: spoolDir ?? join(tmpdir(), 'aiperf-agent'),
      },
      {
        nowMs: io.nowMs,
        log,
        ending: ending.signal,
        makeFolder: makeShardFolder,
        noteJoin,
        removeFolder: removeShardFolder,
        watchWithheldCpu,
        readRoof: () => readRoof(roofFile(io.env)),
        room: ({ loadThreads, workersMax, concurrency, connections }) => {
          const threads = threadCount({ loadThreads, workersMax }, concurrency);
          return { threads, connectionsPerThread: Math.ceil(connections / threads) };
        },
      },
    );
    return ending.signal.aborted ? exitCodes.interrupted : exitCodes.success;
  } finally {
    release();
  }
}
