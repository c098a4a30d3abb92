import { existsSync } from 'node:fs';
import { UserError } from '../../util/errors.js';
import { LineIndex, type RequestStarts } from './line-index.js';
import type { OpenedShards } from './open-shards.js';

/** Where the records of a phase are. */
export interface IndexedPhase {
  readonly index: LineIndex;
  /** Records of each folder, in the order of the folders. */
  readonly counts: readonly number[];
  /** Records of each that do not count: another process had joined in its place. */
  readonly leftOut: readonly number[];
  readonly starts: readonly (RequestStarts | undefined)[];
}

/** Finds the records of all shards. @throws UserError for two of the same request */
export function indexRecords({ shards }: OpenedShards): {
  readonly records: IndexedPhase;
  readonly warmup: IndexedPhase;
} {
  const phase = (key: 'records' | 'warmup', name: string): IndexedPhase => {
    const index = new LineIndex();
    const found = shards.map(({ files, takeover }, place) =>
      existsSync(files[key]) ? index.add(place, files[key], takeover) : { added: 0, leftOut: 0 },
    );
    const doubled = index.doubled();
    if (doubled !== undefined)
      throw new UserError(
        `${name} request ${doubled} has two records: the folders hold parts of different runs.`,
      );
    const counts = found.map(({ added }) => added);
    const leftOut = found.map((one) => one.leftOut);
    return { index, counts, leftOut, starts: index.extents(shards.length) };
  };
  return { records: phase('records', 'Profiling'), warmup: phase('warmup', 'Warm-up') };
}
