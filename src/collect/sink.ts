import type { HistogramState } from '../metrics/record-histograms.js';
import type { Observation } from '../telemetry/time-series.js';
import { messageOf } from '../util/errors.js';
import { every } from '../util/timeout.js';
import type { MeasuredRecord } from './record-processor.js';
import type { Snapshot } from './snapshot.js';
import type { SpanBatch } from './span-sampler.js';

/** Output of a run: a file, a screen, another program. A callback that throws ends its own sink only. */
export interface Sink {
  /** Called in the record thread; must not block. */
  onRecord?(measured: MeasuredRecord): void;
  /** Values of several series at one time; called in the record thread. */
  onObservation?(observation: Observation): void;
  /** Stores the records so far; afterwards their copies in the spool may be deleted. */
  flush?(): void;
  onSnapshot?(snapshot: Snapshot): void;
  /** All records so far; called in the main thread every 2 s and at the end, if the plan asks for it. */
  onHistograms?(histograms: HistogramState): void;
  /** Sampled requests since the last call, at the same times. */
  onSpans?(batch: SpanBatch): void;
  /** Interval of snapshots, ms; absent: 250. */
  readonly snapshotMs?: number;
  /** Closes the sink at the end of the run, or after another callback threw. */
  onEnd?(): void;
}

const SNAPSHOT_MS = 250;

/** Several sinks as one. A sink that throws is ended and reported once; the others continue. */
export class Sinks implements Sink {
  readonly #sinks = new Set<Sink>();
  readonly #onFailure: (message: string) => void;

  /** @param openers open the sinks; one that throws counts as a failed sink. */
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

  onHistograms(histograms: HistogramState): void {
    this.#each((sink) => sink.onHistograms?.(histograms));
  }

  onSpans(batch: SpanBatch): void {
    this.#each((sink) => sink.onSpans?.(batch));
  }

  /** Passes snapshots to each sink at its own interval. @returns a function that stops this. */
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
        // The sink was already reported.
      }
    }
  }
}
