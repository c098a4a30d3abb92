import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Sinks } from '../../src/collect/sink.js';
import type { Snapshot } from '../../src/collect/snapshot.js';
import { prepareRun } from '../../src/commands/profile/prepare.js';
import { traitsOf } from '../../src/commands/profile/traits.js';
import type { SourceShare } from '../../src/load/quota.js';
import type { RunOutcome } from '../../src/run/outcome.js';
import { openClock, takeOrigin } from '../../src/util/clock.js';
import { profile } from '../config/profile-options.js';
import { readRecords, temporaryFolder } from './aiperf.js';
import { type ScriptedServer, startScriptedServer, streamTokens } from './scripted-server.js';

// Threads start from the build.
const built = new URL('../../dist/', import.meta.url);
const { runLoad }: typeof import('../../src/run/live-run.js') = await import(`${built}run/live-run.js`);
const { splitLoad }: typeof import('../../src/load/source.js') = await import(`${built}load/source.js`);
const { startLoadThreads }: typeof import('../../src/load/threads.js') = await import(
  `${built}load/threads.js`
);

const HOUR_NS = 3_600_000_000_000n;

let server: ScriptedServer;

beforeAll(async () => {
  // What is answered depends on the request alone: one in seven fails, the others have 2 to 6 tokens.
  server = await startScriptedServer(({ body }, response) => {
    if (body.length % 7 === 0) response.writeHead(503).end('busy');
    else streamTokens(response, ['a', ' b', ' c', ' d', ' e', ' f'].slice(0, 2 + (body.length % 5)));
  });
});

afterAll(() => server.close());

interface Measured {
  /** The last one. */
  readonly snapshot: Snapshot;
  readonly outcome: RunOutcome;
  readonly records: ReturnType<typeof readRecords>;
  /** Bodies that the server saw, sorted. */
  readonly bodies: readonly string[];
}

/** Runs a load with this many sources; the clock of each counts from an hour earlier than that of the one before it. */
async function measure(line: string, sources: number): Promise<Measured> {
  const folder = temporaryFolder();
  const { config } = await profile(
    `--model m --tokenizer builtin --streaming --random-seed 5 --isl 12 --isl-stddev 5 --url ${server.url} ${line}`,
  );
  const { load, threads, datasetSize, tokenizers } = await prepareRun(
    config,
    { version: '1', env: {} },
    () => {},
  );
  const origin = takeOrigin();
  const open = (spool: string | undefined, share: SourceShare) => {
    const earlierNs = BigInt(share.source) * HOUR_NS;
    return startLoadThreads(load, {
      ...{ threads, share },
      origin: { monotonicNs: origin.monotonicNs - earlierNs, epochNs: origin.epochNs - earlierNs },
      // The others have no disk in common with the record thread.
      spool: share.source === 0 ? spool : undefined,
      onSpoolFailure: (message) => expect(message).toBe(''),
      onSlowSpool: () => {},
    });
  };
  const hasWarmup = load.phases.length === 2;
  server.forget();
  const snapshots: Snapshot[] = [];
  const outcome = await runLoad({
    load,
    collect: {
      ...{ origin, tokenizers, hasWarmup, rawFile: undefined, warmupFile: undefined },
      ...{
        traits: traitsOf(config),
        recordsFile: join(folder, 'profile_export.jsonl'),
        seriesFile: undefined,
        outputsFile: undefined,
        handsOverRequests: false,
      },
      thresholds: { oslMismatchPct: 5, oslMismatchTokens: 50, usageDiffPct: 10 },
    },
    collectorEntry: new URL('commands/profile/collector-entry.js', built),
    openSource: (spool) =>
      sources === 1
        ? open(spool, { source: 0, sources: 1 })
        : splitLoad(origin, sources, (share) => open(spool, share)),
    sinks: new Sinks([() => ({ onSnapshot: (taken) => snapshots.push(taken) })], expect.unreachable),
    readRoof: () => undefined,
    onInterrupt: () => () => {},
    onExit: () => () => {},
    recoverSummary: () => Promise.reject(new Error('the record thread died')),
    ...{ clock: openClock(origin), log: () => {}, stallSeconds: 0, drainSeconds: 1, firstSession: 0 },
    ...{ datasetSize, spool: join(folder, 'spool'), recordsName: 'profile_export.jsonl' },
  });
  const snapshot = snapshots.at(-1);
  if (outcome === undefined || snapshot === undefined) throw new Error('the run was given up');
  const records = readRecords(join(folder, 'profile_export.jsonl'));
  return { outcome, snapshot, records, bodies: server.seen.map(({ body }) => body).sort() };
}

/** What does not depend on when things happened. */
function facts({ outcome, records }: Measured) {
  const { summary, warmup, issued, left, unrecorded, interrupted, failure, fileErrors, firstSession } =
    outcome;
  return {
    ...{ issued, left, unrecorded, interrupted, failure, fileErrors, firstSession },
    outcomes: [summary.outcomes, warmup?.outcomes],
    errors: summary.errors,
    counted: summary.results.filter(({ tag }) => /sequence_length$|_count$|^total_[io]sl$/.test(tag)),
    requests: records
      .map(({ metadata, metrics, error }) =>
        JSON.stringify([
          ...[metadata.conversation_id, metadata.turn_index, error?.code],
          ...[metrics.input_sequence_length, metrics.output_sequence_length],
        ]),
      )
      .sort(),
  };
}

describe.each([
  ['a closed loop after a warm-up', '--concurrency 4 --conversation-num 13 --num-warmup-sessions 5', 13],
  ['conversations', '--concurrency 5 --conversation-num 9 --conversation-turn-mean 3', 27],
  ['a rate', '--request-rate 200 --request-count 40', 40],
])('%s', (_, line, requestCount) => {
  let one: Measured;
  let two: Measured;

  beforeAll(async () => {
    one = await measure(line, 1);
    two = await measure(line, 2);
  });

  it('is the same load with two sources: requests, lengths, ledger', () => {
    expect(facts(two)).toEqual(facts(one));
    expect(facts(two).counted.length).toBeGreaterThan(4);
    expect(two.bodies).toEqual(one.bodies);
    expect(one.outcome.issued.profiling).toBe(requestCount);
  });

  it('both send, and all times of their records are those of the run', () => {
    expect(new Set(two.records.map(({ metadata }) => metadata.worker_id)).size).toBeGreaterThan(1);
    // A time of the other clock would be off by an hour.
    const nowNs = BigInt(Date.now()) * 1_000_000n;
    for (const { ns } of two.records) {
      expect(nowNs - ns('credit_issued_ns')).toBeLessThan(HOUR_NS / 2n);
      expect(nowNs - ns('request_end_ns')).toBeLessThan(HOUR_NS / 2n);
      expect(ns('request_end_ns')).toBeGreaterThanOrEqual(ns('request_start_ns'));
    }
  });

  it('has the statistics of its records', () => {
    const { results, firstStartNs, lastEndNs } = two.outcome.summary;
    const good = two.records.filter(({ error }) => error === undefined);
    const sorted = (key: string, of: typeof good) =>
      of.map(({ ns }) => ns(key)).sort((a, b) => Number(a - b));
    expect(firstStartNs).toBe(sorted('request_start_ns', two.records)[0]);
    expect(lastEndNs).toBe(sorted('request_end_ns', two.records).at(-1));
    const of = (tag: string) => results.find((result) => result.tag === tag)?.statistics;
    for (const tag of ['request_latency', 'time_to_first_token', 'output_sequence_length']) {
      const values = good.map(({ metrics }) => Number(metrics[tag]?.value)).sort((a, b) => a - b);
      const sum = values.reduce((total, value) => total + value);
      expect([of(tag)?.count, of(tag)?.min, of(tag)?.max]).toEqual([good.length, values[0], values.at(-1)]);
      expect(of(tag)?.avg).toBeCloseTo(sum / good.length, 9);
    }
    const lastNs = sorted('request_end_ns', good).at(-1) ?? 0n;
    const durationNs = Number(lastNs - (sorted('request_start_ns', good)[0] ?? 0n));
    expect(of('benchmark_duration')?.avg).toBeCloseTo(durationNs / 1e9, 9);
    expect(of('request_throughput')?.avg).toBeCloseTo(good.length / (durationNs / 1e9), 6);
  });

  it('shows the figures of the result in the last snapshot', () => {
    const { outcomes, results } = two.outcome.summary;
    const { requests, errors, latencies, backlog, threads } = two.snapshot;
    expect(requests).toMatchObject({
      issued: requestCount,
      inFlight: 0,
      returned: requestCount,
      ...outcomes,
    });
    expect(errors.map(({ code, count, lastMessage }) => [code, count, lastMessage])).toEqual(
      outcomes.failed === 0 ? [] : [[503, outcomes.failed, 'busy']],
    );
    const ttft = results.find(({ tag }) => tag === 'time_to_first_token')?.statistics;
    expect(latencies.ttft).toMatchObject({ mean: ttft?.avg, p50: ttft?.p50, p99: ttft?.p99 });
    expect(backlog).toBe(0);
    expect(threads.map(({ records, backlogBytes }) => [records > 0, backlogBytes])).toEqual([
      [true, 0],
      [true, 0],
    ]);
  });
});
