import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkDatasetType } from '../../src/config/conflicts.js';
import { profile, refusals } from './profile-options.js';

const file = join(mkdtempSync(join(tmpdir(), 'aiperf-load-conflicts-')), 'rows.jsonl');
writeFileSync(file, '{"text":"a","timestamp":0}\n');
const schedule = `--input-file ${file} --fixed-schedule`;
const users = '--user-centric-rate 2 --num-users 4 --session-turns-mean 2';

describe('what cannot stand together', () => {
  it.each([
    // Fixed schedule.
    [
      '--fixed-schedule',
      '--fixed-schedule needs --input-file or --public-dataset, whose timestamps set when requests are sent.',
    ],
    [
      `${schedule} --request-rate 5`,
      '--request-rate cannot be combined with --fixed-schedule: the file sets when requests are sent.',
    ],
    [
      `${schedule} --user-centric-rate 5`,
      '--user-centric-rate cannot be combined with --fixed-schedule: the file sets when requests are sent.',
    ],
    [
      `${schedule} --vllm-burstiness 5`,
      '--vllm-burstiness cannot be combined with --fixed-schedule: the file sets when requests are sent.',
    ],
    [
      `${schedule} --num-users 5 --arrival-pattern constant --request-rate-ramp-duration 3 --request-rate 5`,
      '--request-rate, --arrival-pattern, --request-rate-ramp-duration and --num-users cannot be combined with --fixed-schedule: the file sets when requests are sent.',
    ],
    [
      `${schedule} --dataset-sampling-strategy shuffle`,
      '--dataset-sampling-strategy must be sequential with --fixed-schedule, got shuffle.',
    ],
    [
      `${schedule} --ignore-trace-delays`,
      '--ignore-trace-delays cannot be combined with --fixed-schedule, which sends at the times that it drops.',
    ],
    [
      `${schedule} --custom-dataset-type random_pool`,
      '--fixed-schedule needs a file with timestamps, and random_pool has none.',
    ],
    [
      '--fixed-schedule-auto-offset',
      '--fixed-schedule-auto-offset needs --fixed-schedule: timestamps are ignored without it.',
    ],
    [
      `--input-file ${file} --fixed-schedule=false --fixed-schedule-start-offset 0 --fixed-schedule-end-offset 9`,
      '--fixed-schedule-start-offset and --fixed-schedule-end-offset need --fixed-schedule: timestamps are ignored without it.',
    ],
    [
      `${schedule} --fixed-schedule-auto-offset --fixed-schedule-start-offset 0`,
      '--fixed-schedule-auto-offset cannot be combined with --fixed-schedule-start-offset: both set the start of the schedule.',
    ],
    [
      `${schedule} --fixed-schedule-start-offset 200 --fixed-schedule-end-offset 199`,
      '--fixed-schedule-end-offset must be at least --fixed-schedule-start-offset, 200, got 199.',
    ],

    // Users.
    [
      '--user-centric-rate 2 --session-turns-mean 2',
      '--user-centric-rate needs --num-users, the users who share that rate.',
    ],
    ['--num-users 2', '--num-users needs --user-centric-rate, the rate that they share.'],
    ['--num-users 2 --request-rate 2', '--num-users needs --user-centric-rate, the rate that they share.'],
    [
      `${users} --request-rate 5 --request-rate-mode poisson`,
      '--request-rate and --request-rate-mode cannot be combined with --user-centric-rate: each user sends at even gaps.',
    ],
    [
      `${users} --arrival-smoothness 5`,
      '--arrival-smoothness cannot be combined with --user-centric-rate: each user sends at even gaps.',
    ],
    [
      '--user-centric-rate 2 --num-users 4',
      '--conversation-turn-mean must be at least 2 with --user-centric-rate, got 1.',
    ],
    [
      '--user-centric-rate 2 --num-users 4 --session-turns-mean 1',
      '--session-turns-mean must be at least 2 with --user-centric-rate, got 1.',
    ],
    [`${users} --num-requests 3`, '--num-requests must be at least --num-users, 4, got 3.'],
    [`${users} --num-sessions 3`, '--num-sessions must be at least --num-users, 4, got 3.'],
    [
      '--user-centric-rate 2 --num-users 11 --session-turns-mean 2',
      '--num-users 11 needs --request-count, --conversation-num or --benchmark-duration: without them 10 requests are sent, fewer than one a user.',
    ],
    [
      '--user-centric-rate 2 --num-users 15 --session-turns-mean 2 --concurrency 7',
      '--num-users 15 needs --request-count, --conversation-num or --benchmark-duration: without them 14 requests are sent, fewer than one a user.',
    ],

    // Rate.
    ['--arrival-pattern constant', '--arrival-pattern needs --request-rate.'],
    [
      '--arrival-pattern concurrency-burst --request-rate 5',
      '--arrival-pattern concurrency_burst cannot be combined with --request-rate: it sends as soon as --concurrency allows; use constant, poisson or gamma.',
    ],
    [
      '--warmup-arrival-pattern concurrency_burst --warmup-request-rate 5 --warmup-request-count 2',
      '--warmup-arrival-pattern concurrency_burst cannot be combined with --warmup-request-rate: it sends as soon as --concurrency allows; use constant, poisson or gamma.',
    ],
    [
      '--arrival-pattern concurrency_burst --arrival-smoothness 2',
      '--arrival-smoothness needs --request-rate.',
    ],
    [
      '--request-rate-mode gamma --vllm-burstiness 2 --request-rate-ramp-duration 3 --concurrency 5',
      '--request-rate-mode, --vllm-burstiness and --request-rate-ramp-duration need --request-rate.',
    ],
    [
      '--request-rate 5 --arrival-pattern poisson --arrival-smoothness 2',
      '--arrival-smoothness needs --arrival-pattern gamma, got poisson.',
    ],

    // Ramps, prefill, ends, cancellation.
    ['--concurrency-ramp-duration 5', '--concurrency-ramp-duration needs --concurrency, which it rises to.'],
    [
      '--request-rate 5 --concurrency-ramp-duration 5',
      '--concurrency-ramp-duration needs --concurrency, which it rises to.',
    ],
    [
      '--streaming --prefill-concurrency-ramp-duration 5',
      '--prefill-concurrency-ramp-duration needs --prefill-concurrency, which it rises to.',
    ],
    [
      '--prefill-concurrency 2 --concurrency 3',
      '--prefill-concurrency needs --streaming: first tokens are not seen without it.',
    ],
    [
      '--prefill-concurrency 2 --warmup-prefill-concurrency 2 --concurrency 3 --warmup-duration 1 --streaming=false',
      '--prefill-concurrency and --warmup-prefill-concurrency need --streaming: first tokens are not seen without it.',
    ],
    [
      '--streaming --prefill-concurrency 4 --concurrency 3',
      '--prefill-concurrency must be at most --concurrency, 3, got 4.',
    ],
    [
      `--streaming --prefill-concurrency 4 --concurrency 3 ${schedule}`,
      '--prefill-concurrency must be at most --concurrency, 3, got 4.',
    ],
    [
      '--streaming --prefill-concurrency 2',
      '--prefill-concurrency 2 needs --concurrency of at least as many: without it 1 session is in flight.',
    ],
    [
      '--benchmark-grace-period 5 --request-count 3',
      '--benchmark-grace-period needs --benchmark-duration, the end that it follows.',
    ],
    [
      '--request-cancellation-delay 1',
      '--request-cancellation-delay needs --request-cancellation-rate, the percentage of requests that are cancelled.',
    ],

    // Warm-up.
    [
      '--warmup-grace-period 5 --warmup-request-count 3',
      '--warmup-grace-period needs --warmup-duration, the end that it follows.',
    ],
    ['--warmup-grace-period 5', '--warmup-grace-period needs --warmup-duration, the end that it follows.'],
    [
      '--warmup-request-rate-ramp-duration 5',
      '--warmup-request-rate-ramp-duration needs --warmup-request-rate or --request-rate, which it rises to.',
    ],
    [
      '--warmup-duration 3 --warmup-arrival-pattern constant',
      '--warmup-arrival-pattern needs --warmup-request-rate or --request-rate.',
    ],
    [
      '--warmup-duration 3 --warmup-concurrency-ramp-duration 1',
      '--warmup-concurrency-ramp-duration needs --warmup-concurrency or --concurrency, which it rises to.',
    ],
    [
      '--warmup-duration 3 --streaming --warmup-prefill-concurrency-ramp-duration 1',
      '--warmup-prefill-concurrency-ramp-duration needs --warmup-prefill-concurrency or --prefill-concurrency, which it rises to.',
    ],
    [
      '--streaming --warmup-duration 3 --concurrency 9 --warmup-concurrency 3 --warmup-prefill-concurrency 4',
      '--warmup-prefill-concurrency must be at most --warmup-concurrency, 3, got 4.',
    ],
    [
      '--streaming --warmup-duration 3 --concurrency 3 --warmup-prefill-concurrency 4',
      '--warmup-prefill-concurrency must be at most --concurrency, 3, got 4.',
    ],
    [
      '--streaming --warmup-duration 3 --warmup-prefill-concurrency 2',
      '--warmup-prefill-concurrency 2 needs --warmup-concurrency of at least as many: without it 1 session is in flight.',
    ],
  ])('%s', async (line, sentence) => {
    expect(await refusals(`-ma ${line}`)).toEqual([sentence]);
  });

  it('all of it at once, where each was given', async () => {
    const path = `${file}.yaml`;
    writeFileSync(path, 'num_users: 3\nbenchmark-grace-period: 5\n');
    expect(
      await refusals(['-ma', '-f', path, '--arrival-pattern', 'gamma', '--fixed-schedule-auto-offset']),
    ).toEqual([
      '--fixed-schedule-auto-offset needs --fixed-schedule: timestamps are ignored without it.',
      `${path}:1:1: num_users needs --user-centric-rate, the rate that they share.`,
      '--arrival-pattern needs --request-rate.',
      `${path}:2:1: benchmark-grace-period needs --benchmark-duration, the end that it follows.`,
    ]);
  });

  it('but nothing about a value that is itself refused', async () => {
    expect(await refusals('-ma --request-rate 0 --arrival-pattern gamma')).toEqual([
      '--request-rate must be a number above 0, got 0.',
    ]);
    expect(await refusals('-ma --num-users x --user-centric-rate 2 --session-turns-mean 2')).toEqual([
      "--num-users must be an integer from 1 to 1000000, got 'x'.",
    ]);
  });
});

describe('what may', () => {
  it.each([
    '--request-count 5 --conversation-num 5 --benchmark-duration 5 --concurrency 50',
    '--warmup-request-count 5 --num-warmup-sessions 5 --warmup-duration 5',
    `${schedule} --concurrency 5 --concurrency-ramp-duration 2 --request-count 3 --benchmark-duration 4`,
    `${schedule} --warmup-request-rate 5 --warmup-request-count 3 --request-cancellation-rate 20`,
    `${schedule} --custom-dataset-type multi_turn`,
    `${schedule} --fixed-schedule-start-offset 200 --fixed-schedule-end-offset 200`,
    `${schedule} --fixed-schedule-auto-offset=false --fixed-schedule-start-offset 5`,
    `--input-file ${file} --custom-dataset-type mooncake_trace --request-rate 5`,
    '--request-rate 5 --arrival-pattern gamma --arrival-smoothness 2',
    '--request-rate 5 --arrival-smoothness 2',
    '--streaming --request-rate 5 --prefill-concurrency 8',
    '--streaming --prefill-concurrency 1',
    '--streaming --concurrency 8 --prefill-concurrency 8 --prefill-concurrency-ramp-duration 2',
    `--streaming --input-file ${file} --custom-dataset-type mooncake_trace --prefill-concurrency 8`,
    `${users} --request-count 4 --concurrency 2`,
    '--user-centric-rate 2 --num-users 11 --session-turns-mean 2 --benchmark-duration 5',
    '--user-centric-rate 2 --num-users 10 --session-turns-mean 2',
    '--user-centric-rate 2 --num-users 20 --session-turns-mean 2 --concurrency 10',
    `--user-centric-rate 2 --num-users 4 --input-file ${file}`,
    '--request-cancellation-rate 0 --request-cancellation-delay 1',
    '--warmup-duration 3 --warmup-grace-period 2 --concurrency 4 --warmup-concurrency-ramp-duration 1',
    '--warmup-duration 3 --request-rate 5 --warmup-request-rate-ramp-duration 1 --warmup-arrival-pattern constant',
    '--streaming --warmup-duration 3 --warmup-request-rate 5 --warmup-prefill-concurrency 4',
    '--no-fixed-schedule',
  ])('%s', async (line) => {
    expect((await profile(`-ma ${line}`)).warnings).toEqual([]);
  });
});

describe('what has no effect', () => {
  const noWarmup = 'no effect without --warmup-request-count, --num-warmup-sessions or --warmup-duration.';

  it.each([
    [`${schedule} --no-fixed-schedule`, '--no-fixed-schedule has no effect with --fixed-schedule.'],
    [
      `${users} --request-rate-ramp-duration 5`,
      '--request-rate-ramp-duration has no effect on --user-centric-rate.',
    ],
    [
      `${users} --session-turn-delay-mean 5`,
      "--session-turn-delay-mean has no effect with --user-centric-rate, which sets each user's gaps.",
    ],
    [
      '--ignore-trace-delays',
      '--ignore-trace-delays has no effect without --input-file or --public-dataset.',
    ],
    ['--warmup-concurrency 5', `--warmup-concurrency has ${noWarmup}`],
    [
      '--warmup-request-count 0 --warmup-request-rate 5 --warmup-arrival-pattern gamma --warmup-request-rate-ramp-duration 5',
      `--warmup-request-rate, --warmup-arrival-pattern and --warmup-request-rate-ramp-duration have ${noWarmup}`,
    ],
    [
      '--streaming --concurrency 4 --warmup-prefill-concurrency 2 --warmup-concurrency-ramp-duration 1 --warmup-prefill-concurrency-ramp-duration 1',
      `--warmup-prefill-concurrency, --warmup-concurrency-ramp-duration and --warmup-prefill-concurrency-ramp-duration have ${noWarmup}`,
    ],
    ['--warmup-arrival-pattern gamma', `--warmup-arrival-pattern has ${noWarmup}`],
  ])('%s', async (line, sentence) => {
    expect((await profile(`-ma ${line}`)).warnings).toEqual([sentence]);
  });
});

describe('rules on the type that was detected', () => {
  it('a pool has no schedule', async () => {
    const loaded = await profile(`-ma ${schedule}`);
    expect(checkDatasetType(loaded, 'random_pool')).toEqual({
      errors: ['--fixed-schedule needs a file with timestamps, and random_pool has none.'],
      warnings: [],
    });
    expect(checkDatasetType(loaded, 'single_turn')).toEqual({ errors: [], warnings: [] });
  });

  it('only a trace is changed by --synthesis options', async () => {
    const loaded = await profile(`-ma --input-file ${file} --synthesis-max-isl 5`);
    expect(checkDatasetType(loaded, 'single_turn').errors).toEqual([
      '--synthesis-max-isl needs a trace, such as mooncake_trace, got single_turn.',
    ]);
    expect(checkDatasetType(loaded, 'mooncake_trace')).toEqual({ errors: [], warnings: [] });
  });

  it('without --concurrency a trace has many sessions in flight, other files one', async () => {
    const loaded = await profile(`-ma --streaming --input-file ${file} --prefill-concurrency 2`);
    expect(checkDatasetType(loaded, 'multi_turn').errors).toEqual([
      '--prefill-concurrency 2 needs --concurrency of at least as many: without it 1 session is in flight.',
    ]);
    expect(checkDatasetType(loaded, 'mooncake_trace').errors).toEqual([]);
  });
});
