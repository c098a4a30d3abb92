import { statSync } from 'node:fs';
import { filesIn } from '../../run/files.js';
import type { Printable } from '../../util/python-json.js';
import type { WatchedRun } from '../messages.js';
import { type Answer, failure } from './answer.js';

/** `/api/dataset/state`. AIPerf's index is one into its memory-mapped file, which does not exist here. */
export function datasetBody({ benchmarkId, datasetSize, folder }: WatchedRun): Printable {
  return {
    ready: true,
    benchmark_generation: benchmarkId,
    dataset_generation: benchmarkId,
    conversation_count: datasetSize ?? 0,
    total_size_bytes: sizeOf(inputsOf(folder)) ?? 0,
    data_url: '/api/dataset/data',
    index_url: null,
  };
}

/** `/api/dataset/data`. */
export function datasetFile(run: WatchedRun | undefined): Answer {
  const file = run && inputsOf(run.folder);
  if (file === undefined || sizeOf(file) === undefined) return failure(404, 'The run has no inputs.json.');
  return { status: 200, type: 'application/json', file };
}

function inputsOf(folder: string): string {
  return filesIn(folder, undefined).inputs;
}

function sizeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.size;
}
