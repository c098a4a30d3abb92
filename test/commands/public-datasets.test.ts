import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { prepareRun } from '../../src/commands/profile/prepare.js';
import { publicDatasetNames } from '../../src/config/public-datasets.js';
import { profile } from '../config/profile-options.js';
import { namedStandIn } from '../dataset/public/named-stand-ins.js';
import { parquet, type StandInHub, standInHub } from '../dataset/public/stand-in-hub.js';

const cache = mkdtempSync(join(tmpdir(), 'aiperf-public-'));
let hub: StandInHub;

beforeAll(async () => {
  const rows = [
    { context: 'C', question: 'Q?', language: 'en' },
    { question: 'F?', language: 'fr' },
  ];
  const messages = [
    [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'Hello' },
    ],
  ];
  hub = await standInHub({
    ...Object.assign({}, ...publicDatasetNames.map(namedStandIn)),
    'openai/gsm8k': [namedStandIn('spec_al_gsm8k')['openai/gsm8k'] ?? { files: {} }],
    'HuggingFaceH4/no_robots': { files: { 'data/test-00000-of-00001.parquet': parquet({ messages }) } },
    'org/name': {
      revision: '1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d',
      files: { 'data/test.jsonl': rows.map((row) => JSON.stringify(row)).join('\n') },
    },
  });
});

afterAll(async () => {
  await hub[Symbol.asyncDispose]();
  rmSync(cache, { recursive: true, force: true });
});

/** Every command of the page that names a public data set, in words. */
const commands = [
  ...readFileSync('docs/datasets.md', 'utf8')
    .replaceAll('\\\n', ' ')
    .matchAll(/^aiperf profile (.*)$/gm),
]
  .map(([, line = '']) => line)
  .filter((line) => line.includes('--public-dataset'))
  .map((line) => [...line.matchAll(/(?:'[^']*'|\S)+/g)].map(([word]) => word.replaceAll("'", '')));

it.each(commands.map((words) => [words.join(' '), words] as const))('%s', async (_, words) => {
  const argv = words.map((word) => word.replace('$ENDPOINT_URL', 'http://localhost:8000'));
  const { config } = await profile(argv);
  // The stand-ins are in the first split only.
  const split = config.publicDataset === 'hf://openai/gsm8k' ? 'test' : config.hfSplit;
  const env = { HF_ENDPOINT: hub.endpoint, HF_HOME: cache };
  const { datasetSize } = await prepareRun({ ...config, hfSplit: split }, { version: '1', env }, () => {});
  expect(datasetSize).toBe(1);
});
