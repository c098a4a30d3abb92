import type { AssistantMessage } from '../endpoint/endpoint.js';
import type { RequestTarget } from '../endpoint/url.js';
import { outcomeOf } from '../records/failure.js';
import type { RequestRecord } from '../records/record.js';
import { concurrencyAt, type RampedLimit } from '../schedule/ramp.js';
import { failsTooOften } from '../schedule/stop.js';
import type { ConversationSource } from './conversation-cache.js';
import type { SharedCounters } from './counters.js';
import { IndexedSet } from './indexed-set.js';
import type { PhasePlan } from './plan.js';
import type { Quota } from './quota.js';
import { RequestRun, type SendingOptions } from './request-run.js';
import { Session } from './session.js';
import { SessionTree } from './session-tree.js';
import type { SessionsAhead } from './sessions-ahead.js';
import type { StreamedSessions } from './streamed-sessions.js';
import type { TimerEntry, TimerQueue } from './timer-queue.js';

/** Decides which turns are sent when; one per load mode. */
export interface Issuer {
  /** Called before the phase's start, while nothing is in flight: makes the first requests ahead of time. */
  prepare?(): void;
  /** Called at the phase's start, or when the source joins it. */
  start(): void;
  /** The session's next turn can follow: all turns that it waits for have returned, the last of them at `sinceNs`. */
  turnReady(session: Session, sinceNs: number): void;
  /** A session ended, or will not be continued; of the agents of a conversation graph, called for one only. */
  sessionOver(session: Session, endNs: number): void;
  /** The issuer will start no new session. */
  readonly finished: boolean;
}

export interface PhaseOptions
  extends Pick<PhasePlan, 'requestLimit' | 'sessionLimit' | 'endsWithDataset' | 'prefill' | 'failureLimit'> {
  readonly startNs: number;
  /** What is due before is not sent: the start, or when the source joined the phase. */
  readonly fromNs: number;
  /** Nothing that is due from this time on is issued; Infinity: no limit. */
  readonly issueUntilNs: number;
  /** Requests in flight at this time are dropped, with `cutReason` in their records; Infinity: never. */
  readonly cutAtNs: number;
  readonly cutReason: string;
  /** Number of the phase's first session among all sessions of the run. */
  readonly firstSession: number;
  /** Hands out sessions, requests and slots. */
  readonly quota: Quota;
  /** Shared by all threads of the source. */
  readonly counters: SharedCounters;
  readonly conversations: ConversationSource;
  /** Undefined: every request is made by this thread. */
  readonly ahead?: SessionsAhead | undefined;
  /** Undefined: the dataset is not streamed. */
  readonly stream?: StreamedSessions | undefined;
  /** Conversation number of a session number. */
  readonly sample: (session: number) => number;
  readonly targets: readonly RequestTarget[];
  readonly sending: SendingOptions;
  readonly timers: TimerQueue;
  /** Which requests are cancelled, and how long after they were sent; undefined: none. */
  readonly cancellation: Cancellation | undefined;
  readonly onRecord: (record: RequestRecord) => void;
  /** Called once, when nothing is in flight and nothing more will be sent. */
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

// Interval of the check for slots that other threads freed.
const SLOT_CHECK_NS = 1e6;
// The same for rows that were not read yet; counted as a millisecond of waiting.
const READ_CHECK_NS = 1e6;
// Interval at which a thread with nothing in flight checks whether the others have taken all remaining requests.
const END_CHECK_NS = 50e6;

/**
 * One thread's part of a phase: sends the requests of its issuer, enforces limits and stop conditions, and ends every
 * request in exactly one record.
 */
export class PhaseRunner {
  readonly options: PhaseOptions;
  readonly #inFlight = new IndexedSet<RequestRun>();
  readonly #delayed = new Map<Session, TimerEntry>();
  readonly #waitingForPrefill: WaitingTurn[] = [];
  #slotCheck: TimerEntry | undefined = undefined;
  #endCheck: TimerEntry | undefined = undefined;
  #issuer: Issuer | undefined = undefined;
  #ended = false;
  #done = false;

  constructor(options: PhaseOptions) {
    this.options = options;
  }

  /** Starts the issuer at the phase's start time, or when the source joins it. */
  run(issuer: Issuer): void {
    const { timers, fromNs, issueUntilNs, cutAtNs, cutReason } = this.options;
    this.#issuer = issuer;
    issuer.prepare?.();
    timers.at(fromNs, () => {
      issuer.start();
      this.checkDone();
    });
    if (Number.isFinite(issueUntilNs)) timers.at(issueUntilNs, () => this.end());
    if (Number.isFinite(cutAtNs)) timers.at(cutAtNs, () => this.drop(cutReason));
  }

  /** Sends nothing more, and drops each request in flight with a record. @param why for those records. */
  drop(why: string): void {
    this.end();
    for (const run of this.#inFlight.list()) run.drop(why);
  }

  nowNs(): number {
    return this.options.sending.nowNs();
  }

  /** Whether no stop condition holds for a request that was not planned for a certain time. */
  get mayIssue(): boolean {
    return this.mayIssueAt(this.nowNs());
  }

  /**
   * Whether no stop condition holds for a request that is due at `dueNs`: one that is due before the end is sent, also if
   * the thread wakes up for it after the end. So plan and clock alone tell which requests are sent.
   */
  mayIssueAt(dueNs: number): boolean {
    return dueNs < this.options.issueUntilNs && !this.#isOver;
  }

  /** Whether nothing is issued any more, whenever it is due; time alone ends the phase by its timer. */
  get #isOver(): boolean {
    const { counters, quota, requestLimit } = this.options;
    return this.#ended || counters.stopped || quota.requestsAreTaken(requestLimit);
  }

  /** Whether the maximum number of requests waits for a first token. */
  get prefillIsFull(): boolean {
    const { prefill, quota } = this.options;
    return prefill !== undefined && quota.prefillIsFull(this.limitNow(prefill));
  }

  /** Current value of a limit. */
  limitNow({ limit, rampNs }: RampedLimit): number {
    return concurrencyAt(this.nowNs() - this.options.startNs, limit, rampNs);
  }

  /**
   * Number of the phase's next session in order of start; undefined when there are no more, or their rows have not been
   * read yet.
   */
  takeSession(): number | undefined {
    const { quota, stream, firstSession } = this.options;
    if (stream === undefined) return quota.takeSession(this.#maxSessions);
    return stream.take((known) => quota.takeSession(Math.min(known, this.#maxSessions)), firstSession);
  }

  /** Calls `act` when more rows of a streamed dataset may have been read; not after the phase. */
  afterReading(act: () => void): void {
    this.options.stream?.ring.noteWait();
    this.options.timers.at(this.nowNs() + READ_CHECK_NS, act);
  }

  /** Whether the threads have together started all sessions. */
  get sessionsAreTaken(): boolean {
    return this.options.quota.sessionsAreTaken(this.#maxSessions);
  }

  /** @param number the session's number within the phase; its conversation is the one sampled for it. */
  openSession(number: number, correlationId: string): Session {
    const runNumber = this.options.firstSession + number;
    const session = this.openPlayed(runNumber, this.options.sample(runNumber), () => correlationId);
    this.options.stream?.noteOpened();
    return session;
  }

  /**
   * @param number the session's number among all sessions of the run.
   * @param correlationIdOf its id on the wire, from the dataset's session id.
   * @param played turns to send; absent: every turn.
   * @returns of a conversation graph, the first agent.
   */
  openPlayed(
    number: number,
    index: number,
    correlationIdOf: (sessionId: string) => string,
    played?: ArrayLike<number>,
  ): Session {
    const { conversations, ahead, targets } = this.options;
    const target = targets[number % targets.length];
    if (target === undefined) throw new Error('a load plan without a target');
    const script = ahead?.take(number) ?? conversations.script(index, number, played?.[0] ?? 0);
    const correlationId = correlationIdOf(script.conversation.sessionId);
    if (script.conversation.agents === undefined)
      return new Session({ number, script, correlationId, target, played });
    const requests = played?.length ?? Number.POSITIVE_INFINITY;
    const [first] = new SessionTree({ number, script, correlationId, target, requests }).starters;
    return first ?? new Session({ number, script, correlationId, target, played: [] });
  }

  /** Makes the payload of the session's turn before it is due. */
  prepare(session: Session): void {
    try {
      session.prepare(this.options.sending.endpoint, this.options.sending.body);
    } catch {
      // A payload that cannot be made becomes a failed record when it is due.
    }
  }

  /** Starts a session: sends its first turn, and those of other agents that start with it. */
  start(session: Session, dueNs: number): void {
    this.submit(session, dueNs);
    if (session.tree === undefined) return;
    for (const agent of session.tree.starters) if (agent !== session) this.#turnReady(agent, dueNs);
  }

  /** Sends the session's turn as soon as the limits allow; ends the session when a stop condition holds. */
  submit(session: Session, dueNs: number): void {
    const { quota, prefill } = this.options;
    if (!this.mayIssueAt(dueNs)) {
      this.#sessionOver(session, dueNs);
      this.checkDone();
    } else if (
      prefill !== undefined &&
      (this.#waitingForPrefill.length > 0 || !quota.takePrefill(this.limitNow(prefill)))
    ) {
      this.#waitingForPrefill.push({ session, dueNs });
      this.#scheduleCheck();
    } else {
      this.#send(session, dueNs);
    }
  }

  /** Submits the session's turn at `dueNs`. */
  submitAt(session: Session, dueNs: number): void {
    if (dueNs <= this.nowNs()) {
      this.submit(session, dueNs);
      return;
    }
    this.callAt(session, dueNs, () => this.submit(session, dueNs));
  }

  /** Calls `act` between two turns of a session at `dueNs`, unless the phase ends before. */
  callAt(session: Session, dueNs: number, act: () => void): void {
    const entry = this.options.timers.at(dueNs, () => {
      this.#delayed.delete(session);
      act();
    });
    this.#delayed.set(session, entry);
  }

  /** Issues nothing more, and drops turns that wait to be sent. */
  end(): void {
    this.#ended = true;
    for (const entry of this.#delayed.values()) this.options.timers.cancel(entry);
    this.#delayed.clear();
    this.#waitingForPrefill.length = 0;
    this.checkDone();
  }

  /** Ends the phase if nothing is left to do. The issuer calls it when it has finished. */
  checkDone(): void {
    if (this.#done || this.#inFlight.size > 0) return;
    if (!this.#ended && this.#isOver) {
      this.end();
      return;
    }
    const waits = this.#delayed.size > 0 || this.#waitingForPrefill.length > 0;
    if (this.#ended || (!waits && this.#issuer?.finished)) {
      this.#done = true;
      this.#ended = true;
      this.options.ahead?.end();
      this.options.onDone();
    } else if (this.#endCheck?.act === undefined) {
      const { timers } = this.options;
      this.#endCheck = timers.at(this.nowNs() + END_CHECK_NS, () => this.checkDone());
    }
  }

  get #maxSessions(): number {
    // A session needs a request. Without this bound a thread could start more sessions than there are requests, and
    // take the last request of another thread's session, whose conversation would then never be sent.
    const { sessionLimit, requestLimit, endsWithDataset, stream } = this.options;
    const most = Math.min(sessionLimit, requestLimit);
    return endsWithDataset && stream !== undefined ? Math.min(most, stream.ring.size) : most;
  }

  #send(session: Session, dueNs: number): void {
    const { quota, requestLimit, sending, cancellation, timers, prefill } = this.options;
    const number = quota.takeRequest(requestLimit);
    if (number === undefined) {
      if (prefill !== undefined) quota.freePrefill();
      this.#sessionOver(session, dueNs);
      this.end();
      return;
    }
    const isCancelled =
      sending.endpoint.isJob !== true &&
      (cancellation?.isChosen(session.number, session.turnNumber) ?? false);
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
    // No request is left: turns that wait for their due time are dropped.
    if (quota.requestsAreTaken(requestLimit)) this.end();
  }

  readonly #onReturn = (
    run: RequestRun,
    record: RequestRecord,
    answer: AssistantMessage | undefined,
  ): void => {
    const { session } = run;
    this.#inFlight.delete(run);
    const { counters, failureLimit } = this.options;
    counters.noteReturn(outcomeOf(record));
    if (failureLimit !== undefined && failsTooOften(counters, failureLimit)) counters.stop();
    this.options.onRecord(record);
    const { turnNumber, tree } = session;
    session.turnReturned(answer);
    if (tree !== undefined) this.#turnOfTreeReturned(tree, session, turnNumber, record);
    else if (session.turn === undefined) this.#sessionOver(session, record.endNs);
    else this.#turnReady(session, record.endNs);
    if (this.#waitingForPrefill.length > 0) this.#sendWaiting();
    this.checkDone();
  };

  #turnOfTreeReturned(tree: SessionTree, session: Session, number: number, record: RequestRecord): void {
    for (const ready of tree.returned(number, record)) this.#turnReady(ready.session, ready.sinceNs);
    if (tree.hasReturned) this.#sessionOver(session, record.endNs);
  }

  #turnReady(session: Session, sinceNs: number): void {
    if (this.mayIssue) this.#issuer?.turnReady(session, sinceNs);
    else this.#sessionOver(session, sinceNs);
  }

  #sessionOver(session: Session, endNs: number): void {
    if (session.tree !== undefined && !session.tree.end()) return;
    this.options.counters.noteSessionEnd();
    this.#issuer?.sessionOver(session, endNs);
  }

  #sendWaiting(): void {
    const { quota, prefill } = this.options;
    while (prefill !== undefined && this.#waitingForPrefill.length > 0 && this.mayIssue) {
      if (!quota.takePrefill(this.limitNow(prefill))) break;
      const next = this.#waitingForPrefill.shift();
      if (next !== undefined) this.#send(next.session, next.dueNs);
    }
    this.#scheduleCheck();
  }

  #scheduleCheck(): void {
    if (this.#slotCheck?.act !== undefined || this.#waitingForPrefill.length === 0) return;
    this.#slotCheck = this.options.timers.at(this.nowNs() + SLOT_CHECK_NS, () => this.#sendWaiting());
  }
}
