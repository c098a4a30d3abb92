import type { CollectPlan } from '../../collect/collector.js';
import { type Sink, Sinks } from '../../collect/sink.js';
import { lineSink } from '../../export/line-file.js';
import { rawLine } from '../../export/raw-jsonl.js';
import { type RecordContext, recordContexts } from '../../export/record-metadata.js';
import { recordLine } from '../../export/records-jsonl.js';
import { seriesSink } from '../../export/series-jsonl.js';
import type { PhaseName } from '../../records/record.js';

/** A file of records, as the plan names it. */
type RecordFile = keyof typeof recordFiles;

interface RecordFileOptions {
  readonly path: string;
  readonly append: boolean;
  readonly contexts: Readonly<Record<PhaseName, RecordContext>>;
}

/** The sinks in the record thread, each named as in the plan. */
const recordFiles = {
  recordsFile: (options) => recordsJsonl('profiling', options),
  warmupFile: (options) => recordsJsonl('warmup', options),
  rawFile: ({ contexts, ...file }) => lineSink(file, ({ record }) => rawLine(record, contexts[record.phase])),
} satisfies Partial<Record<keyof CollectPlan, (options: RecordFileOptions) => Sink>>;

function recordsJsonl(phase: PhaseName, { contexts, ...file }: RecordFileOptions): Sink {
  return lineSink(file, ({ record, metrics }) =>
    record.phase === phase ? recordLine(record, metrics, contexts[phase]) : undefined,
  );
}

/**
 * Opens the plan's files.
 * @param isLacking given: the files are kept, and each takes only the records for which this is true.
 */
export function openRecordFiles(
  plan: CollectPlan,
  onFailure: (message: string) => void,
  isLacking?: (file: RecordFile) => boolean,
): Sinks {
  const contexts = recordContexts(plan.origin, plan.hasWarmup);
  const open = (name: RecordFile, path: string): Sink => {
    const sink = recordFiles[name]({ path, append: isLacking !== undefined, contexts });
    if (isLacking === undefined) return sink;
    return {
      ...sink,
      onRecord: (measured) => {
        if (isLacking(name)) sink.onRecord?.(measured);
      },
    };
  };
  const openers = (['recordsFile', 'warmupFile', 'rawFile'] as const).flatMap((name) => {
    const path = plan[name];
    return path === undefined ? [] : [() => open(name, path)];
  });
  const { origin, seriesFile } = plan;
  if (isLacking === undefined && seriesFile !== undefined) openers.push(() => seriesSink(seriesFile, origin));
  return new Sinks(openers, onFailure);
}

/** Makes the lines of records, and keeps nothing. */
export function prewarmRecordFiles({ origin, hasWarmup }: CollectPlan): Sink {
  const contexts = recordContexts(origin, hasWarmup);
  return { onRecord: ({ record, metrics }) => void recordLine(record, metrics, contexts[record.phase]) };
}
