import type { Observation } from '../telemetry/time-series.js';
import { messageOf } from '../util/errors.js';
import { every } from '../util/timeout.js';
import type { MeasuredRecord } from './record-processor.js';
import type { Snapshot } from './snapshot.js';

/** Takes what a run yields: a file, a screen, another program. A callback that throws ends its sink, and no other. */
export interface Sink {
  /** Called in the record thread; must not block. */
  onRecord?(measured: MeasuredRecord): void;
  /** Values of series at one time; called in the record thread. */
  onObservation?(observation: Observation): void;
  /** Stores the records so far: their copies in the spool may be deleted when this returns. */
  flush?(): void;
  onSnapshot?(snapshot: Snapshot): void;
  /** Time between two snapshots, ms; 250 where it is absent. */
  readonly snapshotMs?: number;
  /** The run is over, or another callback threw: close what is open. */
  onEnd?(): void;
}

const SNAPSHOT_MS = 250;

/** Passes everything on to several sinks. One that throws is ended and reported once; the others go on. */
export class Sinks implements Sink {
  readonly #sinks = new Set<Sink>();
  readonly #onFailure: (message: string) => void;

  /** @param openers make the sinks; one that throws has failed as well. */
  constructor(openers: Iterable<() => Sink>, onFailure: (message: string) => void) {
    this.#onFailure = onFailure;
    for (const open of openers) {
      try {
        this.#sinks.add(open());
      } catch (thrown) {
        onFailure(messageOf(thrown));
      }
    }
  }

  onRecord(measured: MeasuredRecord): void {
    this.#each((sink) => sink.onRecord?.(measured));
  }

  onObservation(observation: Observation): void {
    this.#each((sink) => sink.onObservation?.(observation));
  }

  flush(): void {
    this.#each((sink) => sink.flush?.());
  }

  onSnapshot(snapshot: Snapshot): void {
    this.#each((sink) => sink.onSnapshot?.(snapshot));
  }

  /** Passes snapshots on to each sink at its own pace. @returns stops that. */
  watch(take: () => Snapshot): () => void {
    const stops = [...this.#sinks]
      .filter(({ onSnapshot }) => onSnapshot !== undefined)
      .map((sink) =>
        every(sink.snapshotMs ?? SNAPSHOT_MS, () => this.#attempt(sink, () => sink.onSnapshot?.(take()))),
      );
    return () => {
      for (const stop of stops) stop();
    };
  }

  onEnd(): void {
    this.#each((sink) => sink.onEnd?.());
  }

  #each(act: (sink: Sink) => void): void {
    for (const sink of this.#sinks) this.#attempt(sink, () => act(sink));
  }

  #attempt(sink: Sink, act: () => void): void {
    if (!this.#sinks.has(sink)) return;
    try {
      act();
    } catch (thrown) {
      this.#sinks.delete(sink);
      this.#onFailure(messageOf(thrown));
      try {
        sink.onEnd?.();
      } catch {
        // It was reported already.
      }
    }
  }
}
