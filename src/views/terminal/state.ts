import type { Snapshot } from '../../collect/snapshot.js';
import { cut } from '../../util/cut.js';
import type { LogEntry } from '../../util/log.js';
import type { SeriesState, ViewMessage, WatchedRun } from '../messages.js';
import { type TrendPoint, withSnapshot } from './trend.js';

const LOG_LINES = 2000;
const LOG_CHARACTERS = 500;

/** Everything that the dashboard shows. */
export interface Watched {
  /** Undefined while the first run prepares. */
  readonly run: WatchedRun | undefined;
  /** The latest of the current run. */
  readonly snapshot: Snapshot | undefined;
  /** The last minutes of the current run. */
  readonly trend: readonly TrendPoint[];
  readonly series: SeriesState | undefined;
  /** The latest last. */
  readonly log: readonly LogEntry[];
}

export const nothingWatched: Watched = {
  ...{ run: undefined, snapshot: undefined, series: undefined },
  ...{ trend: [], log: [] },
};

/** What is shown after a message. */
export function watchedAfter(before: Watched, message: ViewMessage): Watched {
  switch (message.kind) {
    case 'run':
      return { ...before, run: message.run, snapshot: undefined, trend: [] };
    case 'snapshot': {
      const { snapshot } = message;
      return { ...before, snapshot, trend: withSnapshot(before.trend, snapshot) };
    }
    case 'series':
      return { ...before, series: message.series };
    case 'log': {
      const { entry } = message;
      const line = { ...entry, message: cut(entry.message, LOG_CHARACTERS) };
      return { ...before, log: [...before.log.slice(1 - LOG_LINES), line] };
    }
    default:
      return before;
  }
}
