import type { Snapshot } from '../../collect/snapshot.js';
import type { MetricResult } from '../../metrics/results.js';
import type { LogEntry } from '../../util/log.js';
import { addToHistory, emptyHistory, type History } from '../history.js';
import type { SeriesState, WatchedResult, WatchedRun } from '../messages.js';

/** An event of `/events`: its name, and its data as JSON. */
export type LiveEvent =
  /** Everything so far: the first event of a new viewer. */
  | { readonly name: 'state'; readonly data: LiveState }
  | { readonly name: 'run'; readonly data: LiveRun }
  | { readonly name: 'snapshot'; readonly data: LiveSnapshot }
  | { readonly name: 'log'; readonly data: LogEntry }
  | { readonly name: 'series'; readonly data: SeriesState }
  /** A person stopped the run from the page. */
  | { readonly name: 'stopping'; readonly data: null }
  | { readonly name: 'result'; readonly data: LiveResult }
  /** The address shows the report from now on. */
  | { readonly name: 'report'; readonly data: null }
  /** Nothing follows. */
  | { readonly name: 'end'; readonly data: null };

/** Facts of a run that the page shows. */
type LiveRun = Omit<WatchedRun, 'config' | 'datasetSize' | 'threads'>;

/** A snapshot with the metrics as they are shown. */
type LiveSnapshot = Omit<Snapshot, 'metrics'> & { readonly metrics: readonly LiveMetric[] };

/** A metric of the console's main table, with its label. */
export interface LiveMetric extends MetricResult {
  readonly label: string;
}

type LiveResult = Pick<WatchedResult, 'requests' | 'wasCancelled' | 'failure' | 'exitCode'>;

/** A line of the log. */
export interface LogLine extends LogEntry {
  /** From 1, in the order of the log. */
  readonly number: number;
}

/** All that a viewer has seen who was there from the start: plain data. */
export interface LiveState {
  /** Undefined while the first run prepares. */
  run: LiveRun | undefined;
  snapshot: LiveSnapshot | undefined;
  /** Of the current run. */
  history: History;
  log: readonly LogLine[];
  series: SeriesState | undefined;
  isStopping: boolean;
  /** Of the current run, once it has ended. */
  result: LiveResult | undefined;
  /** The address shows the report. */
  hasReport: boolean;
  hasEnded: boolean;
}

const MAX_LOG_LINES = 500;

export function emptyState(): LiveState {
  return {
    ...{ run: undefined, snapshot: undefined, history: emptyHistory(), log: [], series: undefined },
    ...{ isStopping: false, result: undefined, hasReport: false, hasEnded: false },
  };
}

/** Adds an event to a state; server and browser do the same, so that a late viewer sees what an early one does. */
export function applyEvent(state: LiveState, { name, data }: LiveEvent): void {
  switch (name) {
    case 'state':
      Object.assign(state, emptyState(), data);
      break;
    case 'run':
      Object.assign(state, { run: data, snapshot: undefined, history: emptyHistory(), result: undefined });
      break;
    case 'snapshot':
      state.snapshot = data;
      addToHistory(state.history, data);
      break;
    case 'log': {
      const number = (state.log.at(-1)?.number ?? 0) + 1;
      state.log = [...state.log.slice(1 - MAX_LOG_LINES), { ...data, number }];
      break;
    }
    case 'series':
      state.series = data;
      break;
    case 'stopping':
      state.isStopping = true;
      break;
    case 'result':
      state.result = data;
      break;
    case 'report':
      state.hasReport = true;
      break;
    case 'end':
      state.hasEnded = true;
  }
}
