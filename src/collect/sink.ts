import type { Observation } from '../telemetry/time-series.js';
import { messageOf } from '../util/errors.js';
import type { MeasuredRecord } from './record-processor.js';

/** Takes what a run yields: a file, a screen, another program. A callback that throws ends its sink, and no other. */
export interface Sink {
  /** Called in the record thread; must not block. */
  onRecord?(measured: MeasuredRecord): void;
  /** Values of series at one time; called in the record thread. */
  onObservation?(observation: Observation): void;
  /** Stores the records so far: their copies in the spool may be deleted when this returns. */
  flush?(): void;
  /** The run is over, or another callback threw: close what is open. */
  onEnd?(): void;
}

/** Passes everything on to several sinks. One that throws is ended and reported once; the others go on. */
export class Sinks implements Required<Sink> {
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

  onEnd(): void {
    this.#each((sink) => sink.onEnd?.());
  }

  #each(act: (sink: Sink) => void): void {
    for (const sink of this.#sinks) {
      try {
        act(sink);
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
}
