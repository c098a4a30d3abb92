import type { Snapshot } from '../../collect/snapshot.js';
import type { ViewMessage, WatchedResult, WatchedRun } from '../messages.js';
import type { SystemState } from './progress.js';

/** What the API knows of the current run: in a series, of the last one that began. */
export class ApiState {
  #run: WatchedRun | undefined;
  #snapshots: readonly Snapshot[] = [];
  #result: WatchedResult | undefined;
  /** What was made of this state, by its path. */
  readonly #made = new Map<string, unknown>();

  get run(): WatchedRun | undefined {
    return this.#run;
  }

  /** The latest snapshot of each phase that began, in their order. */
  get snapshots(): readonly Snapshot[] {
    return this.#snapshots;
  }

  /** Of the phase that goes on. */
  get snapshot(): Snapshot | undefined {
    return this.#snapshots.at(-1);
  }

  /** Undefined until the files are written. */
  get result(): WatchedResult | undefined {
    return this.#result;
  }

  get systemState(): SystemState {
    if (this.#result !== undefined) return 'stopping';
    if (this.snapshot === undefined) return 'initializing';
    return this.snapshot.processing === undefined ? 'profiling' : 'processing';
  }

  onMessage(message: ViewMessage): void {
    switch (message.kind) {
      case 'run':
        this.#run = message.run;
        this.#snapshots = [];
        this.#result = undefined;
        break;
      case 'snapshot': {
        const others = this.#snapshots.filter(({ phase }) => phase !== message.snapshot.phase);
        this.#snapshots = [...others, message.snapshot];
        break;
      }
      case 'result':
        this.#result = message.result;
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
}
