import { parentPort, workerData } from 'node:worker_threads';
import type { TokenizerSource } from '../dataset/tokenizer/tokenizer.js';
import { type RecordBatch, unpackRecords } from '../records/pack.js';
import { openCounter } from './open-counter.js';

// A thread of `CountingThreads`: counts the tokens of each batch that it is sent, and posts them in the same order.

const tokenizers: ReadonlyMap<string, TokenizerSource> = workerData;
const count = openCounter(tokenizers);
parentPort?.on('message', (batch: RecordBatch) => {
  parentPort?.postMessage(Array.from(unpackRecords(batch), count));
});
