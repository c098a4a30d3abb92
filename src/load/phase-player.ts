import { turnsOf } from '../dataset/plan.js';
import type { Endpoint } from '../endpoint/endpoint.js';
import { openEndpoint } from '../endpoint/endpoints.js';
import { headerMaker } from '../endpoint/headers.js';
import type { ThreadReport } from '../fidelity/thread-report.js';
import { openArrivals } from '../schedule/arrivals.js';
import { openCancellations } from '../schedule/cancellation.js';
import { phaseEnd } from '../schedule/stop.js';
import { userPlan } from '../schedule/user-centric.js';
import { openSigner } from '../transport/sigv4.js';
import type { Transport } from '../transport/transport.js';
import { ClosedLoop } from './closed-loop.js';
import type { SharedCounters } from './counters.js';
import type { EventLoopMonitor } from './event-loop-monitor.js';
import { FixedReplay } from './fixed-schedule.js';
import type { JoinPoint } from './join.js';
import { markedSources } from './marked-sessions.js';
import { OpenLoop, ticksAreSessions } from './open-loop.js';
import { arrivalRandom, limitsOf, type PhasePart } from './parts.js';
import { type Issuer, type PhaseOptions, PhaseRunner } from './phase-runner.js';
import type { Issuing, LoadPlan, PhasePlan } from './plan.js';
import { evenShare, type SourceShare, type ThreadShare } from './quota.js';
import type { RecordBatcher } from './record-batcher.js';
import { openReplay } from './replay-sessions.js';
import type { SendingOptions } from './request-run.js';
import { openTimerQueue, type TimerQueue } from './timer-queue.js';
import { UserCentric } from './user-centric.js';

/** The source of a phase's conversations, and the destination of its requests and records. */
export interface PhaseEnvironment
  extends Pick<PhaseOptions, 'conversations' | 'ahead' | 'stream' | 'sample' | 'targets'> {
  readonly transport: Transport;
  readonly batcher: RecordBatcher;
  readonly share: ThreadShare;
}

/** A phase to start. */
interface PhaseStart {
  readonly phase: PhasePlan;
  readonly counters: SharedCounters;
  readonly startNs: number;
  /** Number of its first session among all sessions of the run. */
  readonly firstSession: number;
  /** Undefined: the source plays all of it. */
  readonly part: PhasePart | undefined;
  /** Where the source joins it; absent: at its start. */
  readonly join?: JoinPoint | undefined;
}

/** Runs a load thread's part of the phases of a plan, one after another. */
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
    this.#endpoint = openEndpoint(plan.endpoint, plan.body);
  }

  /** @param onDone called with the thread's report when nothing is in flight and nothing is left to send. */
  play(
    { phase: plan, counters, startNs, firstSession, part, join }: PhaseStart,
    { transport, batcher, share, ...played }: PhaseEnvironment,
    onDone: (report: ThreadReport) => void,
  ): void {
    const { seed } = this.#plan.prompts;
    const { issuing, endsWithDataset, prefill, failureLimit } = plan;
    const { cancellation, graceNs } = plan;
    const { issueUntilNs, cutAtNs } = phaseEnd(plan);
    const cutByTime = issuing.kind === 'fixed-schedule';
    const fromNs = Math.max(startNs, join?.atNs ?? startNs);
    const phase = new PhaseRunner({
      ...markedSources(this.#plan.cacheBust, plan.name, played),
      ...{ startNs, fromNs, firstSession, endsWithDataset, prefill, failureLimit },
      ...limitsOf(plan, part, counters),
      counters,
      issueUntilNs: startNs + issueUntilNs,
      cutAtNs: startNs + cutAtNs,
      cutReason: `still in flight when the grace period of ${graceNs / 1e9} s ended`,
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
    this.#timers.at(fromNs, () => this.#monitor.begin(fromNs));
    const { sources } = part ?? { sources: 1 };
    // A schedule holds its own conversations in memory.
    if (!cutByTime) {
      played.stream?.noteOpened();
      if (join !== undefined) played.stream?.skipTo(firstSession + join.sessions * sources);
    }
    phase.run(
      openIssuer(issuing, phase, {
        ...share,
        ...(part ?? { source: 0, sources: 1 }),
        seed,
        turnsOf: (conversation) => turnsOf(this.#plan.dataset, conversation),
      }),
    );
  }

  /** Sends nothing more, and drops each request in flight with a record. @param why for those records. */
  drop(why: string): void {
    this.#running?.drop(why);
  }

  #sending(phase: PhasePlan, counters: SharedCounters, transport: Transport): SendingOptions {
    const { body, headers, streamEnd, keepRaw, countsTokens, keepTrace, requestTimeoutMs } = this.#plan;
    const endpoint = this.#endpoint;
    const monitor = this.#monitor;
    return {
      ...{ phase: phase.name, endpoint, body, countsTokens, keepTrace, requestTimeoutMs, transport },
      headers: headerMaker(headers),
      sign: this.#plan.signing && openSigner(this.#plan.signing),
      answer: { endpoint, streamEnd, keepUnits: keepRaw },
      maxMessageBytes: this.#plan.transportOptions.limits.messageBytes,
      nowNs: this.#nowNs,
      onActivity: () => counters.noteActivity(),
      mayBeLate: (atNs) => monitor.mayBeLate(atNs),
    };
  }
}

interface IssuerOptions extends SourceShare, ThreadShare {
  /** The run's seed. */
  readonly seed: number;
  /** Turns of a conversation of the dataset. */
  readonly turnsOf: (conversation: number) => number;
}

/** Opens the issuer of a phase for one thread's share of it. */
export function openIssuer(
  issuing: Issuing,
  phase: PhaseRunner,
  { source, sources, thread, threads, seed, turnsOf }: IssuerOptions,
): Issuer {
  const { startNs, fromNs } = phase.options;
  const sendsAll = sources === 1 && fromNs === startNs;
  // Arrival k belongs to source k mod `sources`, whose threads take its arrivals in turn.
  const everyNth = { thread: thread * sources + source, threads: threads * sources };
  switch (issuing.kind) {
    case 'closed-loop':
      return new ClosedLoop(phase, issuing.concurrency, (total) =>
        evenShare(phase.options.quota.shareOf(total), threads, thread),
      );
    case 'rate': {
      const random = arrivalRandom(seed, phase.options.sending.phase);
      return new OpenLoop(phase, {
        nextTickNs: openArrivals({ ...issuing, random }),
        ...everyNth,
        ceiling: issuing.ceiling,
        ticksAreSessions: ticksAreSessions(issuing, phase.options.prefill),
        catchUpNs: issuing.catchUpNs,
      });
    }
    case 'fixed-schedule':
      return new FixedReplay(phase, {
        sessions: openReplay(issuing.schedule, phase.options.stream),
        ceiling: issuing.ceiling,
        ...everyNth,
      });
    case 'user-centric':
      return new UserCentric(phase, {
        plan: userPlan(issuing),
        turnsOf: (session) => turnsOf(phase.options.sample(phase.options.firstSession + session)),
        ...everyNth,
        ceiling: issuing.ceiling,
        // A source does not know how many requests others have sent.
        plannedRequests: sendsAll ? Number.POSITIVE_INFINITY : phase.options.requestLimit,
      });
  }
}
