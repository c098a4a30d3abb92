import type { ScheduledTurns } from '../dataset/stream/conversation-ring.js';
import type { GroupedConversation } from '../dataset/stream/session-groups.js';
import { UserError } from '../util/errors.js';
import { Heap } from '../util/heap.js';
import type { ScheduleWindow } from './fixed-schedule.js';

/** A conversation with the turns of it that are sent. */
export interface TimedConversation extends GroupedConversation {
  readonly schedule: ScheduledTurns;
}

// Rows that may be out of order: this much is read ahead.
const MAX_BYTES = 16 * 2 ** 20;
const MAX_CONVERSATIONS = 20_000;
const BYTES_OF_A_CONVERSATION = 200;

/**
 * The fixed schedule of a streamed file: brings its conversations into the order of their times, ties in file order, and
 * selects the turns within the window as `fixedSchedule` does. Conversations may be out of order by 16 MB.
 */
export class TimeOrder {
  readonly #path: string;
  readonly #window: ScheduleWindow;
  readonly #waiting = new Heap<TimedConversation>(isBefore);
  #bytes = 0;
  #count = 0;
  #last: TimedConversation | undefined;
  #turns = 0;

  constructor(path: string, window: ScheduleWindow) {
    this.#path = path;
    this.#window = window;
  }

  /**
   * Adds the next conversation of the file.
   * @throws UserError if its first turn has no time, or it should have been sent before one that was taken.
   */
  add(conversation: GroupedConversation): void {
    const kept = this.#keptTurns(conversation);
    if (kept === undefined) return;
    const timed = { ...conversation, schedule: { ...kept, turnsBefore: 0 } };
    if (this.#last !== undefined && isBefore(timed, this.#last)) {
      throw new UserError(
        `${this.#path}:${conversation.line}: the send time ${kept.firstMs} ms is before that of line ${this.#last.line}, ${this.#last.schedule.firstMs} ms, and too far behind it: a file that is streamed is put in order within 16 MB and 20,000 sessions`,
        'sort the file by timestamp',
      );
    }
    this.#waiting.push(timed);
    this.#bytes += conversation.byteLength + BYTES_OF_A_CONVERSATION;
    this.#count++;
  }

  /** The next conversation in time, if enough of the file was read. */
  take(): TimedConversation | undefined {
    return this.#bytes > MAX_BYTES || this.#count > MAX_CONVERSATIONS ? this.takeRest() : undefined;
  }

  /** The next conversation in time, after the last row of the file. */
  takeRest(): TimedConversation | undefined {
    const { first } = this.#waiting;
    if (first === undefined) return undefined;
    this.#waiting.removeFirst();
    this.#bytes -= first.byteLength + BYTES_OF_A_CONVERSATION;
    this.#count--;
    this.#last = first;
    const turnsBefore = this.#turns;
    this.#turns += first.schedule.turns;
    return { ...first, schedule: { ...first.schedule, turnsBefore } };
  }

  #keptTurns({
    timesMs,
    line,
    sessionId,
  }: GroupedConversation): Omit<ScheduledTurns, 'turnsBefore'> | undefined {
    const { startOffsetMs = Number.NEGATIVE_INFINITY, endOffsetMs = Number.POSITIVE_INFINITY } = this.#window;
    let found: { firstMs: number; firstTurn: number; turns: number } | undefined;
    let isKept = false;
    const name = sessionId === undefined ? 'this row' : `session ${sessionId}`;
    for (const [turn, timeMs] of timesMs.entries()) {
      if (timeMs !== undefined) isKept = timeMs >= startOffsetMs && timeMs <= endOffsetMs;
      else if (turn === 0) {
        throw new UserError(
          `${this.#path}:${line}: the first turn of ${name} has no timestamp`,
          'a fixed schedule needs one, in ms, on the first turn of every session: add it, or leave out --fixed-schedule',
        );
      }
      if (!isKept) continue;
      found ??= { firstMs: timeMs ?? 0, firstTurn: turn, turns: 0 };
      if (found.firstTurn + found.turns !== turn) {
        throw new UserError(
          `${this.#path}:${line}: the send times of ${name} leave the window of the schedule and return to it`,
          'sort the turns by timestamp',
        );
      }
      found.turns++;
    }
    return found;
  }
}

function isBefore(a: TimedConversation, b: TimedConversation): boolean {
  const [early, late] = [a.schedule.firstMs, b.schedule.firstMs];
  return early < late || (early === late && a.index < b.index);
}
