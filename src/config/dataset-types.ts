/** Files of SPEED-Bench: a split, or one category of it. */
const speedBenchTypes = [
  'speed_bench_qualitative',
  'speed_bench_coding',
  'speed_bench_humanities',
  'speed_bench_math',
  'speed_bench_multilingual',
  'speed_bench_qa',
  'speed_bench_rag',
  'speed_bench_reasoning',
  'speed_bench_roleplay',
  'speed_bench_stem',
  'speed_bench_summarization',
  'speed_bench_writing',
  'speed_bench_throughput_1k',
  'speed_bench_throughput_1k_low_entropy',
  'speed_bench_throughput_1k_mixed',
  'speed_bench_throughput_1k_high_entropy',
  'speed_bench_throughput_2k',
  'speed_bench_throughput_2k_low_entropy',
  'speed_bench_throughput_2k_mixed',
  'speed_bench_throughput_2k_high_entropy',
  'speed_bench_throughput_8k',
  'speed_bench_throughput_8k_low_entropy',
  'speed_bench_throughput_8k_mixed',
  'speed_bench_throughput_8k_high_entropy',
  'speed_bench_throughput_16k',
  'speed_bench_throughput_16k_low_entropy',
  'speed_bench_throughput_16k_mixed',
  'speed_bench_throughput_16k_high_entropy',
  'speed_bench_throughput_32k',
  'speed_bench_throughput_32k_low_entropy',
  'speed_bench_throughput_32k_mixed',
  'speed_bench_throughput_32k_high_entropy',
] as const;

/** Traces that `--synthesis-*` changes. */
export const changeableTypes = [
  'mooncake_trace',
  'bailian_trace',
  'burst_gpt_trace',
  'azure_trace',
  'sagemaker_data_capture',
] as const;

/** Traces that record when the calls of agents were in flight. */
export const callTypes = ['otel_spans', 'weka_trace', 'tracelab'] as const;

/** Recorded traffic: sent completely by default. */
export const traceTypes = [...changeableTypes, 'baseten_trace', ...callTypes] as const;

/** Files of agents that run in parallel. */
export const graphTypes = ['dag_jsonl', ...callTypes] as const;

/** Types whose prompts are made from hash IDs, each of which covers `--isl-block-size` tokens. */
export const hashIdTypes = ['mooncake_trace', 'bailian_trace', ...graphTypes] as const;

/** Kinds of file that can be read; `dataset/loaders/` has one of each. */
export const datasetTypes = [
  'single_turn',
  'multi_turn',
  'random_pool',
  'sharegpt',
  'openai_batch',
  'raw_payload',
  'inputs_json',
  'dag_jsonl',
  ...traceTypes,
  ...speedBenchTypes,
] as const;

/** A file type, as named by `--custom-dataset-type`. */
export type DatasetType = (typeof datasetTypes)[number];
export type SpeedBenchType = (typeof speedBenchTypes)[number];
export type TraceType = (typeof traceTypes)[number];
export type GraphType = (typeof graphTypes)[number];
export type CallType = (typeof callTypes)[number];
export type HashIdType = (typeof hashIdTypes)[number];

/** Whether a type is one of a list. */
export function isOneOf(types: readonly DatasetType[], type: string): boolean {
  return types.some((listed) => listed === type);
}
