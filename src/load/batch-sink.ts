import type { MessagePort } from 'node:worker_threads';
import type { RecordPacker } from '../records/pack.js';
import type { SpoolWriter } from '../records/spool.js';
import { messageOf } from '../util/errors.js';

/** Where a load thread leaves batches of finished records. */
export interface BatchSink {
  /** Takes the batch out of the packer. */
  put(packer: RecordPacker): void;
  /** The last batch was put. */
  close(): void;
}

/** One that keeps batches on disk. */
export interface SpoolSink extends BatchSink {
  /** What was put so far need not be kept. */
  endPrewarm(): void;
}

/**
 * Appends batches to the spool, and closes the port when there are no more. Where the spool cannot be written, batches
 * go through the port instead, and wait in memory for their reader.
 * @param spool undefined: there is none. @param onFailure called once, with what went wrong.
 */
export function spoolSink(
  spool: SpoolWriter | undefined,
  port: MessagePort,
  onFailure: (message: string) => void,
): SpoolSink {
  let written = spool;
  const attempt = (write: (to: SpoolWriter) => void): boolean => {
    if (written === undefined) return false;
    try {
      write(written);
      return true;
    } catch (thrown) {
      written = undefined;
      onFailure(messageOf(thrown));
      return false;
    }
  };
  return {
    put(packer) {
      if (attempt((to) => to.append(packer.batch))) {
        packer.clear();
        return;
      }
      const batch = packer.take();
      port.postMessage(batch, [batch.numbers.buffer, batch.strings.buffer]);
    },
    endPrewarm() {
      if (!attempt((to) => to.nextSegment())) spool?.empty();
    },
    close() {
      spool?.close();
      port.close();
    },
  };
}

/** Forgets what it is given. */
export const nowhere: BatchSink = { put: (packer) => packer.clear(), close() {} };
