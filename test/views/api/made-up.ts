import type { Snapshot } from '../../../src/collect/snapshot.js';
import type { WatchedResult, WatchedRun } from '../../../src/views/messages.js';

/** A run of two phases, which sends 10 requests to one server. */
export function madeUpRun(more: Partial<WatchedRun> = {}): WatchedRun {
  return {
    ...{ title: 'LLM Metrics', models: ['m2', 'm1'], urls: ['http://127.0.0.1:1'], endpointType: 'chat' },
    ...{ streaming: true, benchmarkId: '0123456789ab', version: '0.1.0', folder: '/nowhere' },
    ...{ command: 'aiperf profile', load: '2 in flight', concurrency: 2, requestRate: undefined },
    phases: [{ name: 'profiling', requests: 10, seconds: undefined }],
    slos: [],
    config: { phases: [{ name: 'profiling', duration: 6, grace_period: 30 }] },
    ...{ datasetSize: 5, threads: 1, startedMs: 1_795_937_984_000, place: undefined },
    ...more,
  };
}

/** After 4 s: 8 requests sent, 6 returned, one of them failed; the records of 4 are processed. */
export function madeUpSnapshot(more: Partial<Snapshot> = {}): Snapshot {
  const percentiles = { p50: 20, p90: 30, p99: 40 };
  const thread = { thread: 0, loopDelayMs: 1.5, cpuShare: 0.25, records: 4, lateSends: 0, backlogBytes: 100 };
  return {
    ...{ phase: 'profiling', unixMs: 1_795_937_988_000, elapsedSeconds: 4, share: 0.6, etaSeconds: 2 },
    requests: {
      ...{
        planned: 10,
        issued: 8,
        inFlight: 2,
        returned: 6,
        completed: 5,
        failed: 1,
        cancelled: 0,
        dropped: 0,
      },
    },
    sessions: { started: 8, ended: 6 },
    requestsPerSecond: 1.25,
    lastSecond: { requests: 1, inputTokens: 20, outputTokens: 10 },
    latencies: {
      ttft: { mean: 21, ...percentiles, recent: percentiles },
      itl: undefined,
      request: undefined,
    },
    errors: [{ code: 400, type: 'BadRequest', count: 1, lastMessage: 'no' }],
    ...{ backlog: 2, processing: undefined, threads: [thread] },
    load: {
      ...{ mode: 'closed-loop', plannedPerSecond: undefined, sentPerSecond: 2, plannedInFlight: 2 },
      ...{ due: undefined, latenessMs: { p50: 0.1, p99: 0.5, max: 0.6 } },
    },
    metrics: [
      {
        ...{ tag: 'time_to_first_token', unit: 'ms' },
        statistics: { avg: 21, p50: 20, p90: 30, p99: 40, min: 10, max: 41, std: 2, count: 4, sum: 84 },
      },
      { tag: 'request_throughput', unit: 'requests/sec', statistics: { avg: 1.25 } },
    ],
    slo: {
      all: { requests: 6, good: 3, each: [{ tag: 'time_to_first_token', met: 3 }] },
      recent: { requests: 0, good: 0, each: [] },
    },
    fidelity: { verdict: 'client strained', reasons: [] },
    telemetry: {
      servers: [
        { url: 'http://a/metrics', running: 2, waiting: 1, kvCacheShare: 0.5, outputTokensPerSecond: 300 },
        {
          url: 'http://b/metrics',
          running: 3,
          waiting: undefined,
          kvCacheShare: 0.25,
          outputTokensPerSecond: 100,
        },
      ],
      gpus: [
        {
          ...{
            source: '127.0.0.1:9400',
            index: 0,
            uuid: 'GPU-1',
            model: 'H100',
            host: 'node-1',
            utilizationPercent: 90,
          },
          ...{ memoryUsedGb: 40, powerWatts: 300, temperatureCelsius: undefined },
        },
      ],
    },
    ...more,
  };
}

/** Of a run whose files are in a folder. */
export function madeUpResult(folder: string, more: Partial<WatchedResult> = {}): WatchedResult {
  return {
    ...{ benchmarkId: '0123456789ab', results: [], requests: { succeeded: 9, failed: 1, cancelled: 0 } },
    ...{ wasCancelled: false, failure: undefined, verdict: 'client ok', folder, files: [] },
    ...{ summaryFile: 'profile_export_aiperf.json', page: undefined, exitCode: 0 },
    ...more,
  };
}
