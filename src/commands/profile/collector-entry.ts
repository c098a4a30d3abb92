import { workerData } from 'node:worker_threads';
import { runCollectorThread } from '../../collect/collector-thread.js';
import { openRecordFiles, prewarmRecordFiles } from './sinks.js';

await runCollectorThread(workerData, { open: openRecordFiles, prewarm: prewarmRecordFiles });
