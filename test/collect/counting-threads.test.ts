import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { sizeOf } from '../../src/collect/batch-queue.js';
import type { Collector, startCollector } from '../../src/collect/collector.js';
import { countingThreadsFor } from '../../src/collect/counting-threads.js';
import type { CollectPlan } from '../../src/collect/record-processor.js';
import { PREWARMED, type RecordBatch, RecordPacker } from '../../src/records/pack.js';
import type { RequestRecord } from '../../src/records/record.js';
import { aRecord, ms, origin, streamingChat, thresholds } from '../metrics/records.js';
import { openSpool } from '../records/open-spool.js';

// Threads need the built modules.
const built = (path: string) => new URL(`../../dist/${path}`, import.meta.url).href;
const { CountingThreads } = await import(built('collect/counting-threads.js'));
const collector: { startCollector: typeof startCollector } = await import(built('collect/collector.js'));

const tokenizers: CollectPlan['tokenizers'] = new Map([
  ['demo/tiny-1b', { kind: 'shipped', name: 'builtin' }],
  ['missing', { kind: 'files', name: 'missing', folder: '/nowhere' }],
]);

/** `x y y …`: a token for each word. */
const words = (count: number) => `x${' y'.repeat(count - 1)}`;

/** Its prompt has twice as many tokens as its number says, its answer as many. */
function numbered(number: number, changes: Partial<RequestRecord> = {}): RequestRecord {
  return aRecord({
    sessionNum: number,
    requestId: `request-${number}`,
    startNs: ms(number),
    endNs: ms(number + 100),
    contentNs: Float64Array.of(ms(number + 10), ms(number + 20)),
    inputText: words(2 * number),
    text: words(number),
    ...changes,
  });
}

function batchOf(records: readonly RequestRecord[], workerId = 'worker_0'): RecordBatch {
  const packer = new RecordPacker(workerId);
  for (const record of records) packer.add(record);
  return packer.take();
}

function batchIn(thread: number, batch: number): RecordBatch {
  const first = 1 + 6 * batch + 3 * thread;
  const isLost = batch === 7 && thread === 1;
  const records = [first, first + 1, first + 2].map((number) =>
    numbered(number, isLost ? { model: 'missing' } : {}),
  );
  return batchOf(records, `worker_${thread}`);
}

interface Collected {
  readonly collector: Collector;
  readonly folder: string;
  /** The load threads close their ports: nothing more comes. */
  close(): void;
}

/** A record thread that reads the finished spool of two load threads, of 30 batches each, helped by so many threads. */
async function collect(threads: number): Promise<Collected> {
  const folder = mkdtempSync(join(tmpdir(), 'aiperf-counting-'));
  for (const thread of [0, 1]) {
    // Each batch fills a segment.
    const writer = openSpool(folder, thread, `worker_${thread}`, 100);
    for (let batch = 0; batch < 30; batch++) {
      await writer.append(batchIn(thread, batch));
    }
    writer.close();
  }
  const plan: CollectPlan = {
    ...{ origin, traits: streamingChat, thresholds, tokenizers, hasWarmup: false, handsOverRequests: false },
    recordsFile: join(folder, 'records.jsonl'),
    ...{ rawFile: undefined, warmupFile: undefined, outputsFile: undefined, seriesFile: undefined },
  };
  const entry = `
    import { workerData } from 'node:worker_threads';
    import { runCollectorThread } from '${built('collect/collector-thread.js')}';
    import { recordContexts } from '${built('export/record-metadata.js')}';
    import { loadFileSinks, openFileSinks } from '${built('commands/profile/sinks.js')}';
    const files = await loadFileSinks();
    const open = (onFailure) => openFileSinks(files, workerData.plan, onFailure);
    import { writeFileSync } from 'node:fs';
    await runCollectorThread(workerData, { open, prewarmed: {} }, (cost) => {
      writeFileSync('${join(folder, 'cost.json')}', JSON.stringify(cost));
      return ${threads};
    });`;
  const channels = [new MessageChannel(), new MessageChannel()];
  const feeds = channels.map(({ port1: port }, spoolNumber) => ({ port, spoolNumber, origin }));
  return {
    collector: collector.startCollector(
      new URL(`data:text/javascript,${encodeURIComponent(entry)}`),
      plan,
      feeds,
      folder,
    ),
    folder,
    close: () => {
      for (const { port2 } of channels) {
        port2.postMessage(PREWARMED);
        port2.close();
      }
    },
  };
}

const linesOf = (folder: string) =>
  (existsSync(join(folder, 'records.jsonl')) ? readFileSync(join(folder, 'records.jsonl'), 'utf8') : '')
    .replace(/record_processor_\w+/g, '')
    .split('\n')
    .slice(0, -1);

async function whole(threads: number) {
  const { collector, folder, close } = await collect(threads);
  close();
  const summaries = await collector.summaries;
  expect(collector.fileErrors).toEqual([]);
  await collector.terminate();
  return {
    summaries,
    lines: linesOf(folder),
    cost: JSON.parse(readFileSync(join(folder, 'cost.json'), 'utf8')),
    segments: readdirSync(folder).filter((name) => /spool$/.test(name)),
  };
}

describe('token counting after the load', () => {
  it('gives the same files and results, by the record thread alone or with 1 or 2 threads', async () => {
    const [alone, ...helped] = [await whole(0), await whole(1), await whole(2)];
    for (const { cost: _, ...run } of helped) expect(run).toEqual({ ...alone, cost: undefined });

    const found = alone.lines.map((line) => JSON.parse(line));
    // Both load threads in turn, a batch of each.
    expect(found.map(({ metadata }) => metadata.session_num)).toEqual(
      Array.from({ length: 180 }, (_, place) => place + 1),
    );
    const lost = [46, 47, 48];
    for (const [place, { metrics, error }] of found.entries()) {
      const number = place + 1;
      if (lost.includes(number)) {
        expect(error.type).toBe('UnreadableResponseError');
        expect(error.message).toContain('its tokens could not be counted');
      } else {
        expect(metrics.input_sequence_length.value).toBe(2 * number);
        expect(metrics.output_sequence_length.value).toBe(number);
      }
    }
    const { profiling, left } = alone.summaries;
    const total = profiling.results.find(({ tag }) => tag === 'total_output_tokens');
    // 1 + 2 + … + 180, without the three.
    expect(total?.statistics.avg).toBe((180 * 181) / 2 - (46 + 47 + 48));
    expect([profiling.validCount, profiling.failedCount, left]).toEqual([
      177,
      3,
      { warmup: 0, profiling: 0 },
    ]);
    // The first batch has opened the tokenizer: its time tells nothing of further ones.
    const sizes = [0, 1].flatMap((thread) =>
      Array.from({ length: 30 }, (_, batch) => sizeOf(batchIn(thread, batch))),
    );
    const [first = 0] = sizes;
    expect(alone.cost.bytes).toBe(sizes.reduce((sum, size) => sum + size) - first);
    // Only the last segment of each thread was not followed by another.
    expect(alone.segments).toEqual(['0-29.spool', '1-29.spool']);
  });

  it.each(['before the first record', 'while threads count'])(
    'an interrupt %s leaves the rest in the spool: no record is lost or there twice',
    async (when) => {
      const { collector, folder, close } = await collect(2);
      if (when === 'while threads count') {
        close();
        await until(() => linesOf(folder).length > 0);
      }
      collector.leaveRest();
      if (when !== 'while threads count') close();
      const { profiling, left } = await collector.summaries;
      await collector.terminate();
      const numbers = linesOf(folder).map((line) => JSON.parse(line).metadata.session_num);
      expect(numbers).toEqual(Array.from(numbers, (_, place) => place + 1));
      expect(profiling.validCount + profiling.failedCount).toBe(numbers.length);
      expect(numbers.length + left.profiling).toBe(180);
      // Three records in each segment.
      const segments = readdirSync(folder).filter((name) => /spool$/.test(name));
      expect(segments.length).toBeGreaterThanOrEqual(left.profiling / 3);
    },
  );
});

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 2));
}

describe('counting threads', () => {
  it('give the counts of a batch in order, and none after their end', async () => {
    const threads = new CountingThreads(2, tokenizers);
    const counts = [1, 4].map((first) =>
      threads.count(batchOf([first, first + 1, first + 2].map((n) => numbered(n)))),
    );
    const tokens = (number: number) => ({ input: 2 * number, output: number, reasoning: undefined });
    expect(await Promise.all(counts)).toEqual([[1, 2, 3].map(tokens), [4, 5, 6].map(tokens)]);
    await threads.close();
    expect(await threads.count(batchOf([numbered(1)]))).toBeUndefined();
  });

  it('that end early leave their batches to the record thread', async () => {
    const threads = new CountingThreads(1, tokenizers);
    const counts = threads.count(batchOf([numbered(1)]));
    await threads.close();
    expect(await counts).toBeUndefined();
  });

  // 10 MB took 4 s of counting and 2 s of all else: 10 MB more take 4 s again.
  const cost = { countNs: 4e9, otherNs: 2e9, bytes: 10e6 };
  it.each([
    ['as many as the record thread can keep up with', cost, 10e6, 8, 2],
    ['one for each second', { ...cost, otherNs: 1e7 }, 10e6, 8, 4],
    ['no more than cores', { ...cost, otherNs: 1e7 }, 10e6, 3, 3],
    // A quarter of a GB each in half of 2 GB.
    ['no more than fit into memory', { ...cost, otherNs: 1e7 }, 100e6, 64, 4],
    ['none for less than a second', cost, 2.4e6, 8, 0],
    ['one for a second', cost, 2.5e6, 8, 1],
    ['none on one core', cost, 1e9, 1, 0],
    ['none before anything is known', { countNs: 0, otherNs: 0, bytes: 0 }, 1e9, 8, 0],
    ['none if nothing is to be counted', { ...cost, countNs: 0 }, 1e9, 8, 0],
  ])('%s', (_, spent, leftBytes, cpus, expected) => {
    expect(countingThreadsFor(spent, leftBytes, { cpus, freeBytes: 2 ** 31 })).toBe(expected);
  });
});
