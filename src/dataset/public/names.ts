import type { PublicDatasetName } from '../../config/public-datasets.js';
import { firstMessage, shareGpt } from './dialogues.js';
import { agentCalls } from './exgentic.js';
import type { RowMapping } from './mapping.js';
import { choicesWithVideo, prompts, userTurns } from './prompts.js';
import { speech } from './speech.js';
import { wekaTraces } from './weka.js';

/** Where the files of a data set are. */
export type Source =
  | {
      readonly kind: 'hub';
      readonly id: string;
      /** Branch, tag or commit; absent: main. */
      readonly revision?: string;
      /** Absent: the one that is meant without a name. */
      readonly subset?: string;
      /** Absent: train, or the only one. */
      readonly split?: string;
      /** A file, or the folder of files; absent: those of the split. */
      readonly path?: string;
    }
  | { readonly kind: 'url'; readonly url: string };

/** A data set that has a name. */
export interface NamedDataset {
  readonly source: Source;
  readonly rows: RowMapping;
  /** Only as many conversations are read as the run asks for, 100 if it asks for none: the whole is too large. */
  readonly isLarge?: true;
  /** Columns of the keys of `--dataset-filter`, where they have other names. */
  readonly filters?: Readonly<Record<string, string>>;
  /** Its file in the folder in which AIPerf keeps downloads: `.cache/aiperf/datasets`. */
  readonly aiperfFile?: string;
}

function onHub(id: string, split: string, subset?: string): Source {
  return { kind: 'hub', id, split, ...(subset === undefined ? {} : { subset }) };
}

/** As vLLM's benchmark asks for an edited file. */
const editPrompt = [
  'Given a code file, please apply the change requests and generate the new file.',
  'Original file:\n```python\n{code}\n```',
  'Change request:\n{change_request}',
  'Please generate the new code file in the "New file" section below.',
].join('\n\n');

/** A snapshot of SemiAnalysis' traces of coding agents; they are read whole, as other traces are. */
function weka(snapshot: string): NamedDataset {
  return { source: onHub(`semianalysisai/cc-traces-weka-${snapshot}`, 'train'), rows: wekaTraces };
}

const agentFilters = { harness: 'harness', source_model: 'models', benchmark: 'benchmark' };

export const namedDatasets: Readonly<Record<PublicDatasetName, NamedDataset>> = {
  sharegpt: {
    source: {
      kind: 'hub',
      id: 'anon8231489123/ShareGPT_Vicuna_unfiltered',
      path: 'ShareGPT_V3_unfiltered_cleaned_split.json',
    },
    rows: shareGpt,
    aiperfFile: 'ShareGPT_V3_unfiltered_cleaned_split.json',
  },
  aimo: { source: onHub('AI-MO/NuminaMath-TIR', 'train'), rows: prompts({ prompt: 'problem' }) },
  aimo_aime: { source: onHub('AI-MO/aimo-validation-aime', 'train'), rows: prompts({ prompt: 'problem' }) },
  aimo_numina_cot: { source: onHub('AI-MO/NuminaMath-CoT', 'train'), rows: prompts({ prompt: 'problem' }) },
  aimo_numina_1_5: { source: onHub('AI-MO/NuminaMath-1.5', 'train'), rows: prompts({ prompt: 'problem' }) },
  mmstar: {
    source: onHub('Lin-Chen/MMStar', 'val'),
    rows: prompts({ prompt: 'question', image: 'image' }),
  },
  mmvu: { source: onHub('yale-nlp/MMVU', 'validation'), rows: choicesWithVideo },
  vision_arena: {
    source: onHub('lmarena-ai/VisionArena-Chat', 'train'),
    rows: firstMessage('conversation', 'images'),
    isLarge: true,
  },
  llava_onevision: {
    source: onHub('lmms-lab/LLaVA-OneVision-Data', 'train', 'sharegpt4o'),
    rows: firstMessage('conversations', 'image'),
    isLarge: true,
  },
  spec_bench: {
    source: {
      kind: 'url',
      url: 'https://raw.githubusercontent.com/hemingkx/Spec-Bench/fd2c1cd7d2201ef71db4c5f4e455008f017967bf/data/spec_bench/question.jsonl',
    },
    rows: userTurns('turns', 1),
    aiperfFile: 'spec_bench.jsonl',
  },
  spec_al_gsm8k: { source: onHub('openai/gsm8k', 'test', 'main'), rows: prompts({ prompt: 'question' }) },
  spec_al_math500: { source: onHub('HuggingFaceH4/MATH-500', 'test'), rows: prompts({ prompt: 'problem' }) },
  spec_al_humaneval: {
    source: onHub('openai/openai_humaneval', 'test'),
    rows: prompts({ prompt: 'prompt' }),
  },
  spec_al_mbpp: {
    source: onHub('google-research-datasets/mbpp', 'test', 'full'),
    rows: prompts({ prompt: 'text' }),
  },
  spec_al_mtbench: { source: onHub('HuggingFaceH4/mt_bench_prompts', 'train'), rows: userTurns('prompt') },
  instruct_coder: {
    source: onHub('likaixin/InstructCoder', 'train'),
    rows: prompts({ prompt: 'instruction' }),
  },
  blazedit_5k: { source: onHub('vdaita/edit_5k_char', 'train'), rows: prompts({ prompt: editPrompt }) },
  blazedit_10k: { source: onHub('vdaita/edit_10k_char', 'train'), rows: prompts({ prompt: editPrompt }) },
  librispeech: { source: onHub('openslr/librispeech_asr', 'test', 'clean'), rows: speech, isLarge: true },
  voxpopuli: { source: onHub('facebook/voxpopuli', 'test', 'en'), rows: speech, isLarge: true },
  gigaspeech: { source: onHub('speechcolab/gigaspeech', 'test', 'xs'), rows: speech, isLarge: true },
  ami: { source: onHub('edinburghcstr/ami', 'test', 'ihm'), rows: speech, isLarge: true },
  spgispeech: { source: onHub('kensho/spgispeech', 'test', 'test'), rows: speech, isLarge: true },
  exgentic: {
    source: {
      ...{ kind: 'hub', id: 'Exgentic/agent-llm-traces', split: 'train' },
      revision: '70036b93a04e61b0ea2706a68b962f4f26774587',
    },
    rows: agentCalls,
    isLarge: true,
    filters: agentFilters,
  },
  exgentic_v2: {
    source: {
      ...{ kind: 'hub', id: 'Exgentic/agent-llm-traces-v2', split: 'train' },
      revision: '4b8ad4ab198438e5a170f9171c19c6a2cf7c1814',
    },
    rows: agentCalls,
    isLarge: true,
    filters: agentFilters,
  },
  semianalysis_cc_traces_weka: weka('no-subagents-051826'),
  semianalysis_cc_traces_weka_no_subagents: weka('no-subagents-051826'),
  semianalysis_cc_traces_weka_with_subagents: weka('062126'),
  semianalysis_cc_traces_weka_with_subagents_256k: weka('062126-256k'),
  semianalysis_cc_traces_weka_with_subagents_060226: weka('with-subagents-060226'),
  semianalysis_cc_traces_weka_with_subagents_060226_256k: weka('with-subagents-060226-256k'),
  semianalysis_cc_traces_weka_with_subagents_060526: weka('with-subagents-060526'),
  semianalysis_cc_traces_weka_with_subagents_060526_256k: weka('with-subagents-060526-256k'),
  semianalysis_cc_traces_weka_with_subagents_060826: weka('with-subagents-060826'),
  semianalysis_cc_traces_weka_with_subagents_060826_256k: weka('with-subagents-060826-256k'),
  semianalysis_cc_traces_weka_061326: weka('061326'),
  semianalysis_cc_traces_weka_061326_256k: weka('061326-256k'),
  semianalysis_cc_traces_weka_061526: weka('061526'),
  semianalysis_cc_traces_weka_061526_256k: weka('061526-256k'),
  semianalysis_cc_traces_weka_062126: weka('062126'),
  semianalysis_cc_traces_weka_062126_256k: weka('062126-256k'),
};
