import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadOptions } from '../../src/config/load-options.js';
import { profile, refusals } from './profile-options.js';

const file = join(mkdtempSync(join(tmpdir(), 'aiperf-load-options-')), 'rows.jsonl');
writeFileSync(file, '{"text":"a","timestamp":0}\n');

it('the defaults', async () => {
  const { config } = await profile('-ma');
  const keys = Object.keys(loadOptions) as (keyof typeof loadOptions)[];
  expect(Object.fromEntries(keys.map((key) => [key, config[key]]))).toEqual({
    benchmarkGracePeriod: 30,
    requestCancellationRate: 0,
    requestCancellationDelay: 0,
    stallTimeoutSeconds: 600,
    fixedSchedule: false,
    noFixedSchedule: false,
    fixedScheduleAutoOffset: true,
    warmupGracePeriod: Number.POSITIVE_INFINITY,
  });
  expect(config).toMatchObject({
    ignoreTraceDelays: false,
    tables: [],
    timingMaxCatchupSeconds: 0.01,
    timingRateRampUpdateIntervalSeconds: 0.1,
    timingCancelDrainTimeoutSeconds: 10,
  });
});

describe('spellings and values', () => {
  it.each([
    ['--request-rate 0.5', { requestRate: 0.5 }],
    ['--request-rate 5 --request-rate-mode Constant', { arrivalPattern: 'constant' }],
    ['--request-rate 5 --vllm-burstiness .5', { arrivalSmoothness: 0.5, arrivalPattern: undefined }],
    ['--benchmark-duration 1.5', { benchmarkDuration: 1.5 }],
    ['--benchmark-duration 5 --benchmark-grace-period 0', { benchmarkGracePeriod: 0 }],
    [
      '--benchmark-duration 5 --benchmark-grace-period Inf',
      { benchmarkGracePeriod: Number.POSITIVE_INFINITY },
    ],
    ['--concurrency 4 --concurrency-ramp-duration 2', { concurrencyRampDuration: 2 }],
    ['--request-rate 4 --request-rate-ramp-duration 2', { requestRateRampDuration: 2 }],
    [
      '--streaming --concurrency 4 --prefill-concurrency 4 --prefill-concurrency-ramp-duration 2',
      { prefillConcurrency: 4, prefillConcurrencyRampDuration: 2 },
    ],
    ['--num-warmup-requests 0', { warmupRequestCount: 0 }],
    [
      '--warmup-request-count 5 --warmup-duration 2 --num-warmup-sessions 3 --warmup-concurrency 4 --warmup-grace-period 1',
      {
        warmupRequestCount: 5,
        warmupDuration: 2,
        numWarmupSessions: 3,
        warmupConcurrency: 4,
        warmupGracePeriod: 1,
      },
    ],
    [
      '--warmup-duration 9 --warmup-request-rate 2 --warmup-arrival-pattern gamma --warmup-request-rate-ramp-duration 1',
      { warmupRequestRate: 2, warmupArrivalPattern: 'gamma', warmupRequestRateRampDuration: 1 },
    ],
    ['--user-centric-rate 1.5 --num-users 2 --session-turns-mean 3', { userCentricRate: 1.5, numUsers: 2 }],
    [
      '--request-cancellation-rate 100 --request-cancellation-delay 0.5',
      { requestCancellationRate: 100, requestCancellationDelay: 0.5 },
    ],
    ['--stall-timeout-seconds 0', { stallTimeoutSeconds: 0 }],
    [`--input-file ${file} --ignore-trace-delays`, { ignoreTraceDelays: true }],
    ['--tables schedule,Usage --tables HTTP', { tables: ['schedule', 'usage', 'http'] }],
    ['--no-fixed-schedule', { fixedSchedule: false, noFixedSchedule: true }],
    [
      `--input-file ${file} --fixed-schedule --fixed-schedule-auto-offset=false --fixed-schedule-end-offset 0`,
      { fixedScheduleAutoOffset: false, fixedScheduleEndOffset: 0 },
    ],
    [
      `--input-file ${file} --fixed-schedule --fixed-schedule-start-offset 10`,
      { fixedScheduleAutoOffset: true, fixedScheduleStartOffset: 10 },
    ],
  ])('%s', async (line, values) => {
    const { config, warnings } = await profile(`-ma ${line}`);
    expect(config).toMatchObject(values);
    expect(warnings).toEqual([]);
  });

  it('settings of the environment', async () => {
    const { config } = await profile('-ma', {
      AIPERF_TIMING_MAX_CATCHUP_SECONDS: '0',
      AIPERF_TIMING_RATE_RAMP_UPDATE_INTERVAL: '0.05',
      AIPERF_TIMING_CANCEL_DRAIN_TIMEOUT: '1',
    });
    expect(config).toMatchObject({
      timingMaxCatchupSeconds: 0,
      timingRateRampUpdateIntervalSeconds: 0.05,
      timingCancelDrainTimeoutSeconds: 1,
    });
    expect(await refusals('-ma', { AIPERF_TIMING_RATE_RAMP_UPDATE_INTERVAL: '0' })).toEqual([
      'AIPERF_TIMING_RATE_RAMP_UPDATE_INTERVAL must be a number above 0, got 0.',
    ]);
  });

  it('a file may say inf and lists too', async () => {
    const path = `${file}.yaml`;
    writeFileSync(
      path,
      'benchmark_duration: 5\nbenchmark_grace_period: inf\nwarmup-duration: 1\nwarmup-grace-period: .inf\ntables: [http, all]\n',
    );
    expect((await profile(['-ma', '-f', path])).config).toMatchObject({
      benchmarkGracePeriod: Number.POSITIVE_INFINITY,
      warmupGracePeriod: Number.POSITIVE_INFINITY,
      tables: ['http', 'all'],
    });
  });
});

it.each([
  ['--request-rate 0', '--request-rate must be a number above 0, got 0.'],
  ['--request-rate inf', "--request-rate must be a number above 0, got 'inf'."],
  ['--user-centric-rate 0', '--user-centric-rate must be a number above 0, got 0.'],
  ['--num-users 0', '--num-users must be an integer from 1 to 1000000, got 0.'],
  ['--prefill-concurrency 0', '--prefill-concurrency must be an integer from 1 to 1000000, got 0.'],
  [
    '--arrival-pattern burst',
    "--arrival-pattern must be constant, poisson, gamma or concurrency_burst, got 'burst'.",
  ],
  ['--arrival-smoothness 0', '--arrival-smoothness must be a number above 0, got 0.'],
  ['--benchmark-duration 0', '--benchmark-duration must be a number above 0, got 0.'],
  ['--benchmark-duration -1', '--benchmark-duration must be a number above 0, got -1.'],
  ['--benchmark-grace-period -1', '--benchmark-grace-period must be a number of at least 0, or inf, got -1.'],
  [
    '--benchmark-grace-period no',
    "--benchmark-grace-period must be a number of at least 0, or inf, got 'no'.",
  ],
  ['--concurrency-ramp-duration 0', '--concurrency-ramp-duration must be a number above 0, got 0.'],
  ['--warmup-request-count -1', '--warmup-request-count must be an integer of at least 0, got -1.'],
  ['--warmup-duration 0', '--warmup-duration must be a number above 0, got 0.'],
  ['--num-warmup-sessions 0', '--num-warmup-sessions must be an integer of at least 1, got 0.'],
  ['--request-cancellation-rate 101', '--request-cancellation-rate must be a number from 0 to 100, got 101.'],
  ['--request-cancellation-delay -1', '--request-cancellation-delay must be a number of at least 0, got -1.'],
  ['--stall-timeout-seconds -1', '--stall-timeout-seconds must be a number of at least 0, got -1.'],
  ['--fixed-schedule-end-offset -1', '--fixed-schedule-end-offset must be an integer of at least 0, got -1.'],
  [
    '--tables usage,nosuch',
    "--tables must be one or more of all, schedule, effective, active, usage, reasoning, http and adjusted, separated by commas, got 'usage,nosuch'.",
  ],
])('%s is refused', async (line, sentence) => {
  expect(await refusals(`-ma ${line}`)).toEqual([sentence]);
});
