import { expect, it } from 'vitest';
import { RecordHistograms, readHistograms } from '../../src/metrics/record-histograms.js';
import { metricsFor } from '../../src/metrics/table.js';
import { aRecord, fourRequests, ms, origin, storeOf, streamingChat } from './records.js';

/** The histograms of four requests, the last one refused. */
function histogramsOfFour() {
  const histograms = new RecordHistograms(metricsFor(streamingChat), origin, 0);
  const store = storeOf([]);
  store.table.onValue = ({ tag }, value) => histograms.add(tag, value);
  for (const one of fourRequests) {
    histograms.begin(one.record);
    store.add(one);
  }
  return histograms;
}

function read(tag: string, hasError = false) {
  const { tags, series } = histogramsOfFour().state(0);
  const own = series.find((one) => one.hasError === hasError);
  return own && readHistograms(tags, own).find((histogram) => histogram.tag === tag);
}

it('values fall into the bucket whose bound is not below them', () => {
  // Latencies of 200, 330 and 80 ms; bounds of 80, 160 and 320 ms are at 3, 4 and 5.
  expect(read('request_latency')).toEqual({
    tag: 'request_latency',
    counts: [0, 0, 0, 1, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0],
    ...{ count: 3, sum: ms(610), min: ms(80), max: ms(330) },
  });
});

it('each value of a list counts', () => {
  // Gaps of 20, 20, 20, 40 ms and 30, 60, 90 ms.
  expect(read('inter_chunk_latency')).toMatchObject({ count: 7, sum: ms(280), min: ms(20), max: ms(90) });
});

it('counts of requests and their wall-clock times are histograms too', () => {
  expect(read('request_count')).toMatchObject({ count: 3, sum: 3 });
  const startNs = Number(origin.epochNs);
  expect(read('min_request_timestamp')).toMatchObject({ count: 3, min: startNs, max: startNs + ms(1250) });
});

it('failed requests have a series of their own, with their own metrics only', () => {
  expect(read('error_isl', true)).toMatchObject({ count: 1, sum: 64 });
  expect(read('error_request_count', true)).toMatchObject({ count: 1, sum: 1 });
  expect(read('min_request_timestamp', true)).toBeUndefined();
  expect(read('error_isl')).toBeUndefined();
});

it('series differ by thread, phase, model and ending', () => {
  const histograms = new RecordHistograms(metricsFor(streamingChat), origin, 0);
  const others = [{}, { workerId: 'worker_b' }, { model: 'b' }, { phase: 'warmup' }, { cancelledNs: 5 }, {}];
  for (const other of others) histograms.begin(aRecord(other as object));
  const { series } = histograms.state(0);
  expect(series).toHaveLength(5);
  expect(series.map(({ wasCancelled }) => wasCancelled)).toEqual([false, false, false, false, true]);
});

it('a sum keeps what plain addition loses', () => {
  const histograms = new RecordHistograms(metricsFor(streamingChat), origin, 0);
  histograms.begin(aRecord());
  for (const value of [1e16, 1, 1]) histograms.add('request_latency', value);
  const { tags, series } = histograms.state(0);
  const sums = series.flatMap((one) => readHistograms(tags, one)).filter(({ count }) => count === 3);
  expect(sums.map(({ sum }) => sum)).toEqual([1e16 + 2]);
});

it('a state does not change with later records', () => {
  const histograms = histogramsOfFour();
  const state = histograms.state(0);
  histograms.begin(aRecord());
  histograms.add('request_count', 1);
  const counts = state.series.flatMap((one) => readHistograms(state.tags, one));
  expect(counts.find(({ tag }) => tag === 'request_count')).toMatchObject({ count: 3 });
});
