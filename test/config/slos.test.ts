import { describe, expect, it } from 'vitest';
import { profile, refusals } from './profile-options.js';

const goodput = (value: string) => ['--model', 'm', '--goodput', value];
const expects =
  '--goodput expects tag:number pairs separated by spaces, such as "time_to_first_token:370 request_latency:648"';

describe('--goodput', () => {
  it.each([
    ['time_to_first_token:370 request_latency:648', { time_to_first_token: 370, request_latency: 648 }],
    ['  a:1.5\tb:-2e3  ', { a: 1.5, b: -2000 }],
    ['TTFT:1_000 itl:2', { TTFT: 1000, itl: 2 }],
  ])('%s', async (value, slos) => {
    expect((await profile(goodput(value))).config.goodput).toEqual(slos);
  });

  it.each([
    ['ttft', `${expects}: 'ttft' has no colon.`],
    [':5', `${expects}: ':5' has no tag before its colon.`],
    ['a:', `${expects}: 'a:' has no number after its colon.`],
    ['a:1 b:fast c:2:3', `${expects}: 'fast' in 'b:fast' is not a number; '2:3' in 'c:2:3' is not a number.`],
    ['a:inf b:nan', `${expects}: 'inf' in 'a:inf' is not a number; 'nan' in 'b:nan' is not a number.`],
    ['a:1 a:2', `${expects}: a is given twice.`],
    ['a: 1', `${expects}: 'a:' has no number after its colon; '1' has no colon.`],
  ])('%s', async (value, sentence) => {
    expect(await refusals(goodput(value))).toEqual([sentence]);
  });

  it('nothing', async () => {
    expect(await refusals(goodput(''))).toEqual([
      '--goodput needs a value: tag:number pairs separated by spaces, such as "time_to_first_token:370 request_latency:648".',
    ]);
    expect(await refusals(goodput(' '))).toEqual([
      '--goodput must be tag:number pairs separated by spaces, such as "time_to_first_token:370 request_latency:648", got {}.',
    ]);
  });
});
