import { withCommas } from '../metrics/format.js';
import type { RunSummary } from '../metrics/metric-store.js';
import { creditToStartLatency, effectiveLatency, requestLatency } from '../metrics/request-metrics.js';
import { statsOf } from '../metrics/results.js';
import type { ClientFidelity } from '../run/fidelity.js';
import type { Layout } from './layout.js';
import { wrap } from './wrap.js';

// A difference below either is none that one would act on.
const LEAST_MS = 10;
const LEAST_SHARE = 0.1;

/**
 * Says so where requests were sent long after they were due, and why: latencies from the sending, as the main table has
 * them, hide that wait (coordinated omission). No lines where the two agree, nor where requests are due when another
 * one ends, not at times of their own.
 */
export function omissionLines(
  { results }: RunSummary,
  fidelity: ClientFidelity | undefined,
  layout: Layout,
): string[] {
  const { load, verdict } = fidelity ?? {};
  if (load === undefined || load.kind === 'concurrency') return [];
  // They may wait for earlier ones to end: there is a ceiling on those in flight.
  const mayQueue = load.mayQueue !== false;
  const clientWasLate = verdict !== 'client ok';
  const [sent, due, delay] = [requestLatency, effectiveLatency, creditToStartLatency].map(
    (metric) => statsOf(results, metric)?.p99,
  );
  if (sent === undefined || due === undefined || delay === undefined) return [];
  if (due - sent < Math.max(LEAST_MS, LEAST_SHARE * sent)) return [];
  const figures =
    `p99 Request Latency is ${withCommas(sent)} ms from when a request was sent, and ${withCommas(due)} ms from when ` +
    `it was due. 1 % of requests were sent ${withCommas(delay)} ms late or more`;
  const waited = 'they waited for earlier ones to return';
  const users = 'a client that does not wait would see the second figure';
  const schedule = '--tables schedule shows both.';
  // Nothing holds a request back in an open loop but the client itself.
  const text = mayQueue
    ? `Coordinated omission: ${figures} because ${waited}${clientWasLate ? ', or because this client was late (see Fidelity)' : ''}; ${users}. ${schedule}`
    : `Late sending: ${figures} because this client was late, not the server${clientWasLate ? ' (see Fidelity)' : '; too few requests to change the verdict on the client'}. ${schedule}`;
  return wrap(text, layout.width);
}
