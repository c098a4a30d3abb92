import type { LoadPlan } from '../../load/plan.js';
import type { driftCodec, ShardClock } from '../../run/shards.js';
import { exchangeOnce, type Reply } from '../../transport/exchange-once.js';
import { openTransport } from '../../transport/open.js';
import { hostAndPort } from '../../transport/request-head.js';
import { type ClockOrigin, monotonicNs, openClock, takeOrigin } from '../../util/clock.js';
import type { ValueOf } from '../../util/codec.js';
import { messageOf } from '../../util/errors.js';
import type { Log } from '../../util/log.js';
import { leadText, setText } from '../clock-words.js';

const LIMIT_MS = 5000;
const MAX_BODY_BYTES = 1 << 16;

// The header has whole seconds, and servers make it anew once a second: their clock is 0 to 2 s after it.
const SECOND_MS = 1000;

/** A difference of the clocks, besides its error, that is worth a warning. */
const NOTABLE_MS = 1000;

/** A server's clock as a run sees it; a sentence where it was not compared. */
export type ServerClock = ShardClock | { readonly server: string; readonly why: string };

/**
 * Compares the clock of a run with that of the first server by the `Date` of one response (RFC 9110, 6.6.1), with
 * neither key nor headers of the user; any status will do.
 * @param nowMs the run's time, ms since 1970.
 */
export async function readServerClock(
  { targets, transport, transportOptions }: LoadPlan,
  nowMs: () => number,
): Promise<ServerClock | undefined> {
  const [origin] = targets;
  if (origin === undefined) return undefined;
  const server = `${origin.protocol}//${hostAndPort(origin)}`;
  const wire = await openTransport(transport, {
    ...transportOptions,
    connectionReuse: 'never',
    nowNs: monotonicNs,
  });
  const request = {
    method: 'GET',
    origin,
    path: '/health',
    headers: [],
    body: '',
    timeoutMs: LIMIT_MS,
  } as const;
  const beforeMs = nowMs();
  let reply: Reply;
  try {
    reply = await exchangeOnce(wire, request, MAX_BODY_BYTES);
  } catch (thrown) {
    return { server, why: messageOf(thrown) };
  }
  const clock = clockOf(reply, beforeMs, nowMs() - beforeMs);
  return clock === undefined
    ? { server, why: 'its response has no Date header, or is from a cache' }
    : { server, ...clock };
}

/** The clock of the server at the start of a run. Warns if it differs from that of this machine, or says nothing. */
export async function compareClocks(
  load: LoadPlan,
  nowMs: () => number,
  log: Log,
): Promise<ShardClock | undefined> {
  const clock = await readServerClock(load, nowMs);
  if (clock === undefined) return undefined;
  if ('why' in clock) {
    log('WARNING', 'clock', `not compared with that of ${clock.server}: ${clock.why}`);
    return undefined;
  }
  if (Math.abs(clock.offsetMs) - clock.errorMs > NOTABLE_MS) {
    log(
      'WARNING',
      'clock',
      `the clock of this machine is ${leadText(clock)} that of ${clock.server}: synchronize both (chrony, ntpd), or shards start at different times`,
    );
  }
  return clock;
}

/**
 * How this machine's clocks changed since the start of a run. Warns of a wall clock that was set.
 * @param started the server's clock at the start; undefined: it is not asked again.
 */
export async function driftSince(
  origin: ClockOrigin,
  started: ShardClock | undefined,
  readServer: () => Promise<ServerClock | undefined>,
  log: Log,
): Promise<ValueOf<typeof driftCodec>> {
  const now = takeOrigin();
  const setNs = Number(now.epochNs - origin.epochNs - (now.monotonicNs - origin.monotonicNs));
  if (Math.abs(setNs) / 1e6 > NOTABLE_MS)
    log('WARNING', 'clock', `${setText(-setNs / 1e6)} during the run: times of records do not follow it`);
  const ended = started && (await readServer());
  if (started === undefined || ended === undefined || 'why' in ended) return { wallMs: -setNs / 1e6 };
  return {
    wallMs: -setNs / 1e6,
    serverMs: ended.offsetMs - started.offsetMs,
    serverErrorMs: ended.errorMs + started.errorMs,
  };
}

/** The time of a run as its records have it, ms since 1970: its wall clock at the start, and monotonic from then on. */
export function timeOf(origin: ClockOrigin): () => number {
  const epochMs = Number(origin.epochNs) / 1e6;
  const { nowNs } = openClock(origin);
  return () => epochMs + nowNs() / 1e6;
}

/**
 * The server's clock less one's own, by a response. @param beforeMs when it was asked for, since 1970.
 * @returns undefined for a response without a date, or from a cache.
 */
export function clockOf(
  { header }: Pick<Reply, 'header'>,
  beforeMs: number,
  roundTripMs: number,
): { readonly offsetMs: number; readonly errorMs: number } | undefined {
  const date = header('age') === undefined ? Date.parse(header('date') ?? '') : Number.NaN;
  if (Number.isNaN(date)) return undefined;
  return {
    offsetMs: Math.round(date + SECOND_MS - (beforeMs + roundTripMs / 2)),
    errorMs: Math.ceil(SECOND_MS + roundTripMs / 2),
  };
}
