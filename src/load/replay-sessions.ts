import {
  type FixedSchedule,
  keptTurns,
  type StreamedSchedule,
  timestampDueNs,
  zeroOf,
} from '../schedule/fixed-schedule.js';
import type { StreamedSessions } from './streamed-sessions.js';

/** The sessions of a fixed schedule, in the order in which they are due. */
export interface ReplaySessions {
  /** The timestamp that coincides with the phase's start, ms. */
  readonly zeroMs: number;
  /** How many there are; Infinity until it is known. */
  readonly size: number;
  /** Whether a session can be asked for. */
  isKnown(session: number): boolean;
  /** Due time of its first turn, ns after the phase's start. */
  dueNs(session: number): number;
  /** Its conversation in the dataset. */
  conversation(session: number): number;
  /** Its turns that are sent, as indexes within the conversation. @param requestLimit cuts the schedule short. */
  turns(session: number, requestLimit: number): ArrayLike<number>;
  /** The thread asks for no session below `next` any more. */
  openFrom(next: number): void;
}

/** @param stream of a streamed dataset. */
export function openReplay(
  schedule: FixedSchedule | StreamedSchedule,
  stream: StreamedSessions | undefined,
): ReplaySessions {
  if (!('window' in schedule)) return recorded(schedule);
  if (stream === undefined) throw new Error('a streamed schedule without its dataset');
  return streamed(schedule, stream);
}

function recorded(schedule: FixedSchedule): ReplaySessions {
  const { zeroMs, conversations, dueNs, turnsBefore } = schedule;
  return {
    zeroMs,
    size: conversations.length,
    isKnown: () => true,
    dueNs: (session) => dueNs[session] ?? 0,
    conversation: (session) => conversations[session] ?? 0,
    turns: (session, requestLimit) => {
      const left = Math.max(0, requestLimit - (turnsBefore[session] ?? 0));
      return keptTurns(schedule, session).slice(0, Math.min(left, 2 ** 31));
    },
    openFrom: () => {},
  };
}

function streamed({ window }: StreamedSchedule, stream: StreamedSessions): ReplaySessions {
  const { ring } = stream;
  // The first session is still in memory: the phase has not begun.
  const zeroMs = zeroOf(window, ring.scheduleOf(0).firstMs);
  return {
    zeroMs,
    get size() {
      return ring.size;
    },
    isKnown: (session) => session < ring.published,
    dueNs: (session) => timestampDueNs(ring.scheduleOf(session).firstMs, zeroMs),
    conversation: (session) => session,
    turns: (session, requestLimit) => {
      const { firstTurn, turns, turnsBefore } = ring.scheduleOf(session);
      const length = Math.min(turns, Math.max(0, requestLimit - turnsBefore));
      return Array.from({ length }, (_, place) => firstTurn + place);
    },
    openFrom: (next) => stream.openFrom(next),
  };
}
