import type { Spread } from '../../fidelity/thread-report.js';
import type { ClientReport } from '../../load/source.js';
import { QuantileSketch, type SketchState } from '../../util/quantile-sketch.js';
import type { ShardEvent, Tick } from '../messages.js';

const RECENT_MS = 5000;

export type PhaseDone = Extract<ShardEvent, { kind: 'phase-done' }>;
type TickedClient = NonNullable<Tick['client']>;

/** What the coordinator knows of the machine of a shard: from its ticks during a phase, and from its report at the end. */
export class ShardClient {
  /** By phase. */
  readonly #done: (PhaseDone | undefined)[] = [];
  #last: TickedClient | undefined;
  /** Send delays by the last ticks of the phase; all but the first are recent. */
  #past: { readonly atMs: number; readonly sendDelays: SketchState }[] = [];
  #latenessMs: Spread | undefined;

  /** Takes a tick. @param nowMs a monotonic clock. */
  noteTick(client: Tick['client'], nowMs: number): void {
    if (client === undefined) return;
    if (client.phase !== this.#last?.phase) this.#past = [];
    this.#last = client;
    const { sendDelays } = client;
    const recent = this.#past.findLastIndex(({ atMs }) => atMs <= nowMs - RECENT_MS);
    this.#past = [...this.#past.slice(Math.max(0, recent)), { atMs: nowMs, sendDelays }];
    const before = recent === -1 ? noDelays : (this.#past[0]?.sendDelays ?? noDelays);
    this.#latenessMs = spreadMs(QuantileSketch.of(sendDelays).since(before));
  }

  noteDone(event: PhaseDone): void {
    this.#done[event.phase] = event;
  }

  /** Phases that it has reported as done. */
  get donePhases(): number {
    return this.#done.filter((event) => event !== undefined).length;
  }

  isDone(phase: number): boolean {
    return this.#done[phase] !== undefined;
  }

  /** Sent − due of the requests that ended in the last 5 to 6 seconds before the last tick; undefined without any. */
  latenessMs(phase: number): Spread | undefined {
    return this.#last?.phase === phase ? this.#latenessMs : undefined;
  }

  /** What it has observed of its machine in a phase; undefined while that is not known. */
  report(phase: number, facts: Pick<ClientReport, 'share' | 'movedNs' | 'roof'>): ClientReport | undefined {
    const done = this.#done[phase];
    const ticked = this.#last?.phase === phase ? this.#last : undefined;
    const withheld = (done ?? ticked)?.withheld;
    if (withheld === undefined) return undefined;
    const { throttled, stolenNs } = withheld;
    const threads = done?.reports ?? ticked?.threads ?? [];
    const sendDelays = ticked && QuantileSketch.of(ticked.sendDelays);
    return {
      ...facts,
      threads: threads.map((thread) => ({ ...thread, waitShare: thread.waitShare })),
      throttled: throttled && { ...throttled, cpus: throttled.cpus },
      stolenNs,
      sendDelayNs: sendDelays === undefined || sendDelays.isEmpty ? undefined : sendDelays.spread,
      untilNs: done === undefined ? Math.max(...threads.map(({ endNs }) => endNs)) : undefined,
    };
  }
}

const noDelays: SketchState = { max: 0, buckets: [] };

function spreadMs({ isEmpty, spread: { p50, p99, max } }: QuantileSketch): Spread | undefined {
  return isEmpty ? undefined : { p50: p50 / 1e6, p99: p99 / 1e6, max: max / 1e6 };
}
