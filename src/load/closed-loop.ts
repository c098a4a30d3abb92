import { randomUUID } from 'node:crypto';
import type { Dataset } from '../dataset/conversation.js';
import type { AssistantMessage } from '../endpoint/endpoint.js';
import type { RequestTarget } from '../endpoint/url.js';
import type { RequestRecord } from '../records/record.js';
import type { SharedCounters } from './counters.js';
import { RequestRun, type SendingOptions } from './request-run.js';
import { Session } from './session.js';

export interface ClosedLoopOptions {
  readonly slots: number;
  readonly requestLimit: number;
  readonly sessionLimit: number;
  readonly counters: SharedCounters;
  readonly dataset: Dataset;
  /** Conversation number of a session number. */
  readonly sample: (session: number) => number;
  readonly targets: readonly RequestTarget[];
  readonly sending: SendingOptions;
  readonly onRecord: (record: RequestRecord) => void;
  /** Nothing is in flight and nothing will be sent any more. */
  readonly onDone: () => void;
}

// Making and sending requests must not keep the thread from reading: after this long it lets the sockets speak.
const LONGEST_FILL_NS = 2e6;

/**
 * Keeps a fixed number of sessions in flight: whenever one ends, the next starts. A session that is due its next
 * turn keeps its slot, so it comes before any new one; the slot is freed on failures too, so the load never decays.
 */
export class ClosedLoop {
  readonly #options: ClosedLoopOptions;
  readonly #inFlight = new Set<RequestRun>();
  readonly #waiting = new Map<NodeJS.Timeout, Session>();
  // When each free slot became free: a new session was due then.
  #freeSince: number[] = [];
  #filling = false;
  #exhausted = false;
  #done = false;

  constructor(options: ClosedLoopOptions) {
    this.#options = options;
  }

  start(): void {
    const nowNs = this.#options.sending.nowNs();
    this.#freeSince = new Array<number>(this.#options.slots).fill(nowNs);
    this.#fill();
  }

  /** Sends nothing more and drops what is in flight, a record each. */
  interrupt(): void {
    this.#exhausted = true;
    for (const timer of this.#waiting.keys()) clearTimeout(timer);
    this.#waiting.clear();
    for (const run of [...this.#inFlight])
      run.cancel('Request cancelled: the run was interrupted while it was in flight');
    this.#checkDone();
  }

  #fill = (): void => {
    this.#filling = true;
    const startNs = this.#options.sending.nowNs();
    while (this.#freeSince.length > 0 && !this.#isExhausted()) {
      const dueNs = this.#freeSince[0] ?? startNs;
      if (!this.#startSession(dueNs)) break;
      this.#freeSince.shift();
      if (this.#freeSince.length > 0 && this.#options.sending.nowNs() - startNs > LONGEST_FILL_NS) {
        setImmediate(this.#fill);
        return;
      }
    }
    this.#filling = false;
    this.#checkDone();
  };

  #startSession(dueNs: number): boolean {
    const { counters, sessionLimit, dataset, sample, targets } = this.#options;
    const number = counters.takeSession(sessionLimit);
    if (number === undefined) {
      this.#exhausted = true;
      return false;
    }
    const target = targets[number % targets.length];
    if (target === undefined) throw new Error('a load plan without a target');
    const session = new Session(dataset.conversation(sample(number)), randomUUID(), target);
    return this.#sendTurn(session, dueNs);
  }

  #sendTurn(session: Session, dueNs: number): boolean {
    const { counters, requestLimit, sending } = this.#options;
    const number =
      this.#isExhausted() && session.turnIndex === 0 ? undefined : counters.takeRequest(requestLimit);
    if (number === undefined) {
      this.#exhausted = true;
      return false;
    }
    const run = new RequestRun(session, number, dueNs, sending, this.#onReturn);
    this.#inFlight.add(run);
    run.send();
    return true;
  }

  #onReturn = (run: RequestRun, record: RequestRecord, answer: AssistantMessage | undefined): void => {
    const { counters, onRecord } = this.#options;
    this.#inFlight.delete(run);
    counters.noteReturn();
    onRecord(record);
    const { session } = run;
    session.turnReturned(answer);
    const next = counters.stopped ? undefined : session.turn;
    if (next === undefined) this.#freeSlot(record.endNs);
    else if (next.delayMs === undefined || next.delayMs <= 0) this.#continueSession(session, record.endNs);
    else this.#sendLater(session, record.endNs + next.delayMs * 1e6, next.delayMs);
  };

  #sendLater(session: Session, dueNs: number, delayMs: number): void {
    const timer = setTimeout(() => {
      this.#waiting.delete(timer);
      if (this.#options.counters.stopped) this.#freeSlot(dueNs);
      else this.#continueSession(session, dueNs);
    }, delayMs);
    this.#waiting.set(timer, session);
  }

  #continueSession(session: Session, dueNs: number): void {
    if (!this.#sendTurn(session, dueNs)) this.#freeSlot(dueNs);
  }

  #freeSlot(atNs: number): void {
    this.#freeSince.push(atNs);
    if (!this.#filling) this.#fill();
  }

  #isExhausted(): boolean {
    this.#exhausted ||= this.#options.counters.stopped;
    return this.#exhausted;
  }

  #checkDone(): void {
    const busy = this.#inFlight.size > 0 || this.#waiting.size > 0 || this.#filling;
    if (this.#done || busy || !this.#isExhausted()) return;
    this.#done = true;
    this.#options.onDone();
  }
}
