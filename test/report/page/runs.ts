import type { RunSummary } from '../../../src/metrics/metric-store.js';
import type { ReportedRun } from '../../../src/report/page/run.js';

/** A run with this summary, and nothing else to tell but these facts and parts. */
export function reportedRun(
  summary: RunSummary,
  { facts, ...parts }: Partial<ReportedRun> = {},
): ReportedRun {
  return {
    name: 'run',
    facts: {
      ...{ title: 'LLM Metrics', benchmarkId: 'abcdef012345', startedAtNs: 1_767_225_600_000_000_000n },
      ...facts,
    },
    summary,
    notes: [],
    notable: { slowest: [], slowestToStart: [], failures: [] },
    charts: [],
    serverFindings: [],
    ...parts,
  };
}

/** What our own runs record of a chat at one server, 2 requests in flight. */
export const chatConfig = {
  models: { items: [{ name: 'm' }] },
  endpoint: { urls: ['http://h:8000'], type: 'chat', streaming: true },
  phases: [{ name: 'profiling', kind: 'profiling', type: 'concurrency', requests: 4, concurrency: 2 }],
};
