import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename } from 'node:path';
import type { JoinedAt, ShardPlace } from '../../cluster/agent/surroundings.js';
import { makeSpool, removeSpool } from '../../collect/spool-plan.js';
import { runConfigJson } from '../../run/facts.js';
import { filesIn } from '../../run/files.js';
import { wallNs } from '../../util/clock.js';
import { UserError } from '../../util/errors.js';
import { makeFolder } from '../../util/make-folder.js';
import { writeWhole } from '../../util/write-whole.js';
import type { KeptRun } from '../profile/cluster.js';

/**
 * Makes a folder as a killed run with `--shard` leaves it, so that `aiperf merge` can make the report from the folders of
 * all shards if NATS loses their records.
 * @param kept what the coordinator stored of the run. @returns the spool in it. @throws the file system's error.
 */
export function makeShardFolder(folder: string, place: ShardPlace, kept: unknown): string {
  const { facts, collect } = kept as KeptRun;
  const files = filesIn(folder, facts.exportPrefix);
  makeFolder(folder);
  describe(folder, place, kept);
  const { shard, origin } = place;
  makeSpool(files.spool, { ...collect, origin, shard }, basename(files.records));
  return files.spool;
}

/** Notes in such a folder that its process has joined the measurement. @throws the file system's error. */
export function noteJoin(folder: string, place: ShardPlace, kept: unknown, join: JoinedAt): void {
  describe(folder, place, kept, join);
}

function describe(
  folder: string,
  { shard: index, incarnation, origin }: ShardPlace,
  kept: unknown,
  join?: JoinedAt,
): void {
  const { facts } = kept as KeptRun;
  const { config } = filesIn(folder, facts.exportPrefix);
  const joined = join && { ...join, atNs: wallNs(origin, join.atNs) };
  const shard = { ...facts.shard, index, incarnation, host: hostname(), join: joined };
  for (const trouble of writeWhole(config, runConfigJson({ ...facts, folder, shard })))
    throw new UserError(trouble);
}

/** Removes such a folder, but not files of the user in it. */
export function removeShardFolder(folder: string): void {
  const { spool, config } = filesIn(folder, undefined);
  removeSpool(spool);
  rmSync(config, { force: true });
  if (existsSync(folder) && readdirSync(folder).length === 0) rmdirSync(folder);
}
