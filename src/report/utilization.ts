import type { ClientFidelity } from '../run/fidelity.js';
import { withThousands } from '../util/counted.js';
import { percentWords } from './figures.js';

/** How far a client stayed below its limit: `12.3 % of this machine's limit (…)`; undefined where it is unknown. */
export function utilizationText({ utilization = {} }: ClientFidelity): string | undefined {
  const { share, requestsPerSecond, eventsPerSecond } = utilization;
  if (share === undefined) return undefined;
  if (requestsPerSecond === undefined || eventsPerSecond === undefined)
    return `load threads busy ${percentWords(share)} of the time`;
  return `${percentWords(share)} of this machine's limit (${withThousands(eventsPerSecond)} events/s or ${withThousands(requestsPerSecond)} requests/s per load thread)`;
}
