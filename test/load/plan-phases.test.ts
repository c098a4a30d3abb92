import { describe, expect, it } from 'vitest';
import { planPhases } from '../../src/commands/profile/phases.js';
import { openDataset, planDataset } from '../../src/dataset/plan.js';
import { profile } from '../config/profile-options.js';
import { options } from '../dataset/options.js';

const S = 1e9;
const noPrompts = { prompt: () => '', blocks: () => '' };

/** The phases that a command line over ten synthetic conversations comes to. */
async function phases(line: string, turnsMean = 1) {
  const { config } = await profile(`--model m --streaming ${line}`.trim());
  const dataset = await planDataset({ ...options, turnsMean }, () => {});
  return planPhases(config, dataset, openDataset(dataset, noPrompts).size, () => {});
}

const endless = Number.POSITIVE_INFINITY;

describe('the phases of a run', () => {
  it.each([
    ['', 10],
    ['--concurrency 3', 10],
    ['--concurrency 20', 40],
    ['--request-rate 5', 10],
    ['--request-rate 5 --concurrency 8', 16],
    ['--request-count 7', 7],
    ['--conversation-num 7', endless],
    ['--benchmark-duration 7', endless],
  ])('%s sends at most %d requests', async (line, requestLimit) => {
    expect((await phases(line)).map((phase) => phase.requestLimit)).toEqual([requestLimit]);
  });

  it.each([
    ['', { kind: 'closed-loop', concurrency: { limit: 1, rampNs: 0 } }],
    [
      '--concurrency 4 --concurrency-ramp-duration 2.5',
      { kind: 'closed-loop', concurrency: { limit: 4, rampNs: 2.5 * S } },
    ],
    [
      '--request-rate 5',
      { kind: 'rate', pattern: 'poisson', ratePerSecond: 5, smoothness: 1, rampNs: 0, ceiling: undefined },
    ],
    [
      '--request-rate 5 --arrival-smoothness 3 --concurrency 4 --request-rate-ramp-duration 6',
      {
        ...{ kind: 'rate', pattern: 'gamma', ratePerSecond: 5, smoothness: 3, rampNs: 6 * S },
        ...{ ceiling: { limit: 4, rampNs: 0 }, rampStepNs: 0.1 * S, catchUpNs: 0.01 * S },
      },
    ],
  ])('%s issues as %o', async (line, issuing) => {
    const [phase] = await phases(line);
    expect(phase?.issuing).toMatchObject(issuing);
  });

  it('user-centric: users, rate and turns', async () => {
    const [phase] = await phases(
      '--user-centric-rate 2 --num-users 5 --conversation-turn-mean 4 --request-count 50',
      4,
    );
    expect(phase?.issuing).toEqual({
      ...{ kind: 'user-centric', users: 5, ratePerSecond: 2, turns: 4, ceiling: undefined },
    });
    expect(phase).toMatchObject({ requestLimit: 50, graceNs: 30 * S });
  });

  it.each([
    ['--benchmark-duration 5', 5 * S, 30 * S],
    ['--benchmark-duration 0.25 --benchmark-grace-period 0', 0.25 * S, 0],
    ['--benchmark-duration 5 --benchmark-grace-period inf', 5 * S, endless],
    ['--request-count 5', endless, 30 * S],
  ])('%s lasts %d ns, with %d ns of grace', async (line, durationNs, graceNs) => {
    const [phase] = await phases(line);
    expect(phase).toMatchObject({ durationNs, graceNs });
  });
});

describe('the number of requests that is held against the count at the end', () => {
  // Ten conversations; of 1 or of 3 turns.
  it.each([
    ['--request-count 7', 1, [7]],
    ['--conversation-num 4', 1, [4]],
    ['--conversation-num 4 --request-count 3', 1, [3]],
    ['--conversation-num 10', 3, [30]],
    ['--conversation-num 10 --request-count 25', 3, [25]],
    ['--conversation-num 4', 3, [undefined]],
    ['--conversation-num 10 --dataset-sampling-strategy random', 3, [undefined]],
    ['--conversation-num 10 --dataset-sampling-strategy shuffle', 3, [undefined]],
    ['--user-centric-rate 20 --num-users 3 --conversation-num 10', 3, [undefined]],
    ['--user-centric-rate 20 --num-users 3 --request-count 12', 3, [12]],
    ['--benchmark-duration 5 --request-count 7', 1, [undefined]],
    ['--request-count 4 --warmup-request-count 10 --num-warmup-sessions 2', 1, [2, 4]],
    ['--request-count 4 --warmup-request-count 5', 3, [5, 4]],
  ])('%s over conversations of %d turns', async (line, turns, expected) => {
    const meaning = turns > 1 && line.includes('user-centric') ? ` --conversation-turn-mean ${turns}` : '';
    const planned = await phases(line + meaning, turns);
    expect(planned.map((phase) => phase.expectedRequests)).toEqual(expected);
  });
});

describe('a warm-up', () => {
  it('is there only where a stop condition of its own is', async () => {
    expect((await phases('--warmup-concurrency 5')).length).toBe(1);
    expect((await phases('--warmup-request-count 0')).length).toBe(1);
    for (const stop of ['--warmup-request-count 1', '--num-warmup-sessions 1', '--warmup-duration 1'])
      expect((await phases(stop)).map(({ name }) => name)).toEqual(['warmup', 'profiling']);
  });

  it.each([
    ['', { kind: 'closed-loop', concurrency: { limit: 1, rampNs: 0 } }],
    [
      '--concurrency 6 --concurrency-ramp-duration 3',
      { kind: 'closed-loop', concurrency: { limit: 6, rampNs: 3 * S } },
    ],
    [
      '--concurrency 6 --warmup-concurrency 2 --warmup-concurrency-ramp-duration 1',
      { kind: 'closed-loop', concurrency: { limit: 2, rampNs: S } },
    ],
    ['--request-rate 5', { kind: 'rate', ratePerSecond: 5, pattern: 'poisson', rampNs: 0 }],
    [
      '--request-rate 5 --request-rate-ramp-duration 4 --arrival-pattern gamma --arrival-smoothness 2',
      { kind: 'rate', ratePerSecond: 5, pattern: 'gamma', smoothness: 2, rampNs: 4 * S },
    ],
    // Smoothness without a pattern is gamma in profiling alone.
    ['--request-rate 5 --arrival-smoothness 2', { kind: 'rate', pattern: 'poisson' }],
    [
      '--request-rate 5 --arrival-smoothness 2 --warmup-arrival-pattern gamma',
      { kind: 'rate', pattern: 'gamma', smoothness: 2 },
    ],
    [
      '--concurrency 9 --warmup-request-rate 3 --warmup-arrival-pattern constant',
      { kind: 'rate', ratePerSecond: 3, pattern: 'constant', ceiling: { limit: 9, rampNs: 0 } },
    ],
    [
      '--user-centric-rate 2 --num-users 2 --conversation-turn-mean 2',
      { kind: 'closed-loop', concurrency: { limit: 1, rampNs: 0 } },
    ],
  ])('of %s issues as %o', async (line, issuing) => {
    const [warmup] = await phases(`--warmup-request-count 4 ${line}`.trim(), 2);
    expect(warmup?.issuing).toMatchObject(issuing);
  });

  it('takes all its stop conditions, its grace period, and never cancels', async () => {
    const [warmup, profiling] = await phases(
      [
        '--warmup-request-count 4 --num-warmup-sessions 3 --warmup-duration 2 --warmup-grace-period 0.5',
        '--request-cancellation-rate 20 --request-cancellation-delay 0.5 --request-count 9',
      ].join(' '),
    );
    expect(warmup).toMatchObject({
      ...{ requestLimit: 4, sessionLimit: 3, durationNs: 2 * S, graceNs: 0.5 * S, cancellation: undefined },
    });
    expect(profiling).toMatchObject({ requestLimit: 9, cancellation: { percent: 20, delayNs: 0.5 * S } });
  });

  it('waits without limit where no grace period is given', async () => {
    const [warmup] = await phases('--warmup-duration 2');
    expect(warmup).toMatchObject({ requestLimit: endless, durationNs: 2 * S, graceNs: endless });
  });

  it('limits prefill by its own option, else by the main one', async () => {
    const main = '--concurrency 8 --prefill-concurrency 4 --prefill-concurrency-ramp-duration 3';
    const [inherited] = await phases(`--warmup-request-count 4 ${main}`);
    expect(inherited?.prefill).toEqual({ limit: 4, rampNs: 3 * S });
    const [own] = await phases(
      `--warmup-request-count 4 ${main} --warmup-prefill-concurrency 2 --warmup-prefill-concurrency-ramp-duration 1`,
    );
    expect(own?.prefill).toEqual({ limit: 2, rampNs: S });
  });
});
