import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MockServer, startMockServer } from '../../src/mock-server/server.js';
import { aiperf, profileWords, type RecordLine, readJson, readRecords, temporaryFolder } from './aiperf.js';

// A reader of profile_export.jsonl in plain arithmetic: it shares nothing with the program but the file.

type Statistics = Readonly<Record<string, number | string>>;

const percents = [1, 5, 10, 25, 50, 75, 90, 95, 99];

/** Every statistic of the values, as the summary names them; `std` divides by n, percentiles interpolate. */
function statisticsOf(values: readonly number[]): Record<string, number> {
  const sorted = [...values].sort((a, b) => a - b);
  const sum = sumOf(sorted);
  const avg = sum / sorted.length;
  const at = (percent: number) => {
    const place = (percent / 100) * (sorted.length - 1);
    const [below = 0, above = below] = sorted.slice(Math.floor(place), Math.floor(place) + 2);
    return below + (place - Math.floor(place)) * (above - below);
  };
  return {
    avg,
    ...Object.fromEntries(percents.map((percent) => [`p${percent}`, at(percent)])),
    min: sorted[0] ?? Number.NaN,
    max: sorted.at(-1) ?? Number.NaN,
    std: Math.sqrt(sumOf(sorted.map((value) => (value - avg) ** 2)) / sorted.length),
    count: sorted.length,
    sum,
  };
}

/** Statistics with `failures` values of infinity: percentiles are the nearest rank, half to even. */
function adjustedStatisticsOf(values: readonly number[], failures: number): Record<string, number> {
  const sorted = [...values].sort((a, b) => a - b);
  const all = [...sorted, ...new Array<number>(failures).fill(Number.POSITIVE_INFINITY)];
  const ranks = percents.map((percent): [string, number] => {
    const place = (percent / 100) * (all.length - 1);
    const half = place - Math.floor(place) === 0.5;
    const rank = half ? 2 * Math.round(place / 2) : Math.round(place);
    return [`p${percent}`, all[rank] ?? Number.NaN];
  });
  return {
    ...Object.fromEntries(ranks.filter(([, value]) => Number.isFinite(value))),
    min: sorted[0] ?? Number.NaN,
    count: all.length,
  };
}

interface Stretch {
  readonly ms: number;
  readonly value: number;
}

/** Statistics weighted by time; a percentile is the first value that so much of the time is at or below. */
function overTime(stretches: readonly Stretch[]): Record<string, number> {
  const sorted = [...stretches].sort((a, b) => a.value - b.value);
  const whole = sumOf(sorted.map(({ ms }) => ms));
  const avg = sumOf(sorted.map(({ ms, value }) => ms * value)) / whole;
  const at = (percent: number) =>
    sorted.find((_, i) => sumOf(sorted.slice(0, i + 1).map(({ ms }) => ms)) >= (percent / 100) * whole - 1e-9)
      ?.value ?? Number.NaN;
  return {
    avg,
    ...Object.fromEntries([50, 90, 95, 99].map((percent) => [`p${percent}`, at(percent)])),
    min: sorted[0]?.value ?? Number.NaN,
    max: sorted.at(-1)?.value ?? Number.NaN,
    std: Math.sqrt(sumOf(sorted.map(({ ms, value }) => ms * (value - avg) ** 2)) / whole),
  };
}

/** What a request had under way at a time: ms since it was sent. */
function stateAt(at: number, { metrics }: RecordLine, lastsMs: number) {
  const number = (tag: string) => Number(metrics[tag]?.value);
  const ttft = number('time_to_first_token');
  const [isl, osl] = [number('input_sequence_length'), number('output_sequence_length')];
  const none = { prefilling: 0, decoding: 0, prefill: 0, decode: 0, even: 0, tokens: 0 };
  if (Number.isNaN(ttft)) return { ...none, requests: 1 };
  if (at < ttft) return { ...none, requests: 1, prefilling: 1, prefill: (1000 * isl) / ttft, tokens: isl };
  const gaps = [metrics.inter_chunk_latency?.value ?? []].flat();
  const ends = gaps.map((_, i) => ttft + sumOf(gaps.slice(0, i + 1)));
  const gap = ends.findIndex((end) => at < end);
  const share = (osl - 1) / gaps.length;
  // Chunks of one read have gaps of zero between them: all came over the gap before.
  const brought = ends.filter((end) => end === ends[gap]).length;
  return {
    ...{ ...none, requests: 1, decoding: 1, even: (1000 * (osl - 1)) / (lastsMs - ttft) },
    decode: gap === -1 ? 0 : (1000 * share * brought) / (gaps[gap] ?? Number.NaN),
    tokens: isl + 1 + share * ends.filter((end) => end <= at).length,
  };
}

/** Every metric over time, by looking at all requests in the middle of each stretch without a change. */
function metricsOverTime(records: readonly RecordLine[]): Record<string, Record<string, number>> {
  const [firstNs = 0n] = records
    .map((record) => record.ns('request_start_ns'))
    .toSorted((a, b) => Number(a - b));
  const spans = records.map((record) => {
    const [startMs = 0, endMs = 0] = ['request_start_ns', 'request_end_ns'].map(
      (key) => Number(record.ns(key) - firstNs) / 1e6,
    );
    const ttft = Number(record.metrics.time_to_first_token?.value);
    const gaps = [record.metrics.inter_chunk_latency?.value ?? []].flat();
    const chunks = [ttft, ...gaps.map((_, i) => ttft + sumOf(gaps.slice(0, i + 1)))];
    const changes = [0, endMs - startMs, ...(Number.isNaN(ttft) ? [] : chunks)].map((ms) => startMs + ms);
    return { record, startMs, endMs, changes };
  });
  // Times that are nearer to one another than a nanosecond are one.
  const times = [...new Set(spans.flatMap(({ changes }) => changes.map((ms) => Math.round(ms * 1e6))))]
    .sort((a, b) => a - b)
    .map((ns) => ns / 1e6);
  const states = times.slice(1).map((to, i) => {
    const from = times[i] ?? 0;
    const middle = (from + to) / 2;
    const under = spans
      .filter(({ startMs, endMs }) => startMs <= middle && middle < endMs)
      .map(({ record, startMs, endMs }) => stateAt(middle - startMs, record, endMs - startMs));
    const sum = (key: keyof ReturnType<typeof stateAt>) => sumOf(under.map((state) => state[key]));
    const [requests, prefilling, decoding] = [sum('requests'), sum('prefilling'), sum('decoding')];
    const [prefill, decode, tokens] = [sum('prefill'), sum('decode'), sum('tokens')];
    return {
      ...{ ms: to - from, requests, prefilling, decoding, prefill, decode, tokens },
      ...{ total: prefill + sum('even'), perDecode: decode / decoding, perPrefill: prefill / prefilling },
    };
  });
  type State = (typeof states)[number];
  const over = (value: (state: State) => number, counts: (state: State) => boolean = () => true) =>
    overTime(states.filter(counts).map((state) => ({ ms: state.ms, value: value(state) || 0 })));
  const decodes = ({ decoding }: State) => decoding > 0;
  const waits = ({ prefilling }: State) => prefilling > 0;
  return {
    effective_concurrency: over(({ requests }) => requests),
    effective_prefill_concurrency: over(({ prefilling }) => prefilling),
    effective_decode_concurrency: over(({ decoding }) => decoding),
    effective_prefill_throughput: over(({ prefill }) => prefill),
    effective_decode_throughput: over(({ decode }) => decode),
    effective_total_throughput: over(({ total }) => total),
    effective_prefill_throughput_per_user: over(({ perPrefill }) => perPrefill),
    effective_decode_throughput_per_user: over(({ perDecode }) => perDecode),
    tokens_in_flight: over(({ tokens }) => tokens),
    active_prefill_throughput: over(({ prefill }) => prefill, waits),
    active_decode_throughput: over(({ decode }) => decode, decodes),
    active_prefill_throughput_per_user: over(({ perPrefill }) => perPrefill, waits),
    active_decode_throughput_per_user: over(({ perDecode }) => perDecode, decodes),
    active_total_throughput: over(
      ({ total }) => total,
      ({ requests }) => requests > 0,
    ),
  };
}

function sumOf(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

const tolerance = 1e-12;

/** The statistics of `theirs` that are not those of `ours`, to the digits that floats allow. */
function differences(
  tag: string,
  theirs: Statistics,
  ours: Readonly<Record<string, number>>,
  digits: number,
): string[] {
  const { unit: _, ...numbers } = theirs;
  const names = [...new Set([...Object.keys(numbers), ...Object.keys(ours)])];
  return names.flatMap((name) => {
    const a = numbers[name];
    const b = ours[name];
    if (typeof a !== 'number' || b === undefined)
      return [`${tag}.${name}: ${a} in the summary, ${b} from the records`];
    // The rounding of single values, relative to the values themselves, is all that a deviation can be known by.
    const scale = name === 'std' ? Math.max(Math.abs(a), Math.abs(Number(numbers.avg))) : Math.abs(a);
    return Math.abs(a - b) <= digits * scale
      ? []
      : [`${tag}.${name}: ${a} in the summary, ${b} from the records`];
  });
}

describe('the summary of a run with failures', () => {
  let server: MockServer;
  let records: RecordLine[];
  let valid: RecordLine[];
  let failed: RecordLine[];
  let summary: Record<string, Statistics>;
  const seen = new Set<string>();

  beforeAll(async () => {
    server = await startMockServer({
      ...{ port: 0, ttftMs: 15, itlMs: 2, itlJitter: 0.9, ttftPerInputTokenMs: 0.05, reasoningTokens: 3 },
      ...{ fail: 7, midfail: 11, outputTokens: 14, outputStddev: 5, slots: 6 },
    });
    const folder = temporaryFolder();
    const words = profileWords({
      ...{ model: 'm', tokenizer: 'builtin', url: `http://127.0.0.1:${server.port}`, streaming: true },
      ...{ concurrency: 9, 'request-count': 120, isl: 80, 'isl-stddev': 30, osl: 16, 'osl-stddev': 6 },
      ...{ 'random-seed': 3, 'artifact-dir': folder },
    });
    expect(await aiperf(words)).toMatchObject({ code: 0, stderr: '' });
    records = readRecords(join(folder, 'profile_export.jsonl'));
    valid = records.filter(({ error }) => error === undefined);
    failed = records.filter(({ error }) => error !== undefined);
    summary = readJson(join(folder, 'profile_export_aiperf.json'));
  });
  afterAll(() => server.close());

  const check = (tag: string, ours: Readonly<Record<string, number>>, digits = tolerance) => {
    seen.add(tag);
    expect(differences(tag, summary[tag] ?? {}, ours, digits)).toEqual([]);
  };
  const values = (tag: string, of: readonly RecordLine[]) =>
    of.flatMap(({ metrics }) => metrics[tag]?.value ?? []);
  const milliseconds = (from: (record: RecordLine) => bigint, to: (record: RecordLine) => bigint) =>
    valid.map((record) => Number(to(record) - from(record)) / 1e6);

  it('has failures of both kinds in it, and enough to go by', () => {
    expect(records).toHaveLength(120);
    // Every 7th of 120 is refused: 17. Of the other 103, those whose number is a multiple of 11 break: 10 - 1.
    expect(failed.filter(({ error }) => error?.code === 400)).toHaveLength(17);
    expect(failed.filter(({ error }) => error?.type === 'ClientPayloadError')).toHaveLength(9);
    expect(valid).toHaveLength(94);
  });

  it('has every metric that the records have, with its unit and every statistic', () => {
    for (const of of [valid, failed]) {
      const tags = new Set(of.flatMap(({ metrics }) => Object.keys(metrics)));
      expect(tags.size).toBeGreaterThan(of === valid ? 25 : 0);
      for (const tag of tags) {
        const units = new Set(of.flatMap(({ metrics }) => metrics[tag]?.unit ?? []));
        expect([tag, [...units]]).toEqual([tag, [summary[tag]?.unit]]);
        check(tag, statisticsOf(values(tag, of)));
      }
    }
  });

  it('has the latenesses, which only the metadata know', () => {
    const due = (record: RecordLine) => record.ns('credit_issued_ns');
    check(
      'credit_to_start_latency',
      statisticsOf(milliseconds(due, (record) => record.ns('request_start_ns'))),
    );
    check('effective_latency', statisticsOf(milliseconds(due, (record) => record.ns('request_end_ns'))));
  });

  it('has the statistics that count failures as infinite', () => {
    for (const tag of ['request_latency', 'time_to_first_token', 'decode_duration', 'inter_token_latency'])
      check(`adj_${tag}`, adjustedStatisticsOf(values(tag, valid), failed.length));
  });

  it('has the rates of the slow requests', () => {
    const { p75, p90 } = statisticsOf(values('e2e_latency_per_output_token', valid));
    check('e2e_normalized_interactivity_p75', { avg: 1000 / Number(p75) });
    check('e2e_normalized_interactivity_p90', { avg: 1000 / Number(p90) });
  });

  it('has what was under way over time', () => {
    // A rate over a gap in ms knows the gap to some 1e-16 of a second only.
    for (const [tag, ours] of Object.entries(metricsOverTime(records))) check(tag, ours, 1e-9);
  });

  it('has counts, totals and rates', () => {
    const single = (tag: string, avg: number) => check(tag, { avg });
    const total = (tag: string, of = valid) => sumOf(values(tag, of));
    // From the first start to the last content chunk, which comes request_latency after its start.
    const startsNs = valid.map((record) => record.ns('request_start_ns'));
    const [firstNs = 0n] = startsNs.toSorted((a, b) => Number(a - b));
    const durationMs = Math.max(
      ...valid.map(
        (record, i) =>
          Number((startsNs[i] ?? 0n) - firstNs) / 1e6 + Number(record.metrics.request_latency?.value),
      ),
    );
    const seconds = durationMs / 1000;
    const isl = total('input_sequence_length');
    const osl = total('output_sequence_length');
    single('benchmark_duration', seconds);
    single('request_count', valid.length);
    single('error_request_count', failed.length);
    single('completed_request_count', records.length);
    single('context_overflow_count', 0);
    single('request_error_rate', (100 * failed.length) / records.length);
    single('request_throughput', valid.length / seconds);
    single('total_isl', isl);
    single('total_osl', osl);
    single('total_output_tokens', total('output_token_count'));
    single('total_reasoning_tokens', total('reasoning_token_count'));
    single('overall_thinking_efficiency', total('reasoning_token_count') / total('output_token_count'));
    single('total_error_isl', total('error_isl', failed));
    single('input_token_throughput', isl / seconds);
    single('output_token_throughput', osl / seconds);
    single('total_token_throughput', (isl + osl) / seconds);
    for (const tag of [
      'usage_prompt_tokens',
      'usage_completion_tokens',
      'usage_total_tokens',
      'usage_reasoning_tokens',
    ])
      single(`total_${tag}`, total(tag));
    // Off by more than 5 % of the length asked for, or by more than 50 tokens where that is less.
    const requested = (record: RecordLine) =>
      Number(record.metrics.output_sequence_length?.value) /
      (1 + Number(record.metrics.osl_mismatch_diff_pct?.value) / 100);
    const off = valid.filter((record) => {
      const asked = requested(record);
      const difference = Math.abs(Number(record.metrics.output_sequence_length?.value) - asked);
      return difference > Math.min(asked * 0.05, 50) + 1e-9;
    });
    single('osl_mismatch_count', off.length);
    const discrepancies = valid.filter(({ metrics }) =>
      [
        'usage_prompt_tokens_diff_pct',
        'usage_completion_tokens_diff_pct',
        'usage_reasoning_tokens_diff_pct',
      ].some((tag) => Number(metrics[tag]?.value ?? 0) > 10),
    );
    single('usage_discrepancy_count', discrepancies.length);
  });

  it('groups the failures as the records have them', () => {
    const groups = new Map<string, number>();
    for (const { error } of failed)
      groups.set(JSON.stringify(error), (groups.get(JSON.stringify(error)) ?? 0) + 1);
    expect(summary.error_summary).toEqual(
      [...groups].map(([error, count]) => ({ error_details: JSON.parse(error), count })),
    );
  });

  it('has nothing that was not worked out here', () => {
    const metrics = Object.entries(summary).filter(
      ([, value]) => typeof value === 'object' && !Array.isArray(value) && 'unit' in value,
    );
    expect(metrics.map(([tag]) => tag).filter((tag) => !seen.has(tag))).toEqual([]);
  });
});
