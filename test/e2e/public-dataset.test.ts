import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parquet, standInHub } from '../dataset/public/stand-in-hub.js';
import { aiperf, type Options, panelText, profileWords, readJson, temporaryFolder } from './aiperf.js';
import { startScriptedServer, streamTokens } from './scripted-server.js';

it('a data set of the hub is downloaded, sent and stated, and sent again offline', async () => {
  const file = parquet({
    question: Array.from({ length: 9 }, (_, i) => `Question ${i}?`),
    answer: Array.from({ length: 9 }, () => 'The answer is four.'),
  });
  await using hub = await standInHub({ 'org/qa': { files: { 'data/train-00000-of-00001.parquet': file } } });
  const server = await startScriptedServer((_, response) => streamTokens(response, ['4', '.']));
  const home = temporaryFolder();
  const profile = (env: Readonly<Record<string, string>>, more: Options) =>
    aiperf(
      profileWords({
        ...{ model: 'm', tokenizer: 'builtin', url: server.url, streaming: true, concurrency: 1 },
        ...{ 'public-dataset': 'hf://org/qa', 'dataset-columns': 'prompt=question,output=answer' },
        ...{ 'num-dataset-entries': 2, 'request-count': 3, 'random-seed': 1 },
        ...{ 'no-server-metrics': true, 'no-gpu-telemetry': true, ...more },
      }),
      { env: { HF_ENDPOINT: hub.endpoint, HF_HOME: home, ...env } },
    );
  const run = async (env: Readonly<Record<string, string>>) => {
    server.forget();
    const folder = temporaryFolder();
    const ended = await profile(env, { 'artifact-dir': folder });
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    const bodies = server.seen.map(({ body }) => JSON.parse(body));
    const { input_config: config, x_aiperf_ts: own } = readJson(join(folder, 'profile_export_aiperf.json'));
    return { bodies, datasets: config.datasets, own: own.public_dataset };
  };
  try {
    const first = await run({ HF_HUB_OFFLINE: '' });
    // "The answer is four." has five tokens.
    const body = (place: number) => ({
      messages: [{ role: 'user', content: `Question ${place}?` }],
      max_completion_tokens: 5,
    });
    expect(first.bodies).toMatchObject([body(0), body(1), body(0)]);
    expect(first.datasets).toEqual([
      { name: 'main', type: 'public', dataset: 'hf://org/qa', entries: 2, random_seed: 1 },
    ]);
    expect(first.own).toEqual({
      columns: { prompt: 'question', output: 'answer' },
      commit: createHash('sha1').update('org/qa@main').digest('hex'),
      files: [
        {
          name: 'org/qa/data/train-00000-of-00001.parquet',
          bytes: file.length,
          sha256: createHash('sha256').update(file).digest('hex'),
        },
      ],
    });
    const requests = hub.seen.length;
    const again = await run({ HF_HUB_OFFLINE: '1' });
    expect(again).toEqual(first);
    expect(hub.seen).toHaveLength(requests);
    const sent = server.seen.length;
    const unfit = await profile({ HF_HUB_OFFLINE: '1' }, { 'trace-idle-gap-cap-seconds': 5 });
    expect(unfit.code).toBe(1);
    expect(panelText(unfit.stderr)).toContain(
      '--trace-idle-gap-cap-seconds needs a file that records when calls were in flight',
    );
    expect(server.seen).toHaveLength(sent);
  } finally {
    await server.close();
  }
});
