import { type Collector, startCollector } from '../collect/collector.js';
import type { CollectPlan } from '../collect/record-processor.js';
import { makeSpool, removeSpool } from '../collect/spool-plan.js';
import type { LoadSource } from '../load/source.js';
import { messageOf } from '../util/errors.js';
import type { Io } from '../util/io.js';
import type { Log } from '../util/log.js';

export interface ThreadOptions {
  readonly collect: CollectPlan;
  /** Module of the record thread. */
  readonly collectorEntry: URL;
  /** Starts what sends the load. @param spool folder; undefined: there is none. */
  readonly openSource: (spool: string | undefined, onSpoolFailure: (message: string) => void) => LoadSource;
  /** Folder that finished records are spooled to. */
  readonly spool: string;
  /** Name of the file that a spool is made into where the run itself keeps no records. */
  readonly recordsName: string;
  readonly log: Log;
  readonly onExit: Io['onExit'];
}

/** The threads of a run. */
export interface RunThreads {
  readonly source: LoadSource;
  readonly collector: Collector;
  /** Folder; undefined: there is none. */
  readonly spool: string | undefined;
  /** Some finished records may be in memory alone. */
  readonly spoolFailed: () => boolean;
}

/** Starts all threads, which are ready then. @throws ThreadDeath where one of them is not. */
export async function startThreads(options: ThreadOptions): Promise<RunThreads> {
  const { collect, collectorEntry, openSource, onExit, log } = options;
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
  const collector = startCollector(collectorEntry, collect, source.feeds, spool);
  try {
    await Promise.all([source.ready, collector.ready]);
  } catch (thrown) {
    await Promise.all([source.terminate(), collector.terminate()]);
    discard();
    throw thrown;
  } finally {
    keep();
  }
  return { source, collector, spool, spoolFailed: () => spoolFailed };
}

/** @returns the folder; undefined where it cannot be made. */
function openSpool({ collect, spool, recordsName, log }: ThreadOptions): string | undefined {
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
