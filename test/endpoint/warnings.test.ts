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

it('options of texts that an endpoint does not send have no effect', async () => {
  expect(await warningsOf('--rankings-passages-mean 3')).toEqual([
    '--rankings-passages-mean has no effect on chat, which ranks nothing.',
  ]);
  expect(await warningsOf('--endpoint-type nim_rankings --isl 20 -b 2 --rankings-passages-mean 3')).toEqual([
    '--isl and -b have no effect on nim_rankings: --rankings-query-… and --rankings-passages-… set its texts.',
  ]);
  expect(await warningsOf('--endpoint-type embeddings --osl 5 -b 2')).toEqual([
    '--osl has no effect: this endpoint generates no text.',
  ]);
  expect(await warningsOf('--endpoint-type embeddings --input-file package.json -b 2')).toEqual([
    '-b has no effect on --input-file: its texts are sent as they are.',
  ]);
});

it('responses are stored only where the server counts', async () => {
  const line = '--endpoint-type responses --extra-inputs store:true';
  await expect(warningsOf(line)).rejects.toThrow('--extra-inputs store:true needs');
  expect(await warningsOf(`${line} --use-server-token-count`)).toEqual([]);
});

it('are left out where one of the options that they look at is itself refused', async () => {
  await expect(warningsOf('--osl 20 --endpoint-type chatty')).rejects.toThrow('--endpoint-type must be');
});

const refusalOf = (line: string) =>
  profile(`-ma ${line}`, {}, command.check).then(
    () => 'accepted',
    (thrown: Error) => thrown.message,
  );

it('usage in every chunk is refused by endpoints that do not report it', async () => {
  const line = '--per-chunk-usage --use-server-token-count --streaming';
  expect(await refusalOf(`${line} --endpoint-type completions`)).toBe(
    '--per-chunk-usage needs the endpoint type chat, got completions.',
  );
  expect(await refusalOf(line)).toBe('accepted');
});

it('a content type must be that of the endpoint', async () => {
  expect(await refusalOf('--request-content-type multipart/form-data')).toBe(
    '--request-content-type multipart/form-data does not suit the endpoint type chat, whose requests are application/json.',
  );
  expect(await refusalOf('--endpoint-type video_generation --request-content-type multipart/form-data')).toBe(
    'accepted',
  );
});

it('token ids are refused by endpoints that take text', async () => {
  expect(await refusalOf('--isl-as-token-ids')).toBe(
    '--isl-as-token-ids cannot be used with the endpoint type chat, which takes text. Use completions (vLLM) or sglang_generate (SGLang).',
  );
  expect(await refusalOf('--isl-as-token-ids --endpoint-type sglang_generate')).toBe('accepted');
});
