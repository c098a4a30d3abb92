import type { NotableSink } from '../../collect/collector-thread.js';
import type { CollectPlan } from '../../collect/record-processor.js';
import { recordContexts } from '../../export/record-metadata.js';
import { recordLine } from '../../export/records-jsonl.js';
import { NotableFinder } from '../../metrics/notable.js';
import { failureOf } from '../../records/failure.js';
import { parseRecord } from '../../run/read-records.js';

/** Keeps the requests that are worth a look, each as its line tells it. */
export function notableSink(plan: CollectPlan): NotableSink {
  const context = recordContexts(plan).profiling;
  const finder = new NotableFinder();
  let line = 0;
  return {
    onRecord: ({ record, metrics }) => {
      if (record.phase !== 'profiling') return;
      line++;
      const request = {
        error: failureOf(record),
        cancelled: record.cancelledNs !== undefined,
        dropped: record.dropped,
        values: { get: (tag: string) => metrics.find(([name]) => name === tag)?.[1] },
      };
      finder.add(request, () => parseRecord(recordLine(record, metrics, context), line));
    },
    get found() {
      return finder.found;
    },
  };
}
