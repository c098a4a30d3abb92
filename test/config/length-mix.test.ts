import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lengthPairs } from '../../src/config/length-mix.js';
import { rangePair } from '../../src/config/range-ratio.js';
import { refusals } from './profile-options.js';

const normal = (mean: number, stddev = 0) => ({ kind: 'normal', mean, stddev });

describe('--seq-dist', () => {
  it.each([
    '128,64:25;512,128:75',
    ' 128 , 64 : 25 ; 512,128 : 75 ',
    '[(128,64):25,(512,128):75]',
    '[ (128, 64): 25 , (512,128):75 ]',
    '{"pairs":[{"isl":128,"osl":64,"prob":25},{"isl":512,"osl":128,"prob":75}]}',
  ])('%s', (text) => {
    expect(lengthPairs(text)).toEqual([
      { isl: normal(128), osl: normal(64), weight: 25 },
      { isl: normal(512), osl: normal(128), weight: 75 },
    ]);
  });

  it('takes deviations, ranges and log-normals', () => {
    expect(lengthPairs('256|10,128|5.5:40;64..256,800~500:60')).toEqual([
      { isl: normal(256, 10), osl: normal(128, 5.5), weight: 40 },
      {
        isl: { kind: 'uniform', low: 64, high: 256 },
        osl: { kind: 'lognormal', mean: 800, median: 500 },
        weight: 60,
      },
    ]);
    expect(lengthPairs('[(10|2,4):100]')).toEqual([{ isl: normal(10, 2), osl: normal(4), weight: 100 }]);
    expect(lengthPairs('{"pairs":[{"isl":256,"isl_stddev":10,"osl":"64..256","prob":100}]}')).toEqual([
      { isl: normal(256, 10), osl: { kind: 'uniform', low: 64, high: 256 }, weight: 100 },
    ]);
  });

  const expects =
    '--seq-dist expects ISL,OSL:PERCENT pairs such as 128,64:25;512,128:75, or the path of a CSV with columns isl and osl: ';
  it.each([
    ['10,4:25;30,8:70', 'the percentages must add up to 100, got 95.'],
    ['10,4;30', "'10,4' is not ISL,OSL:PERCENT."],
    ['[(10,4):50', "'[(10,4):50' has no closing bracket."],
    ['[(10,4):50 (10,4):50]', "a comma is missing before '(10,4):50'."],
    ['[10,4:100]', "'10,4:100' is not (ISL,OSL):PERCENT."],
    ['10,4:x', "'x' is not a percentage from 0 to 100."],
    ['{"pairs":[]}', 'a list "pairs" with at least one pair is missing.'],
    ['{"pairs":[{"isl":10,"prob":100}]}', 'pair 1 needs "osl", a number.'],
  ])('refuses %s', async (text, fault) => {
    expect(await refusals(['--model', 'm', '--seq-dist', text])).toEqual([expects + fault]);
  });

  it.each(['0', '1.5', '10|-1', '20..10', '500~800', '20000000', ''])(
    'refuses the length %j',
    async (text) => {
      const [message = ''] = await refusals(['--model', 'm', '--seq-dist', `${text},4:100`]);
      expect(message).toContain(`'${text}' must be a length from 1 to 10000000 tokens, such as 128, `);
    },
  );

  it('reads the rows of a CSV file', () => {
    expect(lengthPairs(csv('osl,ISL\r\n4,10\r\n8,30\r\n\r\n4,10\r\n'))).toEqual([
      { isl: normal(10), osl: normal(4), weight: 2 },
      { isl: normal(30), osl: normal(8), weight: 1 },
    ]);
    expect(lengthPairs(csv('isl,osl,count\n10,4,2.5\n30,8,0\n'))).toEqual([
      { isl: normal(10), osl: normal(4), weight: 2.5 },
    ]);
  });

  it.each([
    ['input,output\n1,2\n', ":1 must name the columns isl and osl, got 'input,output'"],
    ['isl,osl\n10,4\nx,4\n', ":3: isl must be an integer from 1 to 10000000, got 'x'"],
    ['isl,osl\n10\n', ":2: osl must be an integer from 1 to 10000000, got ''"],
    ['isl,osl,count\n10,4,-1\n', ":2: count must be a number of at least 0, got '-1'"],
    ['isl,osl\n', ' has no rows below its header'],
  ])('refuses the file %j', (text, fault) => {
    const path = csv(text);
    expect(() => lengthPairs(path)).toThrow(path + fault);
  });
});

describe('--random-range-ratio', () => {
  it.each([
    { style: 'vllm', ratio: 0.5, isl: [10, 30], osl: [5, 15] },
    { style: 'sglang', ratio: 0.5, isl: [10, 20], osl: [5, 10] },
    { style: 'vllm', ratio: 0.3, isl: [14, 26], osl: [7, 13] },
    { style: 'sglang', ratio: { input: 0, output: 0.9 }, isl: [1, 20], osl: [9, 10] },
    { style: 'vllm', ratio: { input: 0.99, output: 0 }, isl: [1, 39], osl: [10, 10] },
  ] as const)('$ratio of 20 and 10 tokens in the style of $style', ({ style, ratio, isl, osl }) => {
    expect(rangePair(ratio, style, { isl: 20, osl: 10 })).toEqual({
      isl: { kind: 'uniform', low: isl[0], high: isl[1] },
      osl: { kind: 'uniform', low: osl[0], high: osl[1] },
      weight: 1,
    });
  });

  it.each(['1', '-0.1', '1.5', 'wide', '{"input":0.5}', '{"input":0.5,"output":2}'])(
    'refuses %s',
    async (text) => {
      const [message = ''] = await refusals([
        '--model',
        'm',
        '--isl',
        '9',
        '--osl',
        '9',
        '--random-range-ratio',
        text,
      ]);
      expect(message).toMatch(
        /^--random-range-ratio must be a number from 0 to below 1, or \{"input":0\.2,"output":0\.5\}, got /,
      );
    },
  );
});

describe('prompt options', () => {
  it.each([
    [
      '--isl 9 --random-range-ratio 0.5',
      '--random-range-ratio needs --isl and --osl of at least 1, the lengths that it spreads.',
    ],
    [
      '--osl 9 --random-range-ratio 0.5',
      '--random-range-ratio needs --isl and --osl of at least 1, the lengths that it spreads.',
    ],
    [
      '--isl 9 --osl 9 --random-range-ratio 0.5 --seq-dist 9,9:100',
      '--random-range-ratio cannot be combined with --seq-dist: both set the lengths.',
    ],
    [
      '--prefix-prompt-length 8',
      '--prefix-prompt-length needs --num-prefix-prompts, the number of prefixes.',
    ],
    ['--num-prefix-prompts 8', '--num-prefix-prompts needs --prefix-prompt-length, the tokens of each.'],
    [
      '--num-prefix-prompts 2 --prefix-prompt-length 8 --shared-system-prompt-length 7',
      '--num-prefix-prompts cannot be combined with --shared-system-prompt-length: a prefix must be the beginning of the request.',
    ],
    [
      '--system-prompt a --shared-system-prompt-length 7',
      '--system-prompt and --shared-system-prompt-length cannot be combined: each sets the system message.',
    ],
    [
      '--num-prefix-prompts 2 --prefix-prompt-length 8 --isl 0 --image-batch-size 1',
      '--num-prefix-prompts needs --isl of at least 1, the prompt after the prefix.',
    ],
    [
      '--input-file package.json --user-context-prompt-length 7',
      '--user-context-prompt-length cannot be combined with --input-file: it only applies to synthetic prompts.',
    ],
  ])('%s', async (line, message) => {
    expect(await refusals(`--model m ${line}`)).toEqual([message]);
  });
});

function csv(text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'aiperf-lengths-')), 'lengths.csv');
  writeFileSync(path, text);
  return path;
}
