import { expect } from 'vitest';
import type { PublicDatasetName } from '../../../src/config/public-datasets.js';
import { namedDatasets } from '../../../src/dataset/public/names.js';
import { parquet, type StandIn } from './stand-in-hub.js';

const png = Uint8Array.from(Buffer.from('89504e470d0a1a0a', 'hex'));
const jpeg = Uint8Array.from(Buffer.from('ffd8ffe000104a46', 'hex'));
/** 80 samples of 0.5 at 8 kHz. */
const flac = Uint8Array.from(
  Buffer.from('ZkxhQ4AAACICQAJAAAAMAAAMAfQA8AAAAFAPqUO8TnzHnMuNuC+laFbl//hkCABPCQEABfyu', 'base64'),
);

/** A trace of Weka's KV cache tester: two requests that share a block. */
const weka = {
  columns: {
    id: ['t'],
    models: [['opus']],
    block_size: [64n],
    hash_id_scope: ['local'],
    requests: [
      [
        { t: 0, type: 'n', model: 'opus', in: 100n, out: 7n, hash_ids: [5n, 6n], api_time: 1.5 },
        { t: 2.5, type: 's', model: 'opus', in: 128n, out: 9n, hash_ids: [5n, 7n], api_time: 2.5 },
      ],
    ],
  },
  turns: ['0.1/100/64', '0.2/128/64'],
  caps: [7, 9],
};

type Columns = Readonly<Record<string, readonly unknown[]>>;

const clip = {
  columns: { audio: [{ bytes: flac, path: 'a.flac' }], text: ['HELLO'] },
  turns: ['Transcribe this audio.'],
  // 44 bytes of header and 80 samples of 16384.
  media: /^audio wav,UklGRsQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA\+AAACABAAZGF0YaAAAAAAQABA(AEAAQABA)+$/,
};

/** Columns as each data set has them, and what its first conversation is: texts of turns, media, maximum lengths. */
export const namedCases: Readonly<
  Record<
    PublicDatasetName,
    {
      readonly columns: Columns;
      readonly turns: readonly string[];
      readonly media?: RegExp;
      readonly caps?: readonly number[];
    }
  >
> = {
  sharegpt: {
    columns: {
      id: ['short', 'kept'],
      conversations: [
        // One token less than four.
        [
          { from: 'human', value: 'a b c' },
          { from: 'gpt', value: 'a b c d' },
        ],
        [
          { from: 'human', value: 'w1 w2 w3 w4' },
          { from: 'gpt', value: 'one two three four five' },
          { from: 'human', value: 'w5 w6 w7 w8 w9' },
          { from: 'gpt', value: 'one two three four' },
        ],
      ],
    },
    turns: ['w1 w2 w3 w4', 'w5 w6 w7 w8 w9'],
    caps: [5, 4],
  },
  aimo: { columns: { problem: ['2 + 2?'], solution: ['4'] }, turns: ['2 + 2?'] },
  aimo_aime: { columns: { id: [0], problem: ['2 + 3?'] }, turns: ['2 + 3?'] },
  aimo_numina_cot: { columns: { source: ['x'], problem: ['2 + 4?'] }, turns: ['2 + 4?'] },
  aimo_numina_1_5: { columns: { problem: ['2 + 5?'] }, turns: ['2 + 5?'] },
  mmstar: {
    columns: { index: [0], question: ['What is it?'], image: [{ bytes: png, path: 'a.png' }] },
    turns: ['What is it?'],
    media: /^image data:image\/png;base64,iVBORw0KGgo=$/,
  },
  mmvu: {
    columns: {
      question: [' Which gas? '],
      choices: [{ A: 'N2', B: 'O2', C: '' }],
      video: ['https://huggingface.co/datasets/yale-nlp/MMVU/resolve/main/videos/1.mp4'],
    },
    turns: ['Which gas? A.N2 B.O2'],
    media: /^video https:\/\/huggingface\.co\/.*\/1\.mp4$/,
  },
  vision_arena: {
    columns: {
      conversation: [[[{ role: 'user', content: 'Read this.' }], [{ role: 'assistant', content: 'Done.' }]]],
      images: [[{ bytes: jpeg, path: null }]],
    },
    turns: ['Read this.'],
    media: /^image data:image\/jpeg;base64,\/9j\/4AAQSkY=$/,
  },
  llava_onevision: {
    columns: {
      image: [{ bytes: png, path: 'b.png' }],
      conversations: [
        [
          { from: 'human', value: '<image>\nDescribe it.' },
          { from: 'gpt', value: 'A cat.' },
        ],
      ],
    },
    turns: ['Describe it.'],
    media: /^image data:image\/png/,
  },
  spec_bench: { columns: { question_id: [1], turns: [[' First? ', 'Second?']] }, turns: ['First?'] },
  spec_al_gsm8k: { columns: { question: ['How many?'], answer: ['3'] }, turns: ['How many?'] },
  spec_al_math500: { columns: { problem: ['x = ?'] }, turns: ['x = ?'] },
  spec_al_humaneval: { columns: { prompt: ['def f():\n'] }, turns: ['def f():\n'] },
  spec_al_mbpp: { columns: { text: ['Write a function.'] }, turns: ['Write a function.'] },
  spec_al_mtbench: { columns: { prompt: [['One.', 'Two.']] }, turns: ['One.', 'Two.'] },
  instruct_coder: { columns: { instruction: ['Sort it.'], input: ['[2,1]'] }, turns: ['Sort it.'] },
  blazedit_5k: {
    columns: { code: ['a = 1'], change_request: ['Make it 2.'] },
    turns: [
      'Given a code file, please apply the change requests and generate the new file.\n\nOriginal file:\n```python\na = 1\n```\n\nChange request:\nMake it 2.\n\nPlease generate the new code file in the "New file" section below.',
    ],
  },
  blazedit_10k: {
    columns: { code: ['b'], change_request: ['c'] },
    turns: [expect.stringContaining('\nb\n')],
  },
  librispeech: clip,
  voxpopuli: clip,
  gigaspeech: clip,
  ami: clip,
  spgispeech: clip,
  exgentic: { columns: agentRows(), turns: ['[system,user]', '[system,user,assistant,tool]'], caps: [7, 30] },
  exgentic_v2: {
    columns: { ...agentRows(), benchmark: ['swebench'] },
    turns: ['[system,user]', '[system,user,assistant,tool]'],
    caps: [7, 30],
  },
  semianalysis_cc_traces_weka: weka,
  semianalysis_cc_traces_weka_no_subagents: weka,
  semianalysis_cc_traces_weka_with_subagents: weka,
  semianalysis_cc_traces_weka_with_subagents_256k: weka,
  semianalysis_cc_traces_weka_with_subagents_060226: weka,
  semianalysis_cc_traces_weka_with_subagents_060226_256k: weka,
  semianalysis_cc_traces_weka_with_subagents_060526: weka,
  semianalysis_cc_traces_weka_with_subagents_060526_256k: weka,
  semianalysis_cc_traces_weka_with_subagents_060826: weka,
  semianalysis_cc_traces_weka_with_subagents_060826_256k: weka,
  semianalysis_cc_traces_weka_061326: weka,
  semianalysis_cc_traces_weka_061326_256k: weka,
  semianalysis_cc_traces_weka_061526: weka,
  semianalysis_cc_traces_weka_061526_256k: weka,
  semianalysis_cc_traces_weka_062126: weka,
  semianalysis_cc_traces_weka_062126_256k: weka,
};

function agentRows(): Columns {
  const call = (start: string, end: string, attributes: object) => ({
    type: 'llm_call',
    start_time: start,
    end_time: end,
    status: { code: 1 },
    attributes,
  });
  const user = { role: 'user', parts: [{ type: 'text', content: 'Fix it.' }] };
  const asked = {
    role: 'assistant',
    parts: [{ type: 'tool_call', id: 'c', name: 'ls', arguments: { a: 1 } }],
  };
  const result = { role: 'tool', parts: [{ type: 'tool_call_response', id: 'c', result: 'x.ts' }] };
  const first = {
    'gen_ai.usage.input_tokens': 20n,
    'gen_ai.usage.output_tokens': 7n,
    'gen_ai.system_instructions': 'Be brief.',
    'gen_ai.input.messages': JSON.stringify([user]),
  };
  const second = {
    ...first,
    'gen_ai.request.max_tokens': 30n,
    'gen_ai.request.temperature': 0,
    'gen_ai.input.messages': JSON.stringify([user, asked, result]),
    'gen_ai.tool.definitions': JSON.stringify([{ type: 'function', name: 'ls' }]),
  };
  return {
    session_id: ['s1'],
    harness: ['claude_code'],
    models: [['aws/claude-opus-4-5']],
    spans: [
      [
        call('2026-01-01T00:00:03.5', '2026-01-01T00:00:04', second),
        call('2026-01-01T00:00:00', '2026-01-01T00:00:02', first),
        { ...call('2026-01-01T00:00:09', '2026-01-01T00:00:10', first), status: { code: 2 } },
      ],
    ],
  };
}

/** The data set as the hub has it: a Parquet file of the split, listed in the README; or the file of its own. */
export function namedStandIn(name: PublicDatasetName): Record<string, StandIn> {
  const { source } = namedDatasets[name];
  const { columns } = namedCases[name];
  if (source.kind === 'url') return {};
  const { revision, path, subset = 'default', split = 'train' } = source;
  const rows = Array.from({ length: Object.values(columns)[0]?.length ?? 0 }, (_, row) =>
    Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, values[row]])),
  );
  const files: StandIn['files'] =
    path === undefined
      ? {
          'README.md': `---\nconfigs:\n- config_name: ${subset}\n  data_files:\n  - split: ${split}\n    path: ${subset}/${split}-*\n---\n`,
          [`${subset}/${split}-00000-of-00001.parquet`]: parquet(columns),
        }
      : { [path]: JSON.stringify(rows) };
  return { [source.id]: { files, ...(revision === undefined ? {} : { revision }) } };
}
