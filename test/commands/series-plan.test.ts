import { describe, expect, it } from 'vitest';
import { drawSeeds, planSeries, requireSlots, seriesFacts } from '../../src/commands/profile/series/plan.js';
import { profile } from '../config/profile-options.js';

async function planned(line: string, seeds?: readonly number[]) {
  const { points, config } = await profile(`--model m ${line}`);
  return planSeries(points, '/x', seeds ?? drawSeeds(config));
}

const foldersOf = async (line: string) => (await planned(line)).runs.map(({ folder }) => folder);

describe('where runs go, and in which order', () => {
  it.each([
    ['--concurrency 2,4', ['concurrency_2', 'concurrency_4']],
    ['--num-profile-runs 2', ['profile_runs/run_0001', 'profile_runs/run_0002']],
    [
      '--concurrency 2,4 --num-profile-runs 2',
      [1, 2].flatMap((trial) => [2, 4].map((c) => `profile_runs/trial_000${trial}/concurrency_${c}`)),
    ],
    [
      '--concurrency 2,4 --num-profile-runs 2 --parameter-sweep-mode independent',
      [2, 4].flatMap((c) => [1, 2].map((trial) => `concurrency_${c}/profile_runs/trial_000${trial}`)),
    ],
    ['--request-rate 0.5,10', ['rate_0.5', 'rate_10.0']],
    [
      '--concurrency 2,4 --isl 10,20 --sweep-type grid',
      ['isl_10__concurrency_2', 'isl_10__concurrency_4', 'isl_20__concurrency_2', 'isl_20__concurrency_4'],
    ],
  ])('%s', async (line, folders) => {
    expect(await foldersOf(line)).toEqual(folders);
    expect((await planned(line)).runs.map(({ config }) => config.artifactDir)).toEqual(
      folders.map((folder) => `/x/${folder}`),
    );
  });
});

describe('what runs send', () => {
  it('all the same prompts: one seed, and one dataset that is large enough for all', async () => {
    const { runs } = await planned(
      '--concurrency 1,2 --request-count 10,40 --sweep-type zip --num-profile-runs 2',
    );
    expect(new Set(runs.map(({ config }) => `${config.randomSeed} ${config.numDatasetEntries}`))).toEqual(
      new Set(['42 40']),
    );
    const own = await planned('--concurrency 1,2 --random-seed 7 --num-dataset-entries 5');
    expect(own.runs.map(({ config }) => [config.randomSeed, config.numDatasetEntries])).toEqual([
      [7, 5],
      [7, 5],
    ]);
  });

  it('without one seed for all points: the next seed for the next point', async () => {
    const { runs } = await planned('--concurrency 1,2,4 --num-profile-runs 2 --no-parameter-sweep-same-seed');
    expect(runs.map(({ config }) => config.randomSeed)).toEqual([42, 43, 44, 42, 43, 44]);
  });

  it('without a consistent seed each repeat has its own, and all points the same', async () => {
    const line = '--concurrency 1,2 --num-profile-runs 2 --no-set-consistent-seed';
    const seeds = drawSeeds((await profile(`--model m ${line}`)).config);
    expect(seeds).toHaveLength(2);
    expect(seeds[0]).not.toBe(seeds[1]);
    expect((await planned(line, [8, 9])).runs.map(({ config }) => config.randomSeed)).toEqual([8, 8, 9, 9]);
  });

  it.each([
    ['--concurrency 10,50', [40, 200]],
    // 4 × 0.1 = 0.4, but 1 at least; 4 × 2.6 = 10.4 and 4 × 2.7 = 10.8.
    ['--request-rate 0.1,2.6,2.7', [1, 10, 11]],
    ['--user-centric-rate 1 --conversation-turn-mean 2 --num-users 5,6', [20, 24]],
  ])('--requests-per-load 4 %s', async (line, requests) => {
    const { runs } = await planned(`--requests-per-load 4 ${line}`);
    expect(runs.map(({ config }) => config.requestCount)).toEqual(requests);
  });

  it('warm-up comes before the first repeat only, at one stream where the streams are swept', async () => {
    const line = '--warmup-request-count 3 --concurrency 4,8 --request-count 9 --num-profile-runs 2';
    const warmups = async (extra: string) =>
      (await planned(line + extra)).runs.map(({ config }) => [
        config.warmupRequestCount,
        config.warmupConcurrency,
        config.numDatasetEntries,
      ]);
    const none = [undefined, undefined, 12];
    expect(await warmups('')).toEqual([[3, 1, 12], [3, 1, 12], none, none]); // biome-ignore format: a run each
    expect(await warmups(' --warmup-concurrency 2')).toEqual([[3, 2, 12], [3, 2, 12], [undefined, 2, 12], [undefined, 2, 12]]); // biome-ignore format: a run each
    const always = await warmups(' --no-profile-run-disable-warmup-after-first');
    expect(always).toEqual(Array.from({ length: 4 }, () => [3, 1, 12]));
  });
});

describe('when runs start', () => {
  const startsOf = async (line: string) =>
    (await planned(line)).runs.map(({ config }) => config.startAt && config.startAt / 1000);

  it('the first at --start-at, and the others when those before have ended', async () => {
    expect(await startsOf('--concurrency 2,4 --start-at 4102444800')).toEqual([4102444800, undefined]);
    expect(await startsOf('--concurrency 2,4')).toEqual([undefined, undefined]);
  });

  it.each(['repeated', 'independent'])('%s: one after another, by the clock alone', async (mode) => {
    const line = `--start-at 4102444800 --start-every 90.5 --concurrency 2,4 --num-profile-runs 2 --parameter-sweep-mode ${mode}`;
    expect(await startsOf(line)).toEqual([4102444800, 4102444890.5, 4102444981, 4102445071.5]);
  });

  it.each([
    // Repeats have no warm-up of their own, and points of one repeat are 5 s apart, repeats 9 s.
    [
      '--start-every 60 --benchmark-duration 60',
      '65 s (--benchmark-duration 60 and the pause between runs 5), got 60',
    ],
    [
      '--start-every 75 --benchmark-duration 60 --warmup-duration 10',
      '75 s (--benchmark-duration 60, the pause between runs 5 and --warmup-duration 10), got 75',
    ],
    ['--start-every 75.5 --benchmark-duration 60 --warmup-duration 10', undefined],
    [
      '--start-every 69 --benchmark-duration 60',
      '69 s (--benchmark-duration 60 and the pause between runs 9), got 69',
    ],
    ['--start-every 9.1 --request-count 10', undefined],
  ])('late enough for %s', async (times, needed) => {
    const pauses = '--parameter-sweep-cooldown-seconds 5 --profile-run-cooldown-seconds 9';
    const line = `--start-at 4102444800 --num-profile-runs 2 --concurrency 2,4 ${pauses} ${times}`;
    const series = await planned(line);
    const check = () => requireSlots(series);
    if (needed === undefined) expect(check).not.toThrow();
    else expect(check).toThrow(`--start-every must be above ${needed}.`);
  });
});

describe('what a run says of its place', () => {
  it('in a sweep', async () => {
    const series = await planned('--concurrency 2,4 --isl 10,20 --sweep-type zip --num-profile-runs 2');
    const last = series.runs.at(-1);
    if (last === undefined) throw new Error('no runs');
    expect(seriesFacts(last, series, 'id')).toEqual({
      ...{ sweepId: 'id', trial: 1, label: 'run_0002', variationIndex: 1 },
      variationLabel: 'datasets.main.prompts.isl.mean=20, phases.profiling.concurrency=4',
      variationValues: { 'datasets.main.prompts.isl.mean': 20, 'phases.profiling.concurrency': 4 },
    });
  });

  it('in repeats', async () => {
    const series = await planned('--num-profile-runs 2');
    const [first] = series.runs;
    if (first === undefined) throw new Error('no runs');
    expect(seriesFacts(first, series, 'id')).toMatchObject({
      ...{ variationIndex: 0, variationLabel: 'base', variationValues: {} },
    });
  });
});
