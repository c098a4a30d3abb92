import { expect, it } from 'vitest';
import { LiveFiguresCollector } from '../../src/collect/live-figures.js';
import type { CountedRecord } from '../../src/records/record.js';
import { counted, fourRequests, ms, storeOf } from '../metrics/records.js';

/** Figures of these records; `at` moves the clock. */
function figuresOf(records: readonly CountedRecord[]) {
  let nowNs = 0;
  const live = new LiveFiguresCollector(() => nowNs);
  const add = (more: readonly CountedRecord[]) => {
    const store = storeOf([]);
    for (const one of more) live.add({ record: one.record, metrics: store.add(one) });
  };
  add(records);
  return {
    add,
    at: (time: number) => {
      nowNs = ms(time);
      return live.figures;
    },
  };
}

it('counts, adds up and averages what was processed', () => {
  // TTFT 80, 150 and 100 ms; the fourth request failed.
  expect(figuresOf(fourRequests).at(0)).toMatchObject({
    records: 4,
    dropped: 0,
    inputTokens: 78,
    outputTokens: 13,
    latencies: { ttft: { mean: 110 }, itl: { mean: 27.5 } },
    errors: [
      { code: 400, type: 'Bad Request', count: 1, lastMessage: '{"error":"context window exceeded"}' },
    ],
  });
});

it('has no latencies without a request', () => {
  expect(figuresOf([]).at(0)).toEqual({
    ...{ records: 0, dropped: 0, inputTokens: 0, outputTokens: 0, errors: [] },
    latencies: { ttft: undefined, itl: undefined, request: undefined },
    ...{ metrics: [], slo: undefined, latenessMs: undefined },
  });
});

/** Answered by one token after so many ms. */
const after = (time: number) => counted({ contentNs: Float64Array.of(ms(time)), endNs: ms(time + 1) });

it('estimates percentiles at most a sixteenth of a doubling too large', () => {
  const hundred = Array.from({ length: 100 }, (_, i) => after(i + 1));
  const { request } = figuresOf(hundred).at(0).latencies;
  for (const [estimate = 0, exact] of [
    [request?.p50, 50],
    [request?.p90, 90],
    [request?.p99, 99],
  ] as const) {
    expect(estimate).toBeGreaterThanOrEqual(exact);
    expect(estimate).toBeLessThan(exact * 2 ** (1 / 16));
  }
});

it('forgets what is older than ten seconds in the recent percentiles alone', () => {
  const { add, at } = figuresOf([after(100)]);
  const p99 = ({ latencies: { request } }: ReturnType<typeof at>) => [request?.p99, request?.recent?.p99];
  expect(p99(at(0))).toEqual([100, 100]);
  // Halves of 5 s: what came before is the older half now.
  expect(p99(at(5000))).toEqual([100, 100]);
  add([after(10)]);
  expect(p99(at(9999))).toEqual([100, 100]);
  expect(p99(at(10_000))).toEqual([100, 10]);
  expect(p99(at(15_000))).toEqual([100, undefined]);
});

const failed = (code: number, type: string, message: string) =>
  counted({ contentNs: new Float64Array(0), error: { code, type, message } });

it('groups failures by code and type, with the last message of each, the most frequent first', () => {
  const cancelled = counted({
    ...{ contentNs: new Float64Array(0), cancelledNs: 5 },
    error: { code: 499, type: 'RequestCancellationError', message: 'as planned' },
  });
  const dropped = { ...cancelled, record: { ...cancelled.record, dropped: true } };
  const { at } = figuresOf([
    failed(500, 'Internal Server Error', 'first'),
    failed(503, 'Service Unavailable', 'a'),
    failed(503, 'Service Unavailable', `b${'x'.repeat(500)}`),
    ...[cancelled, dropped],
  ]);
  expect(at(0)).toMatchObject({ records: 5, dropped: 1 });
  expect(at(0).errors).toEqual([
    { code: 503, type: 'Service Unavailable', count: 2, lastMessage: `b${'x'.repeat(499)}…` },
    { code: 500, type: 'Internal Server Error', count: 1, lastMessage: 'first' },
    { code: 499, type: 'RequestCancellationError', count: 1, lastMessage: 'as planned' },
  ]);
});

it('what a server answers can neither control a terminal nor reorder text', () => {
  const { errors } = figuresOf([
    failed(500, 'Bad\u009b31m', '\u001b[2J\u001b]0;title\u0007 <b>\u202eabc\u009b31m\r\nnext'),
  ]).at(0);
  expect(errors).toEqual([{ code: 500, type: 'Bad', count: 1, lastMessage: ' <b>abc next' }]);
});

it('keeps at most 100 kinds of failure apart', () => {
  const made = Array.from({ length: 150 }, (_, i) =>
    counted({ contentNs: new Float64Array(0), error: { type: `E${i}`, message: `m${i}` } }),
  );
  const { errors } = figuresOf(made).at(0);
  expect(errors.length).toBe(101);
  expect(errors[0]).toEqual({ code: undefined, type: 'OtherErrors', count: 50, lastMessage: 'm149' });
});

it('can be sent between threads', () => {
  const figures = figuresOf(fourRequests).at(0);
  expect(structuredClone(figures)).toEqual(figures);
});
