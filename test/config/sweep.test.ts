import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { profile, refusals } from './profile-options.js';

const folder = mkdtempSync(join(tmpdir(), 'aiperf-sweep-config-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const parametersOf = async (line: string) =>
  (await profile(`--model m ${line}`)).points.map(({ parameters }) => parameters);

describe('lists of values', () => {
  it('one list: a point for each item, with everything else the same', async () => {
    const { points, lists, config } = await profile('--model m --concurrency 10,50,100 --isl 40');
    expect(points.map((point) => [point.parameters, point.config.concurrency, point.config.isl])).toEqual([
      [{ concurrency: 10 }, 10, 40],
      [{ concurrency: 50 }, 50, 40],
      [{ concurrency: 100 }, 100, 40],
    ]);
    expect(lists).toEqual(['concurrency']);
    expect(config.concurrency).toBe(10);
  });

  it('no list: one point without parameters', async () => {
    expect(await parametersOf('--concurrency 10')).toEqual([{}]);
    expect((await profile('--model m')).lists).toEqual([]);
  });

  it('a grid: the order of the options is fixed, not that of the command line', async () => {
    const points = await parametersOf('--concurrency 1,2 --osl 7,8 --isl 3,4 --sweep-type grid');
    expect(await parametersOf('--concurrency 1,2 --osl 7,8 --isl 3,4')).toEqual(points);
    expect(points.map(({ isl, osl, concurrency }) => [isl, osl, concurrency])).toEqual([
      ...[[3, 7, 1], [3, 7, 2], [3, 8, 1], [3, 8, 2]], // biome-ignore format: one case a line
      ...[[4, 7, 1], [4, 7, 2], [4, 8, 1], [4, 8, 2]], // biome-ignore format: one case a line
    ]);
    expect(Object.keys(points[0] ?? {})).toEqual(['isl', 'osl', 'concurrency']);
  });

  it('zip: the first of each, then the second', async () => {
    expect(await parametersOf('--request-rate 0.5,2 --request-count 10,40 --sweep-type zip')).toEqual([
      { rate: 0.5, requests: 10 },
      { rate: 2, requests: 40 },
    ]);
  });

  it('in a zip a value may come again', async () => {
    expect(await parametersOf('--concurrency 1,2,3 --isl 5,5,6 --sweep-type zip')).toHaveLength(3);
  });

  it('every option that may be a list', async () => {
    const options = {
      ...{ isl: 'isl', 'isl-stddev': 'isl_stddev', osl: 'osl', 'conversation-turn-mean': 'turns' },
      ...{ concurrency: 'concurrency', 'request-rate': 'rate', 'request-count': 'requests' },
      ...{ 'benchmark-duration': 'duration', 'num-conversations': 'sessions' },
    };
    for (const [option, name] of Object.entries(options)) {
      expect(await parametersOf(`--${option} 30, 40`.replace(', ', ','))).toEqual([
        { [name]: 30 },
        { [name]: 40 },
      ]);
    }
    const concurrent = '--concurrency 9 --streaming --prefill-concurrency 2,3';
    expect(await parametersOf(concurrent)).toEqual([{ prefill_concurrency: 2 }, { prefill_concurrency: 3 }]);
    expect(await parametersOf('--osl 9 --osl-stddev 1,2')).toEqual([{ osl_stddev: 1 }, { osl_stddev: 2 }]);
    const users = '--user-centric-rate 1 --conversation-turn-mean 3 --request-count 50 --num-users 4,5';
    expect(await parametersOf(users)).toEqual([{ users: 4 }, { users: 5 }]);
  });

  it('in a file: a list, or the text of one', async () => {
    const file = join(folder, 'sweep.yaml');
    writeFileSync(file, 'model: m\nconcurrency: [1, 2]\nisl: 5, 6\nsweep-type: zip\nosl: [7]\n');
    const { points } = await profile(['--config', file]);
    expect(points.map(({ config: { concurrency, isl, osl } }) => [concurrency, isl, osl])).toEqual([
      [1, 5, 7],
      [2, 6, 7],
    ]);
  });
});

/** `1,2,…,count`. */
const numbers = (count: number) => Array.from({ length: count }, (_, i) => i + 1).join(',');

describe('what is refused', () => {
  it.each([
    [
      '--concurrency 1,2,3 --isl 3,4 --sweep-type zip',
      '--sweep-type zip takes one item of each list at a time, so they must be equally long: --isl has 2 and --concurrency has 3.',
    ],
    [
      '--concurrency 10,,50',
      "--concurrency holds an empty item: '10,,50'; a sweep is a list such as 10,50,100.",
    ],
    ['--concurrency 10,', "--concurrency holds an empty item: '10,'; a sweep is a list such as 10,50,100."],
    [
      '--request-rate 1,2,1.0',
      '--request-rate holds 1 twice: each point is run once, and --num-profile-runs repeats it.',
    ],
    [
      '--concurrency 1,2,1 --isl 3,4,3 --sweep-type zip',
      '--isl and --concurrency hold 3 and 1 twice: each point is run once, and --num-profile-runs repeats it.',
    ],
    [
      `--concurrency ${numbers(40)} --isl ${numbers(40)}`,
      '--isl and --concurrency make 1600 points: a sweep has at most 1000.',
    ],
    ['--concurrency 10,x', "--concurrency must be an integer from 1 to 1000000, got 'x'."],
    ['--concurrency 0,10', '--concurrency must be an integer from 1 to 1000000, got 0.'],
    [
      '--workers-max 1,2',
      "--workers-max must be an integer of at least 1, got '1,2'. It takes one value; a sweep is a list of --conversation-num, --conversation-turn-mean, --isl, --isl-stddev, --osl, --osl-stddev, --concurrency, --prefill-concurrency, --request-rate, --num-users, --request-count or --benchmark-duration.",
    ],
    [
      '--streaming --prefill-concurrency 4 --concurrency 2,8',
      '--prefill-concurrency must be at most --concurrency, 2, got 4.',
    ],
    [
      '--resume',
      '--resume needs several runs: a list such as --concurrency 10,50,100, or --num-profile-runs.',
    ],
    [
      '--no-set-consistent-seed --profile-run-cooldown-seconds 1',
      '--profile-run-cooldown-seconds and --no-set-consistent-seed need several runs: a list such as --concurrency 10,50,100, or --num-profile-runs.',
    ],
    [
      '--requests-per-load 5 --request-count 9',
      '--requests-per-load cannot be combined with --request-count: both set the number of requests.',
    ],
    ['--num-profile-runs 11', '--num-profile-runs must be an integer from 1 to 10, got 11.'],
    ['--confidence-level 1', '--confidence-level must be a number above 0 and below 1, got 1.'],
  ])('%s', async (line, sentence) => {
    expect(await refusals(`--model m ${line}`)).toEqual([sentence]);
  });

  it('a list beside a fixed schedule', async () => {
    const file = join(folder, 'schedule.jsonl');
    writeFileSync(file, '');
    expect(await refusals(`--model m --fixed-schedule --input-file ${file} --concurrency 1,2`)).toEqual([
      '--concurrency cannot be a list with --fixed-schedule: the file sets the load.',
    ]);
  });
});

describe('what has no effect is said', () => {
  it.each([
    ['--sweep-type grid', '--sweep-type has no effect without several lists.'],
    [
      '--parameter-sweep-cooldown-seconds 1',
      '--parameter-sweep-cooldown-seconds has no effect without a list of values.',
    ],
    ['--no-sweep-table', '--no-sweep-table has no effect without a list of values.'],
    [
      '--concurrency 1,2 --parameter-sweep-mode independent',
      '--parameter-sweep-mode has no effect without --num-profile-runs.',
    ],
    ['--confidence-level 0.9', '--confidence-level has no effect on a single run.'],
    [
      '--concurrency 1,2 --profile-run-cooldown-seconds 1',
      '--profile-run-cooldown-seconds has no effect without --num-profile-runs.',
    ],
    [
      '--concurrency 1,2 --target-goodput 0.9',
      '--target-goodput has no effect without the objectives of --goodput.',
    ],
  ])('%s', async (line, sentence) => {
    expect((await profile(`--model m ${line}`)).warnings).toEqual([sentence]);
  });
});
