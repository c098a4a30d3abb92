import type { CollectPlan } from '../../collect/record-processor.js';
import { type Sink, Sinks } from '../../collect/sink.js';
import type { Config } from '../../config/options.js';
import type { RecordFileOptions } from '../../export/line-file.js';
import { recordContexts } from '../../export/record-metadata.js';
import { isTerminal, type Screen } from '../../ui/screen.js';
import type { ClockOrigin } from '../../util/clock.js';
import type { Io } from '../../util/io.js';

/** Every sink of a run, loaded by the thread that opens it. Files have their names in the plan. */
const sinks = {
  bar: async () => (await import('../../ui/bar.js')).openBar,
  lines: async () => (await import('../../ui/lines.js')).openLines,
  recordsFile: async () => (await import('../../export/records-jsonl.js')).recordsJsonl('profiling'),
  warmupFile: async () => (await import('../../export/records-jsonl.js')).recordsJsonl('warmup'),
  rawFile: async () => (await import('../../export/raw-jsonl.js')).rawJsonl,
  outputsFile: async () => (await import('../../export/outputs-json.js')).outputsJson,
  seriesFile: async () => (await import('../../export/series-jsonl.js')).seriesSink,
};

/** Lines of statistics without a terminal, unless the option says otherwise. */
const STATS_INTERVAL_SECONDS = 30;

/**
 * What is written to stderr while a run goes on: a bar on a terminal that can erase it, else lines of statistics; lines also where their
 * interval is given. Nothing below the dashboard, which has all figures.
 */
export async function openScreens(
  { uiType, statsInterval }: Pick<Config, 'uiType' | 'statsInterval'>,
  { stderr, env, nowMs }: Pick<Io, 'stderr' | 'env' | 'nowMs'>,
): Promise<readonly Screen[]> {
  if (uiType === 'dashboard') return [];
  const hasBar = uiType === 'simple' && isTerminal(stderr) && env.TERM !== 'dumb';
  const bar = hasBar ? (await sinks.bar())(stderr, stderr.hasColors(), nowMs) : undefined;
  const seconds = statsInterval ?? (uiType === 'simple' && !hasBar ? STATS_INTERVAL_SECONDS : 0);
  if (seconds === 0) return bar === undefined ? [] : [bar];
  const write = (text: string) => {
    bar?.clear();
    return stderr.write(text);
  };
  const lines = (await sinks.lines())({ write }, nowMs, seconds * 1000);
  return bar === undefined ? [lines] : [lines, bar];
}

type RecordFile = 'recordsFile' | 'warmupFile' | 'rawFile';

interface FileSinks extends Readonly<Record<RecordFile, (options: RecordFileOptions) => Sink>> {
  readonly seriesFile: (path: string, origin: ClockOrigin) => Sink;
  readonly outputsFile: (path: string, origin: ClockOrigin) => Sink;
}

/** Loads the sinks that write files. */
export async function loadFileSinks(): Promise<FileSinks> {
  return {
    recordsFile: await sinks.recordsFile(),
    warmupFile: await sinks.warmupFile(),
    rawFile: await sinks.rawFile(),
    seriesFile: await sinks.seriesFile(),
    outputsFile: await sinks.outputsFile(),
  };
}

/**
 * Opens the plan's files.
 * @param isLacking given: the files are kept, and each takes only the records for which this is true.
 */
export function openFileSinks(
  files: FileSinks,
  plan: CollectPlan,
  onFailure: (message: string) => void,
  isLacking?: (file: RecordFile) => boolean,
): Sinks {
  const contexts = recordContexts(plan);
  const open = (name: RecordFile, path: string): Sink => {
    const sink = files[name]({ path, append: isLacking !== undefined, contexts });
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
  const { origin, seriesFile, outputsFile } = plan;
  if (isLacking === undefined && seriesFile !== undefined)
    openers.push(() => files.seriesFile(seriesFile, origin));
  if (isLacking === undefined && outputsFile !== undefined)
    openers.push(() => files.outputsFile(outputsFile, origin));
  return new Sinks(openers, onFailure);
}
