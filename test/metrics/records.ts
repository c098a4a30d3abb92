import type { RunTraits, Thresholds } from '../../src/metrics/metric.js';
import { MetricStore } from '../../src/metrics/metric-store.js';
import {
  blankRecord,
  type CountedRecord,
  type RequestRecord,
  type TokenCounts,
} from '../../src/records/record.js';
import type { ClockOrigin } from '../../src/util/clock.js';

export const streamingChat: RunTraits = {
  streaming: true,
  producesTokens: true,
  tokenizesInput: true,
  serverTokenCounts: false,
};

export const thresholds: Thresholds = { oslMismatchPct: 5, oslMismatchTokens: 50, usageDiffPct: 10 };

/** 2026-01-01T00:00:00Z. */
export const origin: ClockOrigin = { monotonicNs: 5_000_000_000_000n, epochNs: 1_767_225_600_000_000_000n };

export const ms = (value: number) => Math.round(value * 1e6);

/** A valid streamed request: starts at 0, two tokens at 10 and 20 ms, ends at 21 ms. */
export function aRecord(changes: Partial<RequestRecord> = {}): RequestRecord {
  return {
    ...blankRecord(),
    requestId: '00000000-0000-4000-8000-000000000000',
    correlationId: '11111111-0000-4000-8000-000000000000',
    conversationId: 'session_000000',
    workerId: 'worker_a1b2c3d4',
    model: 'demo/tiny-1b',
    dueNs: changes.startNs ?? 0,
    startNs: 0,
    endNs: ms(21),
    contentNs: Float64Array.of(ms(10), ms(20)),
    firstOutputNs: ms(10),
    ...changes,
  };
}

export function counted(
  changes: Partial<RequestRecord> = {},
  tokens: Partial<TokenCounts> = { input: 8, output: 2 },
): CountedRecord {
  return {
    record: aRecord(changes),
    tokens: { input: undefined, output: undefined, reasoning: undefined, ...tokens },
  };
}

export function storeOf(records: readonly CountedRecord[], traits = streamingChat): MetricStore {
  const store = new MetricStore(traits, thresholds, origin);
  for (const record of records) store.add(record);
  return store;
}

/** The run that the contract of the files works out by hand: four requests, the last one refused. */
export const fourRequests: readonly CountedRecord[] = [
  request(0, 0, { ackMs: 90, chunksMs: [100, 120, 140, 160, 200], endMs: 201 }, { input: 32, output: 5 }),
  request(
    1,
    50,
    { ackMs: 120, chunksMs: [150, 180, 240, 330], endMs: 332, firstOutputMs: 180 },
    { input: 30, output: 5, reasoning: 2 },
  ),
  request(2, 1250, { ackMs: 70, chunksMs: [80], endMs: 80.5 }, { input: 16, output: 1 }),
  request(
    3,
    1260,
    { chunksMs: [], endMs: 30 },
    { input: 64 },
    {
      error: { code: 400, type: 'Bad Request', message: '{"error":"context window exceeded"}' },
    },
  ),
];

interface Answer {
  readonly ackMs?: number;
  readonly chunksMs: readonly number[];
  readonly endMs: number;
  readonly firstOutputMs?: number;
}

function request(
  number: number,
  startMs: number,
  { ackMs, chunksMs, endMs, firstOutputMs }: Answer,
  tokens: Partial<TokenCounts>,
  changes: Partial<RequestRecord> = {},
): CountedRecord {
  const at = (afterMs: number | undefined) => (afterMs === undefined ? Number.NaN : ms(startMs + afterMs));
  return counted(
    {
      sessionNum: number,
      requestId: `00000000-0000-4000-8000-00000000000${number}`,
      correlationId: `11111111-0000-4000-8000-00000000000${number}`,
      conversationId: `session_00000${number}`,
      startNs: ms(startMs),
      dueNs: ms(startMs),
      ackNs: at(ackMs),
      endNs: at(endMs),
      contentNs: Float64Array.from(chunksMs, at),
      firstOutputNs: at(firstOutputMs ?? chunksMs[0]),
      ...changes,
    },
    tokens,
  );
}
