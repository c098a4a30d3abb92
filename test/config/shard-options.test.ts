import { describe, expect, it } from 'vitest';
import { profile, refusals } from './profile-options.js';

const line = (options: string) => `--model m --random-seed 1 ${options}`;

describe('--shard', () => {
  it.each([
    ['0/8', { index: 0, count: 8 }],
    ['7/8', { index: 7, count: 8 }],
    ['0/1', { index: 0, count: 1 }],
  ])('%s', async (given, shard) => {
    expect((await profile(line(`--shard ${given}`))).config.shard).toEqual(shard);
  });

  it('counts from 0, and says so', async () => {
    expect(await refusals(line('--shard 8/8'))).toEqual([
      '--shard expects i/N with i from 0 to N - 1: shards are counted from 0, so the last of 8 is 7/8, got 8/8.',
    ]);
  });

  it.each(['3', '1/0', '-1/4', '1.5/4', '0/20000'])('refuses %s', async (given) => {
    expect((await refusals(line(`--shard=${given}`)))[0]).toMatch(/^--shard must be i\/N, such as 0\/8/);
  });

  it('keeps records', async () => {
    expect(await refusals(line('--shard 0/2 --export-level summary'))).toEqual([
      '--shard cannot be combined with --export-level summary, which keeps no records: aiperf merge needs them.',
    ]);
  });

  it('needs a seed', async () => {
    expect(await refusals('--model m --shard 1/4')).toEqual([
      '--shard needs --random-seed: all shards must draw the same prompts and times.',
    ]);
  });
});

describe('--start-at', () => {
  // 2100-01-01T00:00:00Z is 4,102,444,800 s after 1970.
  it.each([
    '2100-01-01T00:00:00Z',
    '2100-01-01T01:30:00+01:30',
    '2099-12-31T19:00:00.000-0500',
    '4102444800',
    '4102444800000',
  ])('%s', async (given) => {
    expect((await profile(line(`--start-at ${given}`))).config.startAt).toBe(4_102_444_800_000);
  });

  it('needs a zone', async () => {
    expect(await refusals(line('--start-at 2100-01-01T00:00:00'))).toEqual([
      '--start-at expects a time with its zone, since machines may have different ones: 2100-01-01T00:00:00Z for UTC.',
    ]);
    for (const given of ['tomorrow', '2100-02-29T10:00:00Z', '2100-01-01T25:00:00Z'])
      expect((await refusals(line(`--start-at ${given}`)))[0]).toMatch(
        /^--start-at must be a time with its zone/,
      );
  });
});

describe('--start-every', () => {
  const start = '--start-at 4102444800';

  it('starts each run of a series on all machines at one time', async () => {
    const { config } = await profile(line(`--shard 0/2 --concurrency 2,4 ${start} --start-every 90.5`));
    expect(config.startEvery).toBe(90.5);
    // One machine needs no common time.
    expect((await profile(line('--shard 0/1 --concurrency 2,4'))).points).toHaveLength(2);
  });

  it('is needed by shards of several runs', async () => {
    for (const several of ['--concurrency 2,4', '--num-profile-runs 3', `--concurrency 2,4 ${start}`])
      expect(await refusals(line(`--shard 0/2 ${several}`))).toEqual([
        '--shard needs --start-at and --start-every with several runs: otherwise each machine starts a run when its own part of the run before has ended.',
      ]);
  });

  it('needs several runs, a first start, and a time', async () => {
    expect(await refusals(line(`--shard 0/2 ${start} --start-every 60`))).toEqual([
      '--start-every needs several runs: a list such as --concurrency 10,50,100, or --num-profile-runs.',
    ]);
    expect(await refusals(line('--concurrency 2,4 --start-every 60'))).toEqual([
      '--start-every needs --start-at, when the first run starts.',
    ]);
    expect((await refusals(line(`--concurrency 2,4 ${start} --start-every 0`)))[0]).toMatch(/above 0/);
  });
});
