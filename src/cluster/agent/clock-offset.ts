import { type ClockOrigin, monotonicNs, takeOrigin } from '../../util/clock.js';
import { type ClockOffset, clockReply, type PlanEntry, readMessage } from '../messages.js';
import type { Nats } from '../nats/connection.js';

/** Requests of one measurement; the fastest counts. */
const REQUESTS = 20;
const TIMEOUT_MS = 2000;

/**
 * Measures how far the coordinator's monotonic clock is ahead of this machine's, as NTP does (RFC 5905): server − midpoint
 * of the fastest request, whose error is at most half of its round-trip time.
 * @param origin of the round, on the coordinator's clocks. @throws what a request throws: nobody answers.
 */
export async function measureClock(
  { core }: Nats,
  subject: string,
  origin: ClockOrigin,
): Promise<ClockOffset> {
  let best: Omit<ClockOffset, 'wallNs'> | undefined;
  for (let request = 0; request < REQUESTS; request++) {
    const beforeNs = monotonicNs();
    const answer = await core.request(subject, '', { timeout: TIMEOUT_MS });
    const afterNs = monotonicNs();
    const { clock, monotonicNs: serverNs } = readMessage(clockReply, answer.string());
    const errorNs = (afterNs - beforeNs) / 2;
    if (best === undefined || errorNs < best.errorNs)
      best = { clock, offsetNs: serverNs - (beforeNs + afterNs) / 2, errorNs };
  }
  if (best === undefined) throw new Error('a clock that was not measured');
  // Both clocks at the same instant: the coordinator's time counts from the origin of the round.
  const here = takeOrigin();
  const sinceOriginNs = Number(here.monotonicNs - origin.monotonicNs) + best.offsetNs;
  return { ...best, wallNs: sinceOriginNs - Number(here.epochNs - origin.epochNs) };
}

/** The origin of the round on the coordinator's clocks. */
export function originOf({ origin }: PlanEntry): ClockOrigin {
  return { monotonicNs: BigInt(origin.monotonicNs), epochNs: BigInt(origin.epochNs) };
}

/** The same on the clock of this machine: its times are then those of the coordinator. */
export function originHere(plan: PlanEntry, { offsetNs }: ClockOffset): ClockOrigin {
  const { monotonicNs, epochNs } = originOf(plan);
  return { monotonicNs: monotonicNs - BigInt(Math.round(offsetNs)), epochNs };
}
