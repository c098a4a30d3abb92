import { dagJsonl } from './dag-jsonl.js';
import type { DatasetType, RowFormat } from './format.js';
import { mooncakeTrace } from './mooncake-trace.js';
import { multiTurn } from './multi-turn.js';
import { openAiBatch } from './openai-batch.js';
import { randomPool } from './random-pool.js';
import { rawPayload } from './raw-payload.js';
import { shareGpt } from './sharegpt.js';
import { singleTurn } from './single-turn.js';

export const formats: Readonly<Record<DatasetType, RowFormat>> = {
  single_turn: singleTurn,
  multi_turn: multiTurn,
  random_pool: randomPool,
  mooncake_trace: mooncakeTrace,
  sharegpt: shareGpt,
  openai_batch: openAiBatch,
  raw_payload: rawPayload,
  dag_jsonl: dagJsonl,
};
