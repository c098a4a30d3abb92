import { randomBytes } from 'node:crypto';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { openTokenizer } from '../../dataset/tokenizer/open.js';
import type { Tokenizer, TokenizerSource } from '../../dataset/tokenizer/tokenizer.js';
import { LineFile } from '../../export/line-file.js';
import { rawLine } from '../../export/raw-jsonl.js';
import type { RecordContext } from '../../export/record-metadata.js';
import { recordLine } from '../../export/records-jsonl.js';
import { Sends } from '../../fidelity/tally.js';
import { MetricStore } from '../../metrics/compute.js';
import { type CountText, tokenCounter } from '../../records/count-tokens.js';
import { REHEARSED, type RecordBatch, unpackRecords } from '../../records/pack.js';
import { type CountedRecord, type RequestRecord, withoutResponse } from '../../records/record.js';
import { messageOf } from '../../util/errors.js';
import { yieldToLoadThreads } from '../../util/priority.js';
import type { RecordsEvent, RecordsThreadData } from './records.js';

const LIVE_EVERY_MS = 250;

/** The record thread: counts tokens, works out metrics, and has every record on disk as soon as it comes. */
async function runRecordsThread({ plan, ports }: RecordsThreadData): Promise<void> {
  yieldToLoadThreads();
  const say = (event: RecordsEvent) => parentPort?.postMessage(event);
  const profiling = new MetricStore(plan.traits, plan.thresholds, plan.origin);
  const warmup = plan.hasWarmup ? new MetricStore(plan.traits, plan.thresholds, plan.origin) : undefined;
  const rehearsal = new MetricStore(plan.traits, plan.thresholds, plan.origin);
  const sends = new Sends();
  const countAll = tokenCounter(plan.tokenizers === undefined ? undefined : lazyCounter(plan.tokenizers));
  let count = countAll;
  parentPort?.once('message', () => {
    count = (record) => ({
      record,
      tokens: { input: record.inputTokens, output: undefined, reasoning: undefined },
    });
  });
  parentPort?.unref();
  const openFile = (path: string | undefined) =>
    new LineFile(path, (message) => say({ kind: 'trouble', message }));
  const recordsFile = openFile(plan.recordsFile);
  const rawFile = openFile(plan.rawFile);
  const warmupFile = openFile(plan.warmupFile);
  const recordProcessorId = `record_processor_${randomBytes(4).toString('hex')}`;
  const contextOf = (phaseIndex: number): RecordContext => ({
    origin: plan.origin,
    recordProcessorId,
    phaseIndex,
  });
  const contexts = { warmup: contextOf(0), profiling: contextOf(plan.hasWarmup ? 1 : 0) };
  const take = (batch: RecordBatch) => {
    for (const unpacked of unpackRecords(batch)) {
      const counted = countSafely(unpacked, count);
      const { record } = counted;
      const context = contexts[record.phase];
      if (batch.isRehearsal) {
        recordLine(record, rehearsal.add(counted), context);
        continue;
      }
      if (record.phase === 'warmup') {
        const metrics = warmup?.add(counted) ?? [];
        if (plan.warmupFile !== undefined) warmupFile.add(recordLine(record, metrics, context));
      } else {
        sends.add(record);
        const metrics = profiling.add(counted);
        if (plan.recordsFile !== undefined) recordsFile.add(recordLine(record, metrics, context));
      }
      if (plan.rawFile !== undefined) rawFile.add(rawLine(record, context));
    }
    recordsFile.flush();
    rawFile.flush();
    warmupFile.flush();
  };
  const liveTimer = setInterval(() => say({ kind: 'live', live: profiling.live() }), LIVE_EVERY_MS);
  let rehearsing = ports.length;
  const noteRehearsed = () => {
    if (--rehearsing === 0) say({ kind: 'ready' });
  };
  const allClosed = Promise.all(ports.map((port) => readUntilClosed(port, take, noteRehearsed)));
  await allClosed;
  clearInterval(liveTimer);
  recordsFile.close();
  rawFile.close();
  warmupFile.close();
  say({
    kind: 'summaries',
    summaries: {
      profiling: profiling.summary(plan.sliceNs),
      warmup: warmup?.summary(),
      sends: sends.tally,
    },
  });
}

/** Counts tokens; a record whose texts no tokenizer can count has failed. */
function countSafely(record: RequestRecord, count: (record: RequestRecord) => CountedRecord): CountedRecord {
  try {
    return count(record);
  } catch (thrown) {
    const failed = withoutResponse(record, `its tokens could not be counted (${messageOf(thrown)})`);
    return { record: failed, tokens: { input: undefined, output: undefined, reasoning: undefined } };
  }
}

function readUntilClosed(
  port: MessagePort,
  take: (batch: RecordBatch) => void,
  onRehearsed: () => void,
): Promise<void> {
  return new Promise((resolve) => {
    port.on('message', (posted: RecordBatch | typeof REHEARSED) => {
      if (posted === REHEARSED) onRehearsed();
      else take(posted);
    });
    port.on('close', resolve);
  });
}

/** Opens a model's tokenizer at its first text. */
function lazyCounter(sources: ReadonlyMap<string, TokenizerSource>): CountText {
  const opened = new Map<string, Tokenizer>();
  return (text, model) => {
    let tokenizer = opened.get(model);
    if (tokenizer === undefined) {
      const source = sources.get(model) ?? sources.values().next().value;
      if (source === undefined) throw new Error('a run that counts tokens has no tokenizer');
      tokenizer = openTokenizer(source);
      opened.set(model, tokenizer);
    }
    return tokenizer.count(text);
  };
}

await runRecordsThread(workerData);
