import type { DatasetType, HashIdType, SpeedBenchType, TraceType } from '../../config/dataset-types.js';
import { bailianTrace } from './bailian-trace.js';
import { basetenTrace } from './baseten-trace.js';
import { azureTrace, burstGptTrace } from './csv-traces.js';
import { dagJsonl } from './dag-jsonl.js';
import type { RowFormat } from './format.js';
import { inputsJson } from './inputs-json.js';
import { mooncakeTrace } from './mooncake-trace.js';
import { multiTurn } from './multi-turn.js';
import { openAiBatch } from './openai-batch.js';
import { otelSpans } from './otel/format.js';
import { randomPool } from './random-pool.js';
import { rawPayload } from './raw-payload.js';
import { sageMaker } from './sagemaker.js';
import { shareGpt } from './sharegpt.js';
import { singleTurn } from './single-turn.js';
import { speedBench } from './speed-bench.js';
import { traceLab } from './tracelab/format.js';
import { wekaTrace } from './weka/format.js';

type ListedType = Exclude<DatasetType, SpeedBenchType>;

/** What the options say of a type holds for its format. */
type FormatOf<T extends DatasetType> = RowFormat &
  (T extends TraceType ? { readonly isTrace: true } : unknown) &
  (T extends HashIdType ? { readonly blockSize: number } : unknown);

/** Every file type but those of SPEED-Bench, which differ in the rows that are sent. */
export const formats: { readonly [T in ListedType]: FormatOf<T> } = {
  single_turn: singleTurn,
  multi_turn: multiTurn,
  random_pool: randomPool,
  sharegpt: shareGpt,
  openai_batch: openAiBatch,
  raw_payload: rawPayload,
  dag_jsonl: dagJsonl,
  inputs_json: inputsJson,
  mooncake_trace: mooncakeTrace,
  bailian_trace: bailianTrace,
  burst_gpt_trace: burstGptTrace,
  azure_trace: azureTrace,
  baseten_trace: basetenTrace,
  sagemaker_data_capture: sageMaker,
  otel_spans: otelSpans,
  weka_trace: wekaTrace,
  tracelab: traceLab,
};

/** The format of a file type. */
export function formatOf(type: DatasetType): RowFormat {
  return isListed(type) ? formats[type] : speedBench(type);
}

function isListed(type: DatasetType): type is ListedType {
  return Object.hasOwn(formats, type);
}
