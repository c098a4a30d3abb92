import { describe, expect, it } from 'vitest';
import { hubAddress, publicDatasetNames } from '../../src/config/public-datasets.js';
import { profile, refusals } from './profile-options.js';

describe('--public-dataset', () => {
  it.each([
    ['ShareGPT', 'sharegpt'],
    ['spec-al-gsm8k', 'spec_al_gsm8k'],
    ['hf://org/name', 'hf://org/name'],
  ])('%s', async (written, value) => {
    expect((await profile(`-ma --public-dataset ${written}`)).config.publicDataset).toBe(value);
  });

  it.each([
    ['hf://openai/gsm8k', { id: 'openai/gsm8k' }],
    ['hf://datasets/openai/gsm8k/', { id: 'openai/gsm8k' }],
    ['hf://o/n@v1.0', { id: 'o/n', revision: 'v1.0' }],
    ['hf://o/n@v1/data/a.parquet', { id: 'o/n', revision: 'v1', path: 'data/a.parquet' }],
    ['hf://o/n/data', { id: 'o/n', path: 'data' }],
    [
      'hf://o/n@refs/convert/parquet/en/test',
      { id: 'o/n', revision: 'refs/convert/parquet', path: 'en/test' },
    ],
    ['hf://o/n@~parquet', { id: 'o/n', revision: 'refs/convert/parquet' }],
    ['hf://o/n@refs%2Fpr%2F1', { id: 'o/n', revision: 'refs/pr/1' }],
    ['hf://name', undefined],
    ['hf://o/n/../../x', undefined],
    ['hf://../n', undefined],
    ['https://huggingface.co/datasets/o/n', undefined],
  ])('%s', (text, address) => {
    expect(hubAddress(text)).toEqual(address);
  });

  it.each([
    [
      '--public-dataset sharegpd',
      `--public-dataset must be one of ${publicDatasetNames.join(', ')}, or hf://org/name[@revision][/path], got 'sharegpd'. Did you mean sharegpt?`,
    ],
    ['--public-dataset weka_hf', '--public-dataset weka_hf names no data set: use hf://org/name.'],
    ['--hf-subset en', '--hf-subset needs --public-dataset, the data set to choose from.'],
    [
      '--public-dataset aimo --custom-dataset-type single_turn',
      '--custom-dataset-type cannot be combined with --public-dataset, whose format is known.',
    ],
    [
      '--public-dataset aimo --input-file package.json',
      '--input-file cannot be combined with --public-dataset: each sets what is sent.',
    ],
    [
      '--public-dataset aimo --isl 100 --seq-dist 1,2:100',
      '--isl and --seq-dist cannot be combined with --public-dataset: it only applies to synthetic prompts.',
    ],
    [
      '--public-dataset aimo --image-batch-size 2 -b 2',
      '-b and --image-batch-size cannot be combined with --public-dataset: its requests are sent as they are.',
    ],
    [
      '--public-dataset aimo --dataset-columns prompt=x',
      '--dataset-columns needs an hf:// data set: the columns of aimo are known.',
    ],
    [
      '--public-dataset hf://o/n --dataset-columns question=x',
      '--dataset-columns must be key=value pairs, with the keys prompt, messages, system, image, audio, video, output, output_length, got {"question":"x"}.',
    ],
    ['--public-dataset hf://o/n --dataset-columns output=x', '--dataset-columns needs prompt, too.'],
    ['--public-dataset hf://o/n --dataset-filter level', "--dataset-filter expects key=value, got 'level'."],
    ['--public-dataset hf://o/n --dataset-filter a=1 a=2', '--dataset-filter has a twice.'],
  ])('%s', async (line, sentence) => {
    expect(await refusals(`-ma ${line}`)).toEqual([sentence]);
  });

  it('takes columns and filters', async () => {
    const { config, warnings } = await profile([
      ...['-ma', '--public-dataset', 'hf://o/n', '--dataset-filter', 'a=1, 2', 'b=x=y'],
      ...['--dataset-columns', 'prompt=Q: {q}, and {r},output=answer', '--synthesis-max-osl', '5'],
    ]);
    expect(config.datasetFilter).toEqual({ a: '1, 2', b: 'x=y' });
    expect(config.datasetColumns).toEqual({ prompt: 'Q: {q}, and {r}', output: 'answer' });
    expect(warnings).toEqual([
      '--synthesis-max-osl has no effect on --public-dataset: only traces in files are changed.',
    ]);
  });
});
