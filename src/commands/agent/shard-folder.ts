import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename } from 'node:path';
import type { ShardPlace } from '../../cluster/agent.js';
import { makeSpool, removeSpool } from '../../collect/spool-plan.js';
import { runConfigJson } from '../../run/facts.js';
import { filesIn } from '../../run/files.js';
import { UserError } from '../../util/errors.js';
import { makeFolder } from '../../util/make-folder.js';
import { writeWhole } from '../../util/write-whole.js';
import type { KeptRun } from '../profile/cluster.js';

/**
 * Makes a folder as a killed run with `--shard` leaves it, so that `aiperf merge` can make the report from the folders of
 * all shards if NATS loses their records.
 * @param kept what the coordinator stored of the run. @returns the spool in it. @throws the file system's error.
 */
export function makeShardFolder(folder: string, { shard: index, origin }: ShardPlace, kept: unknown): string {
  const { facts, collect } = kept as KeptRun;
  const files = filesIn(folder, facts.exportPrefix);
  makeFolder(folder);
  const shard = { ...facts.shard, index, host: hostname() };
  for (const trouble of writeWhole(files.config, runConfigJson({ ...facts, folder, shard })))
    throw new UserError(trouble);
  makeSpool(files.spool, { ...collect, origin, shard: index }, basename(files.records));
  return files.spool;
}

/** Removes such a folder, but not files of the user in it. */
export function removeShardFolder(folder: string): void {
  const { spool, config } = filesIn(folder, undefined);
  removeSpool(spool);
  rmSync(config, { force: true });
  if (existsSync(folder) && readdirSync(folder).length === 0) rmdirSync(folder);
}
