import { existsSync } from 'node:fs';
import { UserError } from '../../util/errors.js';
import { LineIndex, type RequestStarts } from './line-index.js';
import type { OpenedShards } from './open-shards.js';

/** Where the records of a phase are. */
export interface IndexedPhase {
  readonly index: LineIndex;
  /** Records of each shard, in the order of the shards. */
  readonly counts: readonly number[];
  readonly starts: readonly (RequestStarts | undefined)[];
}

/** Finds the records of all shards. @throws UserError for two of the same request */
export function indexRecords({ shards }: OpenedShards): {
  readonly records: IndexedPhase;
  readonly warmup: IndexedPhase;
} {
  const phase = (key: 'records' | 'warmup', name: string): IndexedPhase => {
    const index = new LineIndex();
    const counts = shards.map(({ files }, place) =>
      existsSync(files[key]) ? index.add(place, files[key]) : 0,
    );
    const doubled = index.doubled();
    if (doubled !== undefined)
      throw new UserError(
        `${name} request ${doubled} has two records: the folders hold parts of different runs.`,
      );
    return { index, counts, starts: index.extents(shards.length) };
  };
  return { records: phase('records', 'Profiling'), warmup: phase('warmup', 'Warm-up') };
}
