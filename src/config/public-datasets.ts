/** Names of `--public-dataset`. */
export const publicDatasetNames = [
  'sharegpt',
  'aimo',
  'aimo_aime',
  'aimo_numina_cot',
  'aimo_numina_1_5',
  'mmstar',
  'mmvu',
  'vision_arena',
  'llava_onevision',
  'spec_bench',
  'spec_al_gsm8k',
  'spec_al_math500',
  'spec_al_humaneval',
  'spec_al_mbpp',
  'spec_al_mtbench',
  'instruct_coder',
  'blazedit_5k',
  'blazedit_10k',
  'librispeech',
  'voxpopuli',
  'gigaspeech',
  'ami',
  'spgispeech',
  'exgentic',
  'exgentic_v2',
  'semianalysis_cc_traces_weka',
  'semianalysis_cc_traces_weka_no_subagents',
  'semianalysis_cc_traces_weka_with_subagents',
  'semianalysis_cc_traces_weka_with_subagents_256k',
  'semianalysis_cc_traces_weka_with_subagents_060226',
  'semianalysis_cc_traces_weka_with_subagents_060226_256k',
  'semianalysis_cc_traces_weka_with_subagents_060526',
  'semianalysis_cc_traces_weka_with_subagents_060526_256k',
  'semianalysis_cc_traces_weka_with_subagents_060826',
  'semianalysis_cc_traces_weka_with_subagents_060826_256k',
  'semianalysis_cc_traces_weka_061326',
  'semianalysis_cc_traces_weka_061326_256k',
  'semianalysis_cc_traces_weka_061526',
  'semianalysis_cc_traces_weka_061526_256k',
  'semianalysis_cc_traces_weka_062126',
  'semianalysis_cc_traces_weka_062126_256k',
] as const;

export type PublicDatasetName = (typeof publicDatasetNames)[number];

/** A data set on the hub without a name of its own. */
export interface HubAddress {
  /** E.g. `openai/gsm8k`. */
  readonly id: string;
  readonly revision?: string;
  /** A file or folder in it. */
  readonly path?: string;
}

/** The name of a public data set, in any case, with `-` or `_`. */
export function publicDatasetName(text: string): PublicDatasetName | undefined {
  const name = text.toLowerCase().replaceAll('-', '_');
  return publicDatasetNames.find((known) => known === name);
}

/** Reads `hf://org/name[@revision][/path]`; `hf://datasets/org/…`, as Python writes it, is the same. */
export function hubAddress(text: string): HubAddress | undefined {
  const [, id, revision, path] =
    /^hf:\/\/(?:datasets\/)?([\w.-]+\/[\w.-]+)(?:@(refs\/(?:convert|pr)\/[\w.-]+|[\w.%~-]+))?(?:\/([^@]*[^@/]))?\/?$/.exec(
      text,
    ) ?? [];
  const parts = [revision, path].flatMap((part) => part?.split('/') ?? []);
  if (id === undefined || parts.includes('..') || id.startsWith('.')) return undefined;
  return {
    id,
    ...(revision === undefined ? {} : { revision: revisionOf(revision) }),
    ...(path === undefined ? {} : { path }),
  };
}

/** `~parquet` is the branch of Parquet files that the hub makes; `%2F` stands for a slash. */
function revisionOf(text: string): string {
  return text === '~parquet' ? 'refs/convert/parquet' : text.replaceAll(/%2f/gi, '/');
}
