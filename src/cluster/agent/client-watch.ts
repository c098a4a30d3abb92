import { ThreadEvidenceCollector } from '../../collect/thread-evidence.js';
import type { SourceShare } from '../../load/quota.js';
import { visitNumbers } from '../../records/pack.js';
import type { PhaseName } from '../../records/record.js';
import type { WithheldCpu } from '../../run/withheld-cpu.js';
import { QuantileSketch } from '../../util/quantile-sketch.js';
import type { ThreadItem } from '../batch-message.js';
import type { Tick } from '../messages.js';
import { withLongestStalls } from './stalls.js';

/** Stalls that a tick has: it must be small. */
const MAX_STALLS = 8;

interface WatchedPhase {
  readonly index: number;
  readonly name: PhaseName;
  readonly threads: ThreadEvidenceCollector;
  /** Sent − due of requests that have ended. */
  readonly sendDelays: QuantileSketch;
  readonly withheld: () => WithheldCpu;
}

/** What an agent observes of its own machine in the current phase. */
export class ClientWatch {
  readonly #share: SourceShare;
  readonly #watchWithheldCpu: () => () => WithheldCpu;
  #phase: WatchedPhase | undefined;

  /** @param watchWithheldCpu starts to watch. @returns what was withheld since. */
  constructor(share: SourceShare, watchWithheldCpu: () => () => WithheldCpu) {
    this.#share = share;
    this.#watchWithheldCpu = watchWithheldCpu;
  }

  begin(index: number, name: PhaseName): void {
    this.#phase = {
      ...{ index, name, threads: new ThreadEvidenceCollector(), sendDelays: new QuantileSketch() },
      withheld: this.#watchWithheldCpu(),
    };
  }

  /** Takes what a load thread has handed over. */
  take({ thread, item }: ThreadItem): void {
    const phase = this.#phase;
    if (phase === undefined) return;
    const { source, sources } = this.#share;
    // As load threads of all machines are numbered.
    if ('samples' in item) phase.threads.observe(thread * sources + source, item);
    else
      visitNumbers(item, ({ phase: name, dueNs, startNs }) => {
        if (name === phase.name) phase.sendDelays.add(Math.max(0, startNs - dueNs));
      });
  }

  /** CPU time that was withheld since the phase began. */
  get withheld(): WithheldCpu {
    return this.#phase?.withheld() ?? { throttled: undefined, stolenNs: undefined };
  }

  /** The phase so far; undefined before the first. */
  get figures(): Tick['client'] {
    if (this.#phase === undefined) return undefined;
    const { index, threads, sendDelays } = this.#phase;
    return {
      phase: index,
      threads: withLongestStalls(threads.threads, MAX_STALLS).map(
        ({ startNs, endNs, lateNs, busyShare, waitShare, ...thread }) => ({
          ...{
            ...thread,
            startNs: Math.round(startNs),
            endNs: Math.round(endNs),
            lateNs: Math.round(lateNs),
          },
          busyShare: rounded(busyShare),
          ...(waitShare === undefined ? {} : { waitShare: rounded(waitShare) }),
        }),
      ),
      sendDelays: sendDelays.state,
      withheld: this.withheld,
    };
  }
}

function rounded(share: number): number {
  return Math.round(share * 1e4) / 1e4;
}
