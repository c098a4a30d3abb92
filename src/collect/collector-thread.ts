import { rmSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { parentPort } from 'node:worker_threads';
import type { NotableRequests } from '../metrics/notable.js';
import type { Counted } from '../records/count-tokens.js';
import { unpackRecords } from '../records/pack.js';
import type { PhaseName, RequestRecord } from '../records/record.js';
import { CLIENT, clientMetrics } from '../telemetry/client-metrics.js';
import { usableCpus } from '../util/cgroup.js';
import { openClock } from '../util/clock.js';
import { freeMemory } from '../util/free-memory.js';
import { yieldToLoadThreads } from '../util/priority.js';
import { every, Timeout } from '../util/timeout.js';
import { BatchQueue, type QueuedBatch, sizeOf } from './batch-queue.js';
import { BatchSource, shiftTimes } from './batch-source.js';
import type { CollectorEvent, CollectorThreadData } from './collector.js';
import { CountingThreads, countingThreadsFor, type ProcessingCost } from './counting-threads.js';
import { LiveFiguresCollector } from './live-figures.js';
import type { CollectPlan } from './record-processor.js';
import { RecordProcessor } from './record-processor.js';
import type { Sink, Sinks } from './sink.js';
import { SpanSampler } from './span-sampler.js';
import { ThreadEvidenceCollector } from './thread-evidence.js';
import { ThreadHealthCollector } from './thread-health.js';

const FIGURES_EVERY_MS = 250;
const OBSERVE_EVERY_MS = 1000;
const STREAM_EVERY_MS = 2000;
/** Wait before an empty spool is read again, unless a message arrives. */
const POLL_EVERY_MS = 20;

/** A sink that keeps some of its records. */
export interface NotableSink extends Sink {
  readonly found: NotableRequests;
}

/** Sinks cannot be sent between threads: the record thread opens its own. */
export interface CollectorSinks {
  readonly open: (onFailure: (message: string) => void) => Sinks;
  /** Runs made-up records through the code of the sinks without writing. */
  readonly prewarmed: Sink;
  /** Keeps notable requests. */
  readonly notable: (plan: CollectPlan) => NotableSink;
}

/**
 * The record thread: reads finished records from the spool and passes them with their metrics to sinks.
 * @param countingThreads how many threads help to count tokens when the load is over.
 */
export async function runCollectorThread(
  { plan, feeds, spool, control }: CollectorThreadData,
  { open, prewarmed, notable: openNotable }: CollectorSinks,
  countingThreads = countingThreadsFor,
): Promise<void> {
  const stopYielding = yieldToLoadThreads();
  const post = (event: CollectorEvent, transfer?: ArrayBuffer[]) => parentPort?.postMessage(event, transfer);
  let filesAreWhole = plan.recordsFile !== undefined;
  const onFileError = (message: string) => {
    filesAreWhole = false;
    post({ kind: 'file-error', message });
  };
  const processor = new RecordProcessor(plan);
  const sinks = open(onFileError);
  const notable = plan.handsOverRequests ? openNotable(plan) : undefined;
  const controls = new Int32Array(control, 0, 1);

  let prewarming = feeds.length;
  const onPrewarmed = () => {
    if (--prewarming === 0) post({ kind: 'ready' });
  };
  let wake = () => {};
  const { nowNs } = openClock(plan.origin);
  const figuresOf = (phase: PhaseName) =>
    new LiveFiguresCollector(nowNs, plan.isWatched ? processor.liveResults(phase) : undefined);
  const live = {
    warmup: figuresOf('warmup'),
    profiling: figuresOf('profiling'),
    threads: new ThreadHealthCollector(feeds),
  };
  const evidence = plan.isWatched ? new ThreadEvidenceCollector() : undefined;
  const sources = feeds.map(
    (feed, thread) =>
      new BatchSource(feed, spool, {
        prewarmed: onPrewarmed,
        news: () => wake(),
        observation: (observation) => {
          live.threads.observe(thread, observation);
          evidence?.observe(thread, observation);
          sinks.onObservation(observation);
        },
      }),
  );
  const backlogBytes = () => sources.reduce((bytes, source) => bytes + source.backlogBytes, 0);
  const observeBacklog = () =>
    sinks.onObservation({
      source: CLIENT,
      atNs: nowNs(),
      samples: [{ metric: clientMetrics.backlog, labels: {}, value: backlogBytes() }],
    });
  const postFigures = () =>
    post({
      kind: 'figures',
      figures: {
        warmup: live.warmup.figures,
        profiling: live.profiling.figures,
        threads: live.threads.now(sources.map((source) => source.backlogBytes)),
        client: evidence && {
          threads: evidence.threads,
          ...{ sends: processor.sends, shardSends: processor.shardSends },
        },
      },
    });
  const sampling = plan.streams?.spans;
  const spans = sampling && new SpanSampler(sampling, plan.origin);
  const postStreams = () => {
    const histograms = processor.histograms?.state(nowNs());
    if (histograms !== undefined) post({ kind: 'histograms', histograms });
    const batch = spans?.take();
    if (batch !== undefined && batch.spans.length > 0) post({ kind: 'spans', batch });
  };
  const stops = [every(OBSERVE_EVERY_MS, observeBacklog), every(FIGURES_EVERY_MS, postFigures)];
  if (plan.streams !== undefined) stops.push(every(STREAM_EVERY_MS, postStreams));
  const allClosed = Promise.all(sources.map(({ closed }) => closed));
  // Nothing more is sent, so no load thread needs the core.
  void allClosed.then(stopYielding);
  const waitForNews = () =>
    new Promise<void>((resolve) => {
      const timeout = new Timeout(resolve, POLL_EVERY_MS);
      wake = () => {
        timeout.clear();
        resolve();
      };
    });

  const cost: ProcessingCost = { countNs: 0, otherNs: 0, bytes: 0 };
  let isFirst = true;
  const take = ({ batch, thread, shiftNs }: QueuedBatch, counts: readonly Counted[] | undefined) => {
    const startNs = nowNs();
    let countNs = 0;
    const count = (record: RequestRecord) => {
      const fromNs = nowNs();
      const counted = processor.count(record);
      countNs += nowNs() - fromNs;
      return counted;
    };
    let place = 0;
    const shard = feeds[thread]?.shard;
    for (const record of unpackRecords(batch, shard)) {
      if (batch.isPrewarm) {
        prewarmed.onRecord?.(processor.prewarm(record));
        continue;
      }
      const tokens = counts?.[place++] ?? count(record);
      const measured = processor.add(shiftNs === 0 ? record : shiftTimes(record, shiftNs), tokens);
      live[record.phase].add(measured);
      live.threads.addRecord(thread, record);
      spans?.add(measured);
      sinks.onRecord(measured);
      notable?.onRecord?.(measured);
    }
    sinks.flush();
    if (batch.isPrewarm) return;
    // It opens the tokenizer and compiles the code: without a prewarm, further batches take a small part of its time.
    if (isFirst) {
      isFirst = false;
      return;
    }
    cost.countNs += countNs;
    cost.otherNs += nowNs() - startNs - countNs;
    cost.bytes += sizeOf(batch);
  };

  const queue = new BatchQueue(sources);
  let counting: CountingThreads | undefined;
  let machine: { readonly cpus: number; readonly freeBytes: number } | undefined;
  const countOnMoreThreads = () => {
    if (counting !== undefined || plan.tokenizers === undefined) return;
    machine ??= { cpus: usableCpus(), freeBytes: freeMemory() };
    const size = countingThreads(cost, backlogBytes(), machine);
    if (size === 0) return;
    counting = new CountingThreads(size, plan.tokenizers);
    queue.countAhead(counting);
  };
  // Batches that are still processed.
  let toTake = Number.POSITIVE_INFINITY;
  for (;;) {
    const wereClosed = sources.every(({ isClosed }) => isClosed);
    // Posted batches are in memory only and would be lost, as would those read ahead. The next batch of each thread is
    // always processed, so that no small rest stays in the spool.
    const isLeaving =
      wereClosed && Atomics.load(controls, 0) === 1 && !sources.some(({ holdsPosted }) => holdsPosted);
    if (isLeaving && toTake === Number.POSITIVE_INFINITY) {
      queue.countAhead(undefined);
      toTake = queue.length + sources.length;
    } else if (wereClosed && !isLeaving) {
      countOnMoreThreads();
    }
    if (toTake-- === 0) break;
    const next = queue.next();
    if (next === undefined) {
      if (wereClosed) break;
      await waitForNews();
      continue;
    }
    take(next, await next.counts);
    // Records that are not in a file stay in the spool, so that they survive a kill of the process.
    if (filesAreWhole) for (const path of next.earlier) rmSync(path, { force: true });
    await nextTurn();
  }
  await counting?.close();
  for (const stop of stops) stop();
  observeBacklog();
  postFigures();
  postStreams();
  const left = { warmup: 0, profiling: 0 };
  for (const [thread, source] of sources.entries()) {
    const rest = source.skipRest();
    left.warmup += rest.warmup;
    left.profiling += rest.profiling;
    if (source.unreadBytes > 0)
      onFileError(
        `the last batch of load thread ${thread} is cut off: ${source.unreadBytes} bytes are left out`,
      );
    if (source.queuedBytes > 0)
      onFileError(
        `the disk of the spool was too slow for load thread ${thread}: ${source.queuedBytes} bytes of finished records are left out`,
      );
    source.close();
  }
  sinks.onEnd();
  post({ kind: 'summarizing' });
  processor.setNetworkRtt(new Float64Array(control, 8, 1)[0] ?? Number.NaN);
  const summaries = { ...processor.summaries(), notable: notable?.found, left };
  // The table must not be used after it was sent.
  const requests = plan.handsOverRequests ? processor.requests.toMessage() : undefined;
  post({ kind: 'summaries', summaries: { ...summaries, requests: requests?.message } }, requests?.transfer);
}
