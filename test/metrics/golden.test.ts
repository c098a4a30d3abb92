import { describe, expect, test } from 'vitest';
import { curveMetrics } from '../../src/metrics/curve-metrics.js';
import { curvesWithin } from '../../src/metrics/curves.js';
import { MetricStore } from '../../src/metrics/metric-store.js';
import { goldenIsThere, goldenLines, goldenText, recordOf } from './golden.js';
import { origin, streamingChat, thresholds } from './records.js';

// Runs of which every line is kept: per-record values and all statistics of the original program are recomputed.
const complete = [
  { run: 'think', requestedOsl: 16 },
  { run: 'turns', requestedOsl: 6 },
];

describe.runIf(goldenIsThere).each(complete)('golden run $run', ({ run, requestedOsl }) => {
  if (!goldenIsThere) return; // The body of a skipped suite is run too.
  const lines = goldenLines(run);
  const firstNs =
    lines.map(({ text }) => BigInt(/request_start_ns":(\d+)/.exec(text)?.[1] ?? 0)).sort()[0] ?? 0n;
  const store = new MetricStore(streamingChat, thresholds, origin);
  const ours = lines.map(({ text, line }) => store.add(recordOf(text, line, firstNs, requestedOsl)));

  test('every value of every record is the same double', () => {
    lines.forEach(({ line }, i) => {
      const values = (ours[i] ?? []).map(([tag, value]) => [
        tag,
        typeof value === 'number' ? value : Array.from(value),
      ]);
      const theirs = Object.entries(line.metrics).map(([tag, { value }]) => [tag, value]);
      // Theirs has these of the run only, or not at all.
      const {
        credit_to_start_latency,
        effective_latency,
        effective_time_to_first_token,
        requested_osl,
        thinking_efficiency,
        full_decode_duration,
        full_response_inter_token_latency,
        full_response_output_token_throughput_per_user,
        e2e_latency_per_output_token,
        ...common
      } = Object.fromEntries(values);
      expect(common).toEqual(Object.fromEntries(theirs));
      expect(effective_time_to_first_token - credit_to_start_latency).toBeCloseTo(
        common.time_to_first_token,
        6,
      );
      expect(effective_latency).toBeGreaterThan(common.request_latency);
      expect(requested_osl).toBe(requestedOsl);
    });
  });

  test('every statistic is the same to the last digit', () => {
    const theirs = JSON.parse(goldenText(`${run}/profile_export_aiperf.json`));
    const compared: string[] = [];
    for (const { tag, unit, statistics } of store.summary().results) {
      // Rates are over another window there; lateness is kept in steps of 256 ns.
      if (/throughput$/.test(tag) && statistics.count === undefined) continue;
      if (/^(benchmark_duration|credit_to_start_latency|effective_\w+)$/.test(tag)) continue;
      // Its later versions have these.
      if (/^full_|^e2e_(latency|normalized)/.test(tag)) continue;
      // Curves are over another window there, and the others are shown to its developers only.
      if (/^active_|^tokens_in_flight$|thinking_efficiency$|^requested_osl$/.test(tag)) continue;
      expect(theirs[tag], tag).toBeDefined();
      expect(unit).toBe(theirs[tag].unit);
      expect(Object.keys(statistics)).toEqual(Object.keys(theirs[tag]).filter((key) => key !== 'unit'));
      for (const [name, value] of Object.entries(statistics)) {
        const summed = ['avg', 'std', 'sum'].includes(name);
        // The order of summation decides over the last digits there.
        if (summed)
          expect(Math.abs(value - theirs[tag][name]), `${tag} ${name}`).toBeLessThan(4e-15 * value + 1e-300);
        else expect(value, `${tag} ${name}`).toBe(theirs[tag][name]);
      }
      compared.push(tag);
    }
    expect(compared.length).toBeGreaterThan(40);
    const missing = Object.keys(theirs).filter((tag) => theirs[tag]?.unit && !compared.includes(tag));
    expect(
      missing.filter(
        (tag) => !/^(effective|active)_|throughput$|tokens_in_flight|_latency$|_duration/.test(tag),
      ),
    ).toEqual([]);
  });

  test('curves over their phase are theirs but for their rounding of times', () => {
    const theirs = JSON.parse(goldenText(`${run}/profile_export_aiperf.json`));
    const sinceFirst = (instant: string) =>
      Number(BigInt(Date.parse(`${instant.slice(0, 23)}Z`)) * 1_000_000n - firstNs) +
      Number(instant.slice(23)) * 1000;
    const phase = { fromNs: sinceFirst(theirs.start_time), toNs: sinceFirst(theirs.end_time) };
    const spans = lines
      .map(({ text, line }) => recordOf(text, line, firstNs))
      .map(({ record, tokens }) => ({
        startNs: record.startNs,
        endNs: record.endNs,
        ttftNs: (record.contentNs[0] ?? Number.NaN) - record.startNs,
        inputTokens: tokens.input ?? Number.NaN,
        outputTokens: (tokens.output ?? 0) + (tokens.reasoning ?? 0),
        gapsNs: record.contentNs.slice(1).map((time, i) => time - (record.contentNs[i] ?? 0)),
      }))
      .sort((a, b) => a.startNs - b.startNs);
    const [curves] = curvesWithin([phase], curveMetrics, spans);
    expect([...(curves?.keys() ?? [])]).toEqual(curveMetrics.map(({ tag }) => tag));
    for (const [tag, statistics] of curves ?? []) {
      expect(new Set(['unit', ...Object.keys(statistics)])).toEqual(new Set(Object.keys(theirs[tag])));
      for (const [name, value] of Object.entries(statistics)) {
        // Epochs are doubles there, in steps of 256 ns: for such a moment a gap can overlap with the one before.
        if (name === 'max' && tag.includes('decode_throughput'))
          expect(value).toBeLessThanOrEqual(theirs[tag].max);
        else expect(Math.abs(value - theirs[tag][name]), `${tag} ${name}`).toBeLessThanOrEqual(1e-4 * value);
      }
    }
  });
});
