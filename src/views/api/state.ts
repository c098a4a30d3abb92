import type { Snapshot } from '../../collect/snapshot.js';
import type { ViewMessage, WatchedResult, WatchedRun } from '../messages.js';
import type { SystemState } from './progress.js';

/** A phase of the run so far. */
export interface WatchedPhase {
  /** Wall clock, ms since 1970. */
  readonly startMs: number;
  /** Nothing is sent any more. */
  readonly hasEnded: boolean;
  /** The latest. */
  readonly snapshot: Snapshot;
}

/** What the API knows of the current run: in a series, of the last one that began. */
export class ApiState {
  #run: WatchedRun | undefined;
  #phases: readonly WatchedPhase[] = [];
  #result: WatchedResult | undefined;
  /** What was made of this state, by its path. */
  readonly #made = new Map<string, unknown>();

  get run(): WatchedRun | undefined {
    return this.#run;
  }

  /** The phases that began, in their order. */
  get phases(): readonly WatchedPhase[] {
    return this.#phases;
  }

  /** The latest snapshot of each. */
  get snapshots(): readonly Snapshot[] {
    return this.#phases.map(({ snapshot }) => snapshot);
  }

  /** The latest. */
  get snapshot(): Snapshot | undefined {
    return this.#phases.at(-1)?.snapshot;
  }

  /** Undefined until the files are written. */
  get result(): WatchedResult | undefined {
    return this.#result;
  }

  /** No other run follows. */
  get isOver(): boolean {
    const { place } = this.#run ?? {};
    return this.#result !== undefined && (place === undefined || place.number === place.of);
  }

  get systemState(): SystemState {
    if (this.#result !== undefined) return 'stopping';
    const last = this.#phases.at(-1);
    if (last === undefined) return 'initializing';
    return last.hasEnded ? 'processing' : 'profiling';
  }

  onMessage(message: ViewMessage): void {
    switch (message.kind) {
      case 'run':
        this.#run = message.run;
        this.#phases = [];
        this.#result = undefined;
        break;
      case 'snapshot':
        this.#take(message.snapshot);
        break;
      case 'result':
        this.#result = message.result;
        this.#phases = this.#phases.map((phase) => ({ ...phase, hasEnded: true }));
        break;
      default:
        return;
    }
    this.#made.clear();
  }

  /** Makes something once for each state, however many ask. */
  once<Value>(path: string, make: () => Value): Value {
    if (!this.#made.has(path)) this.#made.set(path, make());
    return this.#made.get(path) as Value;
  }

  #take(snapshot: Snapshot): void {
    const { phase, unixMs, elapsedSeconds, processing } = snapshot;
    const before = this.#phases.find((each) => each.snapshot.phase === phase);
    const others = this.#phases.filter((each) => each !== before);
    this.#phases = [
      ...others.map((each) => ({ ...each, hasEnded: true })),
      {
        // The time that has passed stands still after the load.
        startMs: before?.startMs ?? unixMs - elapsedSeconds * 1000,
        hasEnded: before?.hasEnded === true || processing !== undefined,
        snapshot,
      },
    ];
  }
}
