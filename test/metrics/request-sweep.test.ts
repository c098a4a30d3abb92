import { expect, test } from 'vitest';
import { type RequestSpan, RequestSweep, type SweepState } from '../../src/metrics/request-sweep.js';

const s = (seconds: number) => seconds * 1e9;

function span(changes: Partial<RequestSpan>): RequestSpan {
  const unknown = { ttftNs: Number.NaN, inputTokens: Number.NaN, outputTokens: Number.NaN, gapsNs: [] };
  return { startNs: 0, endNs: s(1), ...unknown, ...changes };
}

/** 20 tokens in 2 s, then 5 tokens: the first at 2 s, two a gap at 3 s and 5 s; the end at 6 s. */
const streamed = span({
  endNs: s(6),
  ttftNs: s(2),
  inputTokens: 20,
  outputTokens: 5,
  gapsNs: [s(1), s(2)],
});

type Row = [fromS: number, toS: number, ...number[]];

function rows(spans: readonly RequestSpan[], toS: number, of: (state: SweepState) => number[]): Row[] {
  const found: Row[] = [];
  new RequestSweep(spans).advance(s(toS), (state, fromNs, toNs) =>
    found.push([fromNs / 1e9, toNs / 1e9, ...of(state)]),
  );
  return found;
}

test('one request: prefill, gaps, the wait for its end, and nothing afterwards', () => {
  const of = (state: SweepState) => [state.requests, state.prefilling, state.decoding];
  expect(rows([streamed], 7, of)).toEqual([
    [0, 2, 1, 1, 0],
    [2, 3, 1, 0, 1],
    [3, 5, 1, 0, 1],
    [5, 6, 1, 0, 1],
    [6, 7, 0, 0, 0],
  ]);
});

test('rates: input over the prefill, an equal share of the later output over each gap, or evenly to the end', () => {
  const of = (state: SweepState) => [state.prefillRate, state.decodeRate, state.totalRate];
  expect(rows([streamed], 7, of)).toEqual([
    [0, 2, 10, 0, 10],
    [2, 3, 0, 2, 1], // 4 tokens over 2 gaps; 4 tokens over the 4 s to the end
    [3, 5, 0, 1, 1],
    [5, 6, 0, 0, 1],
    [6, 7, 0, 0, 0],
  ]);
});

test('tokens in flight: the input, and what has come of the output', () => {
  expect(rows([streamed], 7, (state) => [state.tokens])).toEqual([
    [0, 2, 20],
    [2, 3, 21],
    [3, 5, 23],
    [5, 6, 25],
    [6, 7, 0],
  ]);
});

test('requests that overlap add up; one that ends as another starts leaves no stretch between', () => {
  const spans = [
    span({ endNs: s(3) }),
    { ...streamed, startNs: s(1), endNs: s(7) },
    span({ startNs: s(3), endNs: s(4) }),
  ];
  // The second: prefill from 1 to 3, gaps to 4 and 6.
  expect(rows(spans, 8, (state) => [state.requests, state.decodeRate])).toEqual([
    [0, 1, 1, 0],
    [1, 3, 2, 0],
    [3, 4, 2, 2],
    [4, 6, 1, 1],
    [6, 7, 1, 0],
    [7, 8, 0, 0],
  ]);
});

test('chunks of one read share its time: their tokens belong to the gap before, or to the first chunk', () => {
  const gapsNs = [0, s(1), 0, 0, s(2)];
  const many = { ...streamed, outputTokens: 11, gapsNs };
  // 10 tokens over 5 gaps, 2 each. At 2 s: the first and 2 more. By 3 s three gaps' worth, by 5 s the last.
  expect(rows([many], 6, (state) => [state.decodeRate, state.tokens])).toEqual([
    [0, 2, 0, 20],
    [2, 3, 6, 23],
    [3, 5, 1, 29],
    [5, 6, 0, 31],
  ]);
});

test('one that is not streamed, or failed, counts as under way and carries nothing', () => {
  const failed = span({ endNs: s(2), inputTokens: 30 });
  const of = (state: SweepState) => [state.requests, state.prefilling, state.totalRate, state.tokens];
  expect(rows([failed], 2, of)).toEqual([[0, 2, 1, 0, 0, 0]]);
});

test('a request without a duration is passed over, and one without a first-token time has no prefill', () => {
  const spans = [span({ endNs: 0 }), { ...streamed, ttftNs: 0, endNs: s(4) }];
  // First chunk at 0, gaps to 1 and 3.
  expect(rows(spans, 4, (state) => [state.requests, state.prefilling, state.tokens])).toEqual([
    [0, 1, 1, 0, 21],
    [1, 3, 1, 0, 23],
    [3, 4, 1, 0, 25],
  ]);
});

test('a time without requests is a stretch of zeros', () => {
  const spans = [span({}), span({ startNs: s(5), endNs: s(6) })];
  expect(rows(spans, 6, (state) => [state.requests])).toEqual([
    [0, 1, 1],
    [1, 5, 0],
    [5, 6, 1],
  ]);
});

test('a sweep is taken on in steps, and a fork leaves it where it is', () => {
  const seen: Row[] = [];
  const visit = (state: SweepState, fromNs: number, toNs: number) =>
    void seen.push([fromNs / 1e9, toNs / 1e9, state.tokens]);
  const sweep = new RequestSweep([streamed]);
  sweep.advance(s(2.5), visit);
  sweep.fork().advance(s(7), visit);
  sweep.advance(s(4), visit);
  expect(seen).toEqual([
    [0, 2, 20],
    [2, 2.5, 21],
    [2.5, 3, 21],
    [3, 5, 23],
    [5, 6, 25],
    [6, 7, 0],
    [2.5, 3, 21],
    [3, 4, 23],
  ]);
});

test('taken to a time before any request, it starts there', () => {
  const found: Row[] = [];
  const sweep = new RequestSweep([span({ startNs: s(1), endNs: s(2) })]);
  sweep.advance(0);
  sweep.advance(s(2), (state, fromNs, toNs) => found.push([fromNs / 1e9, toNs / 1e9, state.requests]));
  expect(found).toEqual([
    [0, 1, 0],
    [1, 2, 1],
  ]);
});

test('a thousand requests at once: each change comes in its turn', () => {
  // Request i runs from i to 2000 - i ms: i + 1 under way at time i, and as many fewer afterwards.
  const spans = Array.from({ length: 1000 }, (_, i) => span({ startNs: i * 1e6, endNs: (2000 - i) * 1e6 }));
  const counts: number[] = [];
  new RequestSweep(spans).advance(s(2), (state) => counts.push(state.requests));
  const up = Array.from({ length: 999 }, (_, i) => i + 1);
  expect(counts).toEqual([...up, 1000, ...up.reverse()]);
});
