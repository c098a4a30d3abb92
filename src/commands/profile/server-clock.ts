import type { LoadPlan } from '../../load/plan.js';
import type { ShardClock } from '../../run/shards.js';
import { exchangeOnce, type Reply } from '../../transport/exchange-once.js';
import { openTransport } from '../../transport/open.js';
import { hostAndPort } from '../../transport/request-head.js';
import { epochMs, monotonicNs } from '../../util/clock.js';
import { messageOf } from '../../util/errors.js';
import type { Log } from '../../util/log.js';
import { leadText } from '../clock-words.js';

const LIMIT_MS = 5000;
const MAX_BODY_BYTES = 1 << 16;

// The header has whole seconds, and servers make it anew once a second: their clock is 0 to 2 s after it.
const SECOND_MS = 1000;

/** A difference of the clocks, besides its error, that is worth a warning. */
const NOTABLE_MS = 1000;

/**
 * Compares this machine's clock with that of the first server by the `Date` of one response (RFC 9110, 6.6.1), with
 * neither key nor headers of the user; any status will do. Warns if they differ.
 * @returns undefined where the server tells no time.
 */
export async function readServerClock(
  { targets, transport, transportOptions }: LoadPlan,
  log: Log,
): Promise<ShardClock | undefined> {
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
  const beforeMs = epochMs();
  const beforeNs = monotonicNs();
  let reply: Reply;
  try {
    reply = await exchangeOnce(wire, request, MAX_BODY_BYTES);
  } catch (thrown) {
    log('WARNING', 'clock', `not compared with that of ${server}: ${messageOf(thrown)}`);
    return undefined;
  }
  const clock = clockOf(reply, beforeMs, (monotonicNs() - beforeNs) / 1e6);
  if (clock === undefined) {
    log('NOTICE', 'clock', `not compared with that of ${server}: its response has no Date header`);
    return undefined;
  }
  if (Math.abs(clock.offsetMs) - clock.errorMs > NOTABLE_MS) {
    log(
      'WARNING',
      'clock',
      `the clock of this machine is ${leadText(clock)} that of ${server}: synchronize both (chrony, ntpd), or shards start at different times`,
    );
  }
  return { server, ...clock };
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
    offsetMs: date + SECOND_MS - (beforeMs + roundTripMs / 2),
    errorMs: SECOND_MS + roundTripMs / 2,
  };
}
