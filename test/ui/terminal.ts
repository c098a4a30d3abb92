import { Writable } from 'node:stream';
import type { Snapshot } from '../../src/collect/snapshot.js';

/** A stream that keeps what is written to it. */
export function recorder(): Writable & { readonly written: string[] } {
  const written: string[] = [];
  const stream = new Writable({
    decodeStrings: false,
    write(text: string, _encoding, done) {
      written.push(text);
      done();
    },
  });
  return Object.assign(stream, { written });
}

/** The example of a run that is a quarter done. */
export const quarter: Snapshot = {
  phase: 'profiling',
  unixMs: 1_800_000_000_000,
  elapsedSeconds: 5.47,
  share: 0.25,
  etaSeconds: 16.4,
  requests: {
    ...{ planned: 1000, issued: 262, inFlight: 12, returned: 250 },
    ...{ completed: 250, failed: 0, cancelled: 0, dropped: 0 },
  },
  sessions: { started: 262, ended: 250 },
  requestsPerSecond: 45.68,
  lastSecond: { requests: 46, inputTokens: 460, outputTokens: 138 },
  latencies: { ttft: latency(51.24), itl: latency(10.06), request: latency(81.4) },
  errors: [],
  backlog: 0,
  processing: undefined,
  threads: [],
  load: {
    mode: 'closed-loop',
    ...{ plannedPerSecond: undefined, plannedInFlight: 12, due: undefined },
    ...{ sentPerSecond: 46, latenessMs: undefined },
  },
  metrics: [],
  ...{ slo: undefined, fidelity: undefined, telemetry: undefined },
};

/** After the load, a million requests of it: 600,000 records are processed, 400,000 of them since. */
export const processing: Snapshot = {
  ...quarter,
  processing: {
    ...{ records: 600_000, total: 1_000_000, elapsedSeconds: 8, etaSeconds: 8 },
    recordsPerSecond: 50_000,
  },
};

/** Latencies with this mean. */
function latency(mean: number) {
  return { mean, p50: mean - 1, p90: mean + 1, p99: mean + 2, recent: undefined };
}

/** A snapshot with other counts, without a duration. */
export function withRequests(changes: Partial<Snapshot['requests']>): Snapshot {
  const requests = { ...quarter.requests, ...changes };
  const share = requests.planned === undefined ? undefined : requests.returned / requests.planned;
  return { ...quarter, requests, share };
}
