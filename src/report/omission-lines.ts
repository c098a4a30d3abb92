import type { RunSummary } from '../metrics/compute.js';
import { withCommas } from '../metrics/format.js';
import type { Layout } from './layout.js';
import { wrap } from './wrap.js';

// A difference below either is none that one would act on.
const LEAST_MS = 10;
const LEAST_SHARE = 0.1;

/**
 * Says so where requests waited long before they were sent: latencies from the sending, as the main table has them,
 * hide that wait (coordinated omission). No lines where the two agree.
 */
export function omissionLines({ results }: RunSummary, layout: Layout): string[] {
  const p99 = (tag: string) => results.find((result) => result.tag === tag)?.statistics.p99;
  const [sent, due, delay] = ['request_latency', 'effective_latency', 'credit_to_start_latency'].map(p99);
  if (sent === undefined || due === undefined || delay === undefined) return [];
  if (due - sent < Math.max(LEAST_MS, LEAST_SHARE * sent)) return [];
  const text =
    `Coordinated omission: the p99 of Request Latency is ${withCommas(sent)} ms from when a request was sent, ` +
    `and ${withCommas(due)} ms from when it was due. One request in a hundred was sent ${withCommas(delay)} ms late ` +
    'or later, as it waited for earlier ones to come back: a client that does not wait for others would feel the ' +
    'second figure. --tables schedule shows both.';
  return wrap(text, layout.width);
}
