import { beforeAll, describe, expect, it } from 'vitest';
import { goldenIsThere } from '../metrics/golden.js';
import { messageDifferences } from './compare/message.js';
import { type Excuse, unexcused, unusedExcuses } from './excuse.js';
import { goldenText, jsonLines, templateFiles } from './golden2-inputs.js';
import { forEachOf, play } from './golden2-play.js';
import type { GoldenRun } from './golden2-runs.js';

// What AIPerf 0.13.0 refused is refused here, before anything is sent, in a message that names the same things.

const common =
  'aiperf profile --model m --url http://127.0.0.1:8000 --artifact-dir artifacts --ui none --random-seed 7 --no-gpu-telemetry --no-server-metrics';
const messages = ['refused-at-start', 'refused-while-preparing']
  .map((name) => goldenText(`${name}/messages.txt`))
  .join('\n');
/** Command and panel of each refusal. */
const refusals = [...messages.matchAll(/^\$ … (.*)\nexit 1\n((?:[╭│╰].*\n?)+)/gm)].map(
  ([, command = '', panel = '']) => ({ command, panel }),
);

/** Files and servers of commands that need them, by a part of the command. */
const needs: readonly (readonly [part: string, run: GoldenRun])[] = [
  ['payload_template:t.json', { files: { ...templateFiles, 't.json': '{"q": {{ text }} }' } }],
  ['raw_payload', { files: { 'd.jsonl': jsonLines([{ messages: [] }, { prompt: 'x' }]) } }],
  [
    '--request-count 4 --input-file d.jsonl',
    { files: { 'd.jsonl': jsonLines([{ messages: [{ role: 'user', content: 'x' }] }]) } },
  ],
  ['nim_rankings', { files: { 'd.jsonl': jsonLines([{ text: 'x' }]) } }],
  ['m.csv', { files: { 'm.csv': 'a\n' } }],
  ['--server-profiler', { intercept: () => ({ status: 500, body: 'no' }) }],
];

const rawSynthetic =
  '--endpoint-type raw --custom-endpoint /v1/chat/completions --concurrency 1 --request-count 2 --isl 10';
const recorded = '--endpoint-type chat --concurrency 1 --request-count 4 --input-file d.jsonl';

const excuses: readonly Excuse[] = [
  {
    difference: /^panel (AIPerf System Exit Errors is missing|Error( Running AIPerf System)? is new)$/,
    reason: 'what is wrong with a command or its files is told in one way, also where their services find it',
  },
  {
    difference: /^panel Error Running AIPerf System is missing$/,
    reason: 'a value that is wrong by itself is told with the other values',
  },
  {
    difference: /^fact (\d+|--sequence-distribution|--system-prompt-file|--public-dataset) is missing$/,
    reason: 'their message repeats all of the value, or names more spellings and options than were given',
    runs: [
      '--endpoint-type chat --concurrency 2 --request-count 6 --seq-dist 10,4:25;30,8:70',
      '--endpoint-type chat --concurrency 2 --request-count 6 --seq-dist 10,4;30',
      '--endpoint-type chat --concurrency 2 --request-count 6 --seq-dist 0,4:100',
      '--endpoint-type chat --concurrency 1 --request-count 2 --isl 8 --system-prompt a --shared-system-prompt-length 5',
      '--endpoint-type completions --concurrency 1 --request-count 2 --isl 8 --system-prompt a',
      '--endpoint-type chat --concurrency 1 --request-count 2 --input-file m.csv --seq-dist 10,4:100',
    ],
  },
  {
    difference: /^fact (--input-type|0|1) is missing$/,
    reason: 'their message counts turns and names an option of another version',
    runs: [rawSynthetic],
  },
  {
    difference: /^(exit code 0, there 1|4 requests were sent|fact --custom-dataset-type is missing)$/,
    reason: 'datasets.md §1.1, ours: such a row is told apart',
    runs: [recorded],
  },
];

const found = new Map<string, readonly string[]>();
const unknown: string[] = [];

describe.runIf(goldenIsThere)('beside AIPerf 0.13.0', () => {
  beforeAll(() =>
    forEachOf(refusals, async ({ command, panel }) => {
      const [, run = {}] = needs.find(([part]) => command.includes(part)) ?? [];
      const isTextless = command.includes('image_retrieval') && !panel.includes('--tokenizer');
      const tokenizer = isTextless ? '' : ' --tokenizer tokenizers/qwen3';
      const { code, stdout, stderr, requests } = await play(`${common}${tokenizer} ${command}`, run);
      if (stderr.includes('is an option of AIPerf that is not supported')) {
        unknown.push(command);
        return;
      }
      const sent = requests.filter(({ line }) => !line.includes('/start_profile')).length;
      found.set(command, [
        ...(code === 1 ? [] : [`exit code ${code}, there 1`]),
        ...(sent === 0 ? [] : [`${sent} requests were sent`]),
        ...messageDifferences(panel, stderr + stdout),
      ]);
    }),
  );

  it('refuses with the same facts', () => {
    for (const command of unknown)
      process.stderr.write(`skipped: its options do not exist yet: ${command}\n`);
    const bad = [...found].map(([command, lines]) => [command, unexcused(excuses, command, lines)]);
    expect(bad.filter(([, lines]) => lines?.length)).toEqual([]);
    expect(found.size + unknown.length).toBe(50);
  });

  it('each excuse is still needed', () => {
    expect(unusedExcuses(excuses, found)).toEqual([]);
  });
});
