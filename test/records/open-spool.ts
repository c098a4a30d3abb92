import type { RecordBatch } from '../../src/records/pack.js';
import { SpoolGate } from '../../src/records/spool-gate.js';
import { SpoolQueue } from '../../src/records/spool-queue.js';

/** Writes the spool of a load thread, batch by batch. */
export function openSpool(folder: string, thread: number, workerId: string, segmentBytes?: number) {
  const queue = new SpoolQueue({
    ...{ folder, thread, workerId, gate: new SpoolGate(thread + 1) },
    onFailure: (error) => {
      throw error;
    },
    ...(segmentBytes === undefined ? {} : { segmentBytes }),
  });
  return {
    /** Resolves when the batch is on the disk. */
    append(batch: RecordBatch): Promise<void> {
      queue.append(batch, () => {});
      return queue.settled();
    },
    close: () => queue.close(),
  };
}
