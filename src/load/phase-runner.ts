import type { AssistantMessage } from '../endpoint/endpoint.js';
import type { RequestTarget } from '../endpoint/url.js';
import { outcomeOf } from '../records/failure.js';
import type { RequestRecord } from '../records/record.js';
import { concurrencyAt, type RampedLimit } from '../schedule/ramp.js';
import type { ConversationCache } from './conversation-cache.js';
import type { SharedCounters } from './counters.js';
import { IndexedSet } from './indexed-set.js';
import type { PhasePlan } from './plan.js';
import type { Quota } from './quota.js';
import { RequestRun, type SendingOptions } from './request-run.js';
import { Session } from './session.js';
import type { TimerEntry, TimerQueue } from './timer-queue.js';

/** Decides what is sent when; one for each load mode. */
export interface Issuer {
  /** Called before the phase's start, while nothing is in flight: time to make what is sent first. */
  prepare?(): void;
  /** Called at the phase's start. */
  start(): void;
  /** A turn came back, and its session has another one. */
  turnReturned(session: Session, endNs: number): void;
  /** A session has ended, or will not be played further. */
  sessionOver(session: Session, endNs: number): void;
  /** No new session will be started, as far as the issuer itself knows. */
  readonly finished: boolean;
}

export interface PhaseOptions extends Pick<PhasePlan, 'requestLimit' | 'sessionLimit' | 'prefill'> {
  readonly startNs: number;
  /** From this time on nothing is issued; Infinity: no such time. */
  readonly issueUntilNs: number;
  /** What is in flight then is dropped, for this reason; Infinity: never. */
  readonly cutAtNs: number;
  readonly cutReason: string;
  /** Number of the phase's first session among all sessions of the run. */
  readonly firstSession: number;
  /** Hands out sessions, requests and slots. */
  readonly quota: Quota;
  /** What all threads of the source count together. */
  readonly counters: SharedCounters;
  readonly conversations: ConversationCache;
  /** Conversation number of a session number. */
  readonly sample: (session: number) => number;
  readonly targets: readonly RequestTarget[];
  readonly sending: SendingOptions;
  readonly timers: TimerQueue;
  /** Whether a request is to be cancelled, and how long after it was sent; absent: none is. */
  readonly cancellation: Cancellation | undefined;
  readonly onRecord: (record: RequestRecord) => void;
  /** Nothing is in flight and nothing will be sent any more. */
  readonly onDone: () => void;
}

interface Cancellation {
  readonly isChosen: (session: number, turn: number) => boolean;
  readonly delayNs: number;
}

interface WaitingTurn {
  readonly session: Session;
  readonly dueNs: number;
}

// Slots that other threads free are looked for this often.
const LOOK_AGAIN_NS = 1e6;
// A thread with nothing in flight looks this often whether others have taken all that was left.
const LOOK_FOR_END_NS = 50e6;

/**
 * One thread's part of a phase: sends what its issuer says, keeps the limits and the end, and sees that every
 * request ends in one record.
 */
export class PhaseRunner {
  readonly options: PhaseOptions;
  readonly #inFlight = new IndexedSet<RequestRun>();
  readonly #delayed = new Map<Session, TimerEntry>();
  readonly #forPrefill: WaitingTurn[] = [];
  #look: TimerEntry | undefined = undefined;
  #lookForEnd: TimerEntry | undefined = undefined;
  #issuer: Issuer | undefined = undefined;
  #ended = false;
  #done = false;

  constructor(options: PhaseOptions) {
    this.options = options;
  }

  /** Starts at the phase's start time. */
  run(issuer: Issuer): void {
    const { timers, startNs, issueUntilNs, cutAtNs, cutReason } = this.options;
    this.#issuer = issuer;
    issuer.prepare?.();
    timers.at(startNs, () => {
      issuer.start();
      this.checkDone();
    });
    if (Number.isFinite(issueUntilNs)) timers.at(issueUntilNs, () => this.end());
    if (Number.isFinite(cutAtNs)) timers.at(cutAtNs, () => this.drop(cutReason));
  }

  /** Nothing more is sent, and what is in flight is dropped with a record each. @param why for those records. */
  drop(why: string): void {
    this.end();
    for (const run of this.#inFlight.list()) run.drop(why);
  }

  nowNs(): number {
    return this.options.sending.nowNs();
  }

  /** No stop condition holds. */
  get mayIssue(): boolean {
    const { counters, quota, requestLimit, issueUntilNs } = this.options;
    if (this.#ended || counters.stopped) return false;
    return !quota.requestsAreTaken(requestLimit) && this.nowNs() < issueUntilNs;
  }

  /** All places for requests before their first token are taken. */
  get prefillIsFull(): boolean {
    const { prefill, quota } = this.options;
    return prefill !== undefined && quota.prefillIsFull(this.limitNow(prefill));
  }

  /** A limit's value now. */
  limitNow({ limit, rampNs }: RampedLimit): number {
    return concurrencyAt(this.nowNs() - this.options.startNs, limit, rampNs);
  }

  /** The next session of the phase by order of start, or undefined when there are no more. */
  takeSession(): number | undefined {
    return this.options.quota.takeSession(this.#mostSessions);
  }

  /** There are no more sessions to start: the threads together have taken them all. */
  get sessionsAreTaken(): boolean {
    return this.options.quota.sessionsAreTaken(this.#mostSessions);
  }

  /** @param number the session's number within the phase; its conversation is the one sampled for it. */
  openSession(number: number, correlationId: string): Session {
    const runNumber = this.options.firstSession + number;
    return this.openPlayed(runNumber, this.options.sample(runNumber), () => correlationId);
  }

  /**
   * @param number the session's number among all sessions of the run.
   * @param correlationIdOf its id on the wire, from the dataset's session id.
   * @param played absent: every turn.
   */
  openPlayed(
    number: number,
    index: number,
    correlationIdOf: (sessionId: string) => string,
    played?: ArrayLike<number>,
  ): Session {
    const { conversations, targets } = this.options;
    const target = targets[number % targets.length];
    if (target === undefined) throw new Error('a load plan without a target');
    const script = conversations.script(index);
    return new Session(number, script, correlationIdOf(script.conversation.sessionId), target, played);
  }

  /** Makes the payload of the session's turn ahead of its time. */
  prepare(session: Session): void {
    try {
      session.prepare(this.options.sending.endpoint, this.options.sending.body);
    } catch {
      // What cannot be made becomes a failed record when its time comes.
    }
  }

  /** Sends the session's turn as soon as the limits allow; drops the session when a stop condition holds. */
  submit(session: Session, dueNs: number): void {
    const { quota, prefill } = this.options;
    if (!this.mayIssue) {
      this.#issuer?.sessionOver(session, dueNs);
      this.checkDone();
    } else if (
      prefill !== undefined &&
      (this.#forPrefill.length > 0 || !quota.takePrefill(this.limitNow(prefill)))
    ) {
      this.#forPrefill.push({ session, dueNs });
      this.#lookAgain();
    } else {
      this.#send(session, dueNs);
    }
  }

  /** Submits the session's turn when `dueNs` comes. */
  submitAt(session: Session, dueNs: number): void {
    if (dueNs <= this.nowNs()) {
      this.submit(session, dueNs);
      return;
    }
    this.callAt(session, dueNs, () => this.submit(session, dueNs));
  }

  /** Does something for a session between two of its turns when `dueNs` comes, unless the phase ends before. */
  callAt(session: Session, dueNs: number, act: () => void): void {
    const entry = this.options.timers.at(dueNs, () => {
      this.#delayed.delete(session);
      act();
    });
    this.#delayed.set(session, entry);
  }

  /** Issues nothing more; what waits to be sent is dropped. */
  end(): void {
    this.#ended = true;
    for (const entry of this.#delayed.values()) this.options.timers.cancel(entry);
    this.#delayed.clear();
    this.#forPrefill.length = 0;
    this.checkDone();
  }

  /** To be called by the issuer when it has finished. */
  checkDone(): void {
    if (this.#done || this.#inFlight.size > 0) return;
    if (!this.#ended && !this.mayIssue) {
      this.end();
      return;
    }
    const waits = this.#delayed.size > 0 || this.#forPrefill.length > 0;
    if (this.#ended || (!waits && this.#issuer?.finished)) {
      this.#done = true;
      this.#ended = true;
      this.options.onDone();
    } else if (this.#lookForEnd?.act === undefined) {
      const { timers } = this.options;
      this.#lookForEnd = timers.at(this.nowNs() + LOOK_FOR_END_NS, () => this.checkDone());
    }
  }

  get #mostSessions(): number {
    // A session needs a request. Without this bound a thread could start one more session than there are requests,
    // and take the last request from the session of another thread: its conversation would never be sent.
    return Math.min(this.options.sessionLimit, this.options.requestLimit);
  }

  #send(session: Session, dueNs: number): void {
    const { quota, requestLimit, sending, cancellation, timers, prefill } = this.options;
    const number = quota.takeRequest(requestLimit);
    if (number === undefined) {
      if (prefill !== undefined) quota.freePrefill();
      this.#issuer?.sessionOver(session, dueNs);
      this.end();
      return;
    }
    const isCancelled = cancellation?.isChosen(session.number, session.turnIndex) ?? false;
    const run = new RequestRun(session, sending, {
      number,
      dueNs,
      cancelAfterNs: isCancelled ? cancellation?.delayNs : undefined,
      timers,
      onPrefilled: prefill === undefined ? undefined : () => quota.freePrefill(),
      onReturn: this.#onReturn,
    });
    this.#inFlight.add(run);
    run.send();
    // Nothing more can be sent: what waits for its time is not waited for.
    if (quota.requestsAreTaken(requestLimit)) this.end();
  }

  readonly #onReturn = (
    run: RequestRun,
    record: RequestRecord,
    answer: AssistantMessage | undefined,
  ): void => {
    const { session } = run;
    this.#inFlight.delete(run);
    this.options.counters.noteReturn(outcomeOf(record));
    this.options.onRecord(record);
    session.turnReturned(answer);
    if (session.turn === undefined || !this.mayIssue) this.#issuer?.sessionOver(session, record.endNs);
    else this.#issuer?.turnReturned(session, record.endNs);
    if (this.#forPrefill.length > 0) this.#takePrefills();
    this.checkDone();
  };

  #takePrefills(): void {
    const { quota, prefill } = this.options;
    while (prefill !== undefined && this.#forPrefill.length > 0 && this.mayIssue) {
      if (!quota.takePrefill(this.limitNow(prefill))) break;
      const next = this.#forPrefill.shift();
      if (next !== undefined) this.#send(next.session, next.dueNs);
    }
    this.#lookAgain();
  }

  #lookAgain(): void {
    if (this.#look?.act !== undefined || this.#forPrefill.length === 0) return;
    this.#look = this.options.timers.at(this.nowNs() + LOOK_AGAIN_NS, () => this.#takePrefills());
  }
}
