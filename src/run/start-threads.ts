import { type Collector, startCollector } from '../collect/collector.js';
import { makeSpool, removeSpool } from '../collect/spool-plan.js';
import type { LoadSource } from '../load/source.js';
import type { TelemetryReading } from '../telemetry/telemetry.js';
import { messageOf } from '../util/errors.js';
import type { RunOptions } from './run-options.js';

/** The threads of a run. */
export interface RunThreads {
  readonly source: LoadSource;
  readonly collector: Collector;
  readonly telemetry: TelemetryReading | undefined;
  /** Folder; undefined: none. */
  readonly spool: string | undefined;
  /** Whether some finished records may be in memory only. */
  readonly spoolFailed: () => boolean;
}

/**
 * Starts all threads and waits until they are ready.
 * @throws ThreadDeath if one fails before. @throws UserError if a source of telemetry must be read and cannot
 */
export async function startThreads(options: RunOptions): Promise<RunThreads> {
  const { collect, collectorEntry, openSource, onExit, log, sinks } = options;
  const spool = openSpool(options);
  const discard = () => {
    if (spool !== undefined) removeSpool(spool);
  };
  const keep = onExit(discard);
  let spoolFailed = spool === undefined;
  const source = openSource(spool, (message) => {
    spoolFailed = true;
    log('WARNING', 'records', withoutSpool(message));
  });
  const collector = startCollector(collectorEntry, collect, source.feeds, spool, sinks);
  // After the others, which need the cores more.
  const telemetry = options.openTelemetry?.();
  try {
    await Promise.all([source.ready, collector.ready]);
    await telemetry?.begun();
  } catch (thrown) {
    await Promise.all([source.terminate(), collector.terminate()]);
    discard();
    throw thrown;
  } finally {
    keep();
  }
  return { source, collector, telemetry, spool, spoolFailed: () => spoolFailed };
}

/** @returns the folder; undefined if it cannot be created. */
function openSpool({ collect, spool, recordsName, log }: RunOptions): string | undefined {
  try {
    makeSpool(spool, collect, recordsName);
    return spool;
  } catch (thrown) {
    log('WARNING', 'records', withoutSpool(messageOf(thrown)));
    return undefined;
  }
}

function withoutSpool(why: string): string {
  return `finished records cannot be spooled (${why}): they wait in memory until they are counted, and a crash loses those`;
}
