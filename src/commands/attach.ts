import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { artifactDirectory } from '../config/artifact-directory.js';
import { natsOptions, runIdOption } from '../config/cluster-options.js';
import { exitCodes } from '../config/exit-codes.js';
import { nameOf, type OptionTable } from '../config/option.js';
import { matching } from '../config/option-kinds.js';
import { type Config, profileOptions } from '../config/options.js';
import { UserError } from '../util/errors.js';
import type { Io } from '../util/io.js';
import type { Command, Invocation } from './command.js';
import type { KeptRun } from './profile/cluster.js';
import type { KeptCommand } from './profile/kept-run.js';
import { natsOptionsOf } from './profile/nats.js';
import type { KeptSeries } from './profile/series/kept-series.js';
import { command as profile } from './profile.js';

const { artifactDir, uiType, apiKey, headers, extraInputs } = profileOptions;

/** Options that may hold secrets, which NATS does not store. */
const secretOptions = { apiKey, headers, extraInputs } satisfies OptionTable;
const secretKeys = Object.keys(secretOptions) as (keyof typeof secretOptions)[];

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
  ...secretOptions,
} satisfies OptionTable;

type AttachInvocation = Invocation<typeof attachOptions>;

/** `aiperf attach`: finishes a run whose coordinator was killed; the agents have gone on. */
export const command: Command<typeof attachOptions> = { options: attachOptions, run };

async function run(invocation: AttachInvocation, io: Io): Promise<number> {
  const { run: id, nats: url, artifactDir: folder, uiType: ui, ...rest } = invocation.config;
  if (url === undefined)
    throw new UserError(
      '--nats is missing.',
      'Name the server that the agents use, e.g. --nats nats://host:4222',
    );
  const { apiKey: _key, headers: _headers, extraInputs: _inputs, ...connection } = rest;
  const { openNats } = await import('../cluster/nats/connection.js');
  const { findRun } = await import('../cluster/coordinator/find-run.js');
  const nats = await openNats(natsOptionsOf({ ...connection, nats: url }, url), 'aiperf attach', io.nowMs);
  const found = await findRun(nats, id, io.nowMs).finally(() => nats.close());
  if (found === undefined) {
    io.stdout.write(`Run ${id} was complete. What NATS still held of it is deleted.\n`);
    return exitCodes.success;
  }
  const own = { ...connection, nats: url, uiType: ui, runId: id, shards: found.shards };
  const withOwn = (options: Config, kept: KeptCommand): Config => ({
    ...{ ...options, ...own, ...secretsFor(kept, invocation) },
    artifactDir: folder ?? folderOf(kept, options),
  });
  const series = found.series as KeptSeries | undefined;
  const kept = series ?? (found.kept as KeptRun);
  const stored = series?.points ?? [{ config: (found.kept as KeptRun).config, parameters: {} }];
  const points = stored.map((point) => ({ ...point, config: withOwn(point.config, kept) }));
  const [first] = points;
  if (first === undefined) throw new Error('a run without a point');
  const { recordedCommand } = kept;
  const warnings = [...invocation.warnings, ...unusedSecrets(kept, invocation)];
  return profile.run(
    { config: first.config, points, sources: new Map(), lists: [], warnings, recordedCommand },
    io,
  );
}

/** The folder that the run was started with, where it was. */
function folderOf({ host, folder }: KeptCommand, options: Config): string | undefined {
  const isHere = host === hostname() && existsSync(folder);
  return isHere ? resolve(folder, artifactDirectory(options)) : options.artifactDir;
}

/** The values that NATS has not stored. */
function secretsFor({ withheld }: KeptCommand, { config }: AttachInvocation): Partial<Config> {
  const given = secretKeys.filter((key) => withheld.includes(key));
  return Object.fromEntries(given.map((key) => [key, config[key]]));
}

/** A sentence for each that the run was started without, or that NATS has stored because it holds no secret. */
function unusedSecrets({ withheld }: KeptCommand, { sources }: AttachInvocation): readonly string[] {
  return secretKeys
    .filter((key) => !withheld.includes(key) && sources.get(key)?.from === 'flag')
    .map(
      (key) => `${nameOf(secretOptions[key])} has no effect: the run goes on with what it was started with.`,
    );
}
