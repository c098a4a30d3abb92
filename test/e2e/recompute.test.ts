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

function sumOf(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

const tolerance = 1e-12;

/** The statistics of `theirs` that are not those of `ours`, to the digits that floats allow. */
function differences(tag: string, theirs: Statistics, ours: Readonly<Record<string, number>>): string[] {
  const { unit: _, ...numbers } = theirs;
  const names = [...new Set([...Object.keys(numbers), ...Object.keys(ours)])];
  return names.flatMap((name) => {
    const a = numbers[name];
    const b = ours[name];
    if (typeof a !== 'number' || b === undefined)
      return [`${tag}.${name}: ${a} in the summary, ${b} from the records`];
    // The rounding of single values, relative to the values themselves, is all that a deviation can be known by.
    const scale = name === 'std' ? Math.max(Math.abs(a), Math.abs(Number(numbers.avg))) : Math.abs(a);
    return Math.abs(a - b) <= tolerance * scale
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

  const check = (tag: string, ours: Readonly<Record<string, number>>) => {
    seen.add(tag);
    expect(differences(tag, summary[tag] ?? {}, ours)).toEqual([]);
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
