import { turnsOf } from '../dataset/plan.js';
import type { Endpoint } from '../endpoint/endpoint.js';
import { endpoints } from '../endpoint/endpoints.js';
import { headerMaker } from '../endpoint/headers.js';
import type { ThreadReport } from '../fidelity/thread-report.js';
import { openCancellations } from '../schedule/cancellation.js';
import { phaseEnd } from '../schedule/stop.js';
import type { Transport } from '../transport/transport.js';
import type { SharedCounters } from './counters.js';
import type { EventLoopMonitor } from './event-loop-monitor.js';
import { openIssuer, type ThreadShare } from './issuing.js';
import { type PhaseOptions, PhaseRunner } from './phase-runner.js';
import type { LoadPlan, PhasePlan } from './plan.js';
import { fixedShare } from './quota.js';
import type { RecordBatcher } from './record-batcher.js';
import type { SendingOptions } from './request-run.js';
import { openTimerQueue, type TimerQueue } from './timer-queue.js';

/** What a phase is played on: where its conversations come from, and where its requests and records go. */
export interface PhaseEnvironment extends Pick<PhaseOptions, 'conversations' | 'sample' | 'targets'> {
  readonly transport: Transport;
  readonly batcher: RecordBatcher;
  readonly share: Pick<ThreadShare, 'source' | 'sources' | 'thread' | 'threads'>;
}

/** A phase that begins. */
interface Beginning {
  readonly phase: PhasePlan;
  readonly counters: SharedCounters;
  readonly startNs: number;
  /** Number of its first session among all sessions of the run. */
  readonly firstSession: number;
}

/** Plays a load thread's part of the phases of a plan, one after another. */
export class PhasePlayer {
  readonly #plan: LoadPlan;
  readonly #monitor: EventLoopMonitor;
  readonly #nowNs: () => number;
  readonly #timers: TimerQueue;
  readonly #endpoint: Endpoint;
  #running: PhaseRunner | undefined = undefined;

  constructor(plan: LoadPlan, monitor: EventLoopMonitor, nowNs: () => number) {
    this.#plan = plan;
    this.#monitor = monitor;
    this.#nowNs = nowNs;
    this.#timers = openTimerQueue(nowNs);
    this.#endpoint = endpoints[plan.endpoint];
  }

  /** @param onDone called when nothing is in flight or to send, with what the thread saw of itself. */
  play(
    { phase: plan, counters, startNs, firstSession }: Beginning,
    { transport, batcher, share, ...played }: PhaseEnvironment,
    onDone: (report: ThreadReport) => void,
  ): void {
    const { seed } = this.#plan.prompts;
    const { issuing, requestLimit, sessionLimit, prefill, cancellation, graceNs } = plan;
    const { issueUntilNs, cutAtNs } = phaseEnd(plan);
    const cutByTime = issuing.kind === 'fixed-schedule';
    const phase = new PhaseRunner({
      ...played,
      ...{ startNs, firstSession, requestLimit, sessionLimit, prefill, counters },
      issueUntilNs: startNs + issueUntilNs,
      cutAtNs: startNs + cutAtNs,
      cutReason: `still in flight when the grace period of ${graceNs / 1e9} s ended`,
      quota: share.sources === 1 ? counters : fixedShare(counters, share, cutByTime),
      sending: this.#sending(plan, counters, transport),
      timers: this.#timers,
      cancellation: cancellation && {
        isChosen: openCancellations(seed, cancellation.percent),
        delayNs: cancellation.delayNs,
      },
      onRecord: (record) => batcher.add(record),
      onDone: () => {
        this.#timers.close();
        this.#running = undefined;
        batcher.flush();
        onDone(this.#monitor.end());
      },
    });
    this.#running = phase;
    this.#monitor.prepare();
    this.#timers.at(startNs, () => this.#monitor.begin(startNs));
    phase.run(
      openIssuer(issuing, phase, {
        ...share,
        seed,
        turnsOf: (conversation) => turnsOf(this.#plan.dataset, conversation),
      }),
    );
  }

  /** Nothing more is sent, and what is in flight is dropped with a record each. @param why for those records. */
  drop(why: string): void {
    this.#running?.drop(why);
  }

  #sending(phase: PhasePlan, counters: SharedCounters, transport: Transport): SendingOptions {
    const plan = this.#plan;
    const endpoint = this.#endpoint;
    const monitor = this.#monitor;
    return {
      phase: phase.name,
      endpoint,
      body: plan.body,
      headers: headerMaker(plan.headers),
      answer: { endpoint, streamEnd: plan.streamEnd, keepUnits: plan.keepRaw },
      countsTokens: plan.countsTokens,
      keepTrace: plan.keepTrace,
      requestTimeoutMs: plan.requestTimeoutMs,
      maxMessageBytes: plan.transportOptions.limits.messageBytes,
      transport,
      nowNs: this.#nowNs,
      onRead: (atNs) => {
        counters.noteActivity();
        monitor.noteRead(atNs);
      },
      mayBeLate: (atNs) => monitor.mayBeLate(atNs),
    };
  }
}
