import type { Snapshot } from '../../../src/collect/snapshot.js';
import type { SeriesState, WatchedRun } from '../../../src/views/messages.js';
import { nothingWatched, type Watched } from '../../../src/views/terminal/state.js';
import type { TrendPoint } from '../../../src/views/terminal/trend.js';
import { madeUpShards } from '../made-up-shards.js';

const startedMs = Date.UTC(2026, 0, 2, 3, 4, 5);

const run: WatchedRun = {
  title: 'LLM Metrics',
  models: ['qwen3-8b'],
  urls: ['http://localhost:8000'],
  endpointType: 'chat',
  streaming: true,
  benchmarkId: 'b',
  version: '0.1.0',
  folder: '/runs/one',
  command: 'aiperf profile',
  load: '50 requests/s, Poisson',
  concurrency: undefined,
  requestRate: 50,
  phases: [{ name: 'profiling', requests: 1000, seconds: undefined }],
  slos: [],
  config: {},
  datasetSize: 100,
  threads: 1,
  startedMs,
  place: undefined,
};

const latency = (mean: number) => ({
  ...{ mean, p50: mean, p90: 2 * mean, p99: 3 * mean },
  recent: { p50: mean, p90: 2 * mean, p99: 3 * mean },
});

const statistics = (avg: number) => ({
  ...{ avg, min: avg / 2, max: avg * 4, std: avg / 10, sum: avg * 250, count: 250 },
  ...{
    p1: avg / 2,
    p5: avg / 2,
    p10: avg / 2,
    p25: avg,
    p50: avg,
    p75: avg,
    p90: avg * 2,
    p95: avg * 2,
    p99: avg * 3,
  },
});

const snapshot: Snapshot = {
  phase: 'profiling',
  unixMs: startedMs + 5500,
  elapsedSeconds: 5.5,
  share: 0.25,
  etaSeconds: 16.4,
  requests: {
    ...{ planned: 1000, issued: 262, inFlight: 12, returned: 250 },
    ...{ completed: 238, failed: 12, cancelled: 0, dropped: 0 },
  },
  sessions: { started: 262, ended: 250 },
  requestsPerSecond: 43.3,
  lastSecond: { requests: 45.7, inputTokens: 5000, outputTokens: 3210 },
  latencies: { ttft: latency(80), itl: latency(12.5), request: latency(900) },
  errors: [
    { code: 503, type: 'Service Unavailable', count: 11, lastMessage: 'queue is full' },
    { code: undefined, type: 'ConnectionReset', count: 1, lastMessage: 'read ECONNRESET' },
  ],
  backlog: 3,
  processing: undefined,
  threads: [{ thread: 0, loopDelayMs: 1.2, cpuShare: 0.31, records: 250, lateSends: 0, backlogBytes: 2048 }],
  load: {
    mode: 'rate',
    plannedPerSecond: 50,
    sentPerSecond: 49.2,
    plannedInFlight: undefined,
    due: undefined,
    latenessMs: { p50: 0.08, p99: 0.42, max: 2.1 },
  },
  metrics: [
    { tag: 'time_to_first_token', unit: 'ms', statistics: statistics(80) },
    { tag: 'time_to_second_token', unit: 'ms', statistics: statistics(12) },
    { tag: 'request_latency', unit: 'ms', statistics: statistics(900) },
    { tag: 'inter_token_latency', unit: 'ms', statistics: statistics(12.5) },
    { tag: 'output_token_throughput_per_user', unit: 'tokens/sec/user', statistics: statistics(80) },
    { tag: 'output_sequence_length', unit: 'tokens', statistics: statistics(128) },
    { tag: 'input_sequence_length', unit: 'tokens', statistics: statistics(550) },
    { tag: 'output_token_throughput', unit: 'tokens/sec', statistics: { avg: 3210.44 } },
    { tag: 'request_throughput', unit: 'requests/sec', statistics: { avg: 43.27 } },
    { tag: 'request_error_rate', unit: '%', statistics: { avg: 4.8 } },
    { tag: 'request_count', unit: 'requests', statistics: { avg: 238 } },
  ],
  slo: undefined,
  fidelity: { verdict: 'client ok', reasons: [] },
  telemetry: undefined,
};

/** 40 seconds in which TTFT rises from 41 to 80 ms. */
const trend: readonly TrendPoint[] = Array.from({ length: 40 }, (_, i) => ({
  second: startedMs / 1000 + i,
  ttftP50: 41 + i,
  itlP50: 12.5,
  outputTokensPerSecond: 3210,
  requestsPerSecond: 45.7,
  failures: i < 20 ? 0 : 12,
  newFailures: i === 20 ? 12 : 0,
}));

const logged = (second: number, level: 'INFO' | 'WARNING', message: string) => ({
  ...{ unixMs: startedMs + second * 1000, level, logger: 'run', message },
});

export const watched: Watched = {
  ...nothingWatched,
  run,
  snapshot,
  trend,
  log: [
    logged(0, 'INFO', 'Preparing 100 conversations.'),
    logged(0.25, 'INFO', 'Profiling begins.'),
    logged(3, 'WARNING', 'The server answers without usage.'),
  ],
};

/** A run of several machines. */
export const onShards: Watched = { ...watched, snapshot: { ...snapshot, ...madeUpShards } };

/** Everything that a run can have. */
export const everything: Watched = {
  ...watched,
  run: {
    ...run,
    slos: [
      {
        tag: 'time_to_first_token',
        label: 'Time to First Token',
        limit: 200,
        unit: 'ms',
        largerIsBetter: false,
      },
      {
        tag: 'inter_token_latency',
        label: 'Inter Token Latency',
        limit: 20,
        unit: 'ms',
        largerIsBetter: false,
      },
    ],
    place: { number: 2, of: 3, label: 'concurrency 8' },
  },
  snapshot: {
    ...snapshot,
    slo: {
      all: {
        ...{ requests: 250, good: 229 },
        each: [
          { tag: 'time_to_first_token', met: 230 },
          { tag: 'inter_token_latency', met: 249 },
        ],
      },
      recent: {
        ...{ requests: 100, good: 80 },
        each: [
          { tag: 'time_to_first_token', met: 80 },
          { tag: 'inter_token_latency', met: 100 },
        ],
      },
    },
    fidelity: {
      verdict: 'client strained',
      reasons: [
        {
          level: 'strained',
          sentence: 'p99 read lag 8.2 ms: data arrived faster than the client could read it',
        },
      ],
    },
    telemetry: {
      servers: [
        {
          url: 'http://localhost:8000/metrics',
          ...{ running: 12, waiting: 3, kvCacheShare: 0.876, outputTokensPerSecond: 3190 },
        },
      ],
      gpus: [
        {
          ...{
            source: 'http://localhost:9400/metrics',
            index: 0,
            uuid: 'GPU-1',
            model: 'NVIDIA H100',
            host: 'node-1',
          },
          ...{ utilizationPercent: 97, memoryUsedGb: 71.2 },
          ...{ powerWatts: 512.4, temperatureCelsius: 61 },
        },
      ],
    },
  },
  series: {
    columns: ['Concurrency'],
    trials: 1,
    points: [
      {
        ...{ cells: ['4'], state: 'done', runs: 1, failure: undefined },
        figures: {
          ...{ requestsPerSecond: 20.1, outputTokensPerSecond: 1602, tokensPerSecondPerUser: 81.2 },
          ...{
            ttftP50Ms: 60,
            ttftP99Ms: 90,
            itlP50Ms: 12,
            itlP99Ms: 14,
            latencyP50Ms: 850,
            latencyP99Ms: 900,
          },
          ...{ goodShare: 1, failed: 0, isClientLimited: false },
        },
      },
      { cells: ['8'], state: 'running', runs: 0, failure: undefined, figures: undefined },
      { cells: ['16'], state: 'waiting', runs: 0, failure: undefined, figures: undefined },
    ],
    frontier: [0],
  } satisfies SeriesState,
};
