import { workerData } from 'node:worker_threads';
import type { CollectorThreadData } from '../../collect/collector.js';
import { runCollectorThread } from '../../collect/collector-thread.js';
import { recordContexts } from '../../export/record-metadata.js';
import { notableSink } from './notable-sink.js';
import { loadFileSinks, openFileSinks } from './sinks.js';

const data: CollectorThreadData = workerData;
const files = await loadFileSinks();
await runCollectorThread(data, {
  open: (onFailure) => openFileSinks(files, data.plan, onFailure),
  prewarmed: files.recordsFile({ path: undefined, append: false, contexts: recordContexts(data.plan) }),
  notable: notableSink,
});
