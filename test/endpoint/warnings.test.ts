import { expect, it } from 'vitest';
import { command } from '../../src/commands/profile.js';
import { profile } from '../config/profile-options.js';

const warningsOf = async (line: string) => (await profile(`-ma ${line}`, {}, command.check)).warnings;

it('--osl is a maximum unless the server is asked for more', async () => {
  expect(await warningsOf('--output-tokens-mean 20')).toEqual([
    '--output-tokens-mean is a maximum: outputs may be shorter. To force full length, add --extra-inputs ignore_eos:true or min_tokens:20 (if the server supports it).',
  ]);
  expect(await warningsOf('--osl 20 --extra-inputs min_tokens:20')).toEqual([]);
  expect(await warningsOf('--osl 0')).toEqual([]);
});

it("the server's token counts cover all of several choices", async () => {
  const line = '--use-server-token-count --extra-inputs';
  expect(await warningsOf(`${line} n:2`)).toEqual([
    '--use-server-token-count counts the tokens of all 2 choices (--extra-inputs n:2), but times are those of choice 0: output lengths and token rates are up to 2 times as high, and inter-token latencies as low. Leave it out to count choice 0 alone.',
  ]);
  expect(await warningsOf(`${line} n:1`)).toEqual([]);
  expect(await warningsOf('--extra-inputs n:2')).toEqual([]);
});

it('completions know one name of the output cap', async () => {
  const line = '--endpoint-type completions --use-legacy-max-tokens';
  expect(await warningsOf(line)).toEqual([
    '--use-legacy-max-tokens has no effect on completions, which always gets max_tokens.',
  ]);
  expect(await warningsOf('--use-legacy-max-tokens')).toEqual([]);
});

it('are left out where one of the options that they look at is itself refused', async () => {
  await expect(warningsOf('--osl 20 --endpoint-type chatty')).rejects.toThrow('--endpoint-type must be');
});
