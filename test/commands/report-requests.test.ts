import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { filesBelow, panelText, temporaryFolder } from '../e2e/aiperf.js';
import { wideAiperf } from './in-process.js';

const report = (...argv: string[]) => wideAiperf('report', ...argv);

async function refusal(...argv: string[]): Promise<string> {
  const { code, stdout, stderr } = await report(...argv);
  expect([code, stdout]).toEqual([1, '']);
  return panelText(stderr);
}

/** Requests with latencies of 10, 20, 30 and 40 ms, a failed one, and a warm-up; an unknown metric; nulls. */
function linesOfARun(): string {
  const value = (number: number | number[], unit = 'ms') => ({ value: number, unit });
  const line = (i: number, metrics: object, more: object = {}) =>
    JSON.stringify({
      metadata: {
        ...{
          session_num: i,
          x: null,
          benchmark_phase: 'profiling',
          worker_id: 'w',
          credit_issued_ns: 1_000_000,
        },
        ...{ request_start_ns: 1_500_000, request_end_ns: 99_000_000, ...more },
      },
      metrics,
    });
  const valid = [1, 2, 3, 4].map((i) =>
    line(i, {
      request_latency: value(10 * i),
      time_to_first_token: i === 4 ? null : value(i),
      input_sequence_length: value(1000 * i, 'tokens'),
      inter_chunk_latency: value(i === 1 ? [7] : [i, 5 * i]),
      their_metric: value(i / 10, 'furlongs'),
    }),
  );
  const failed = JSON.stringify({
    metadata: { session_num: 5, request_start_ns: 1, request_end_ns: 2 },
    metrics: { error_isl: value(64, 'tokens') },
    error: { code: 400, type: 'Bad Request', message: 'no' },
  });
  const warmUp = line(6, { request_latency: value(1e6) }, { benchmark_phase: 'warmup' });
  return [...valid, failed, warmUp].map((text) => `${text}\n`).join('');
}

let folder: string;
beforeAll(() => {
  folder = temporaryFolder();
  writeFileSync(join(folder, 'profile_export.jsonl'), linesOfARun());
});

describe('percentiles of single requests', () => {
  it('as a table, to the character', async () => {
    expect(
      await report(folder, '--percentiles', '25,99.5', '--metric', 'request_latency', 'their_metric'),
    ).toEqual({
      code: 0,
      stderr: '',
      // p25: 10 + 0.75 * 10, and 0.2 - 0.25 * 0.1 (a double above 0.175); p99.5: 30 + 0.985 * 10.
      stdout: `\
                    AIPerf | 5 requests                    \n\
┏━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━┳━━━━━━━┳━━━━━━━┳━━━━━━━┓
┃                  Metric ┃ count ┃   avg ┃   p25 ┃ p99.5 ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━╇━━━━━━━╇━━━━━━━╇━━━━━━━┩
│    Request Latency (ms) │     4 │ 25.00 │ 17.50 │ 39.85 │
│ their_metric (furlongs) │     4 │  0.25 │  0.18 │  0.40 │
└─────────────────────────┴───────┴───────┴───────┴───────┘
`,
    });
    expect(filesBelow(folder)).toEqual(['profile_export.jsonl']);
  });

  it('as CSV, every digit; without --metric those of the main table', async () => {
    const { stdout } = await report(folder, '--format', 'csv');
    expect(stdout).toBe(
      'Metric,Unit,count,avg,min,max,std,p25,p50,p75,p90,p99\r\n' +
        // Population deviations: sqrt(2 / 3), sqrt(125), sqrt(1250000).
        'time_to_first_token,ms,3,2,1,3,0.816496580927726,1.5,2,2.5,2.8,2.98\r\n' +
        'request_latency,ms,4,25,10,40,11.180339887498949,17.5,25,32.5,37,39.699999999999996\r\n' +
        'input_sequence_length,tokens,4,2500,1000,4000,1118.033988749895,1750,2500,3250,3700,3969.9999999999995\r\n',
    );
  });

  it('as JSON, with a condition and intervals', async () => {
    const { stdout } = await report(
      ...[folder, '--format', 'json', '--percentiles', '50', '--confidence'],
      ...['--where', 'input_sequence_length > 1000 and session_num<=3'],
      ...['--metric', 'inter_chunk_latency', '--metric', 'credit_to_start_latency,error_isl'],
    );
    expect(JSON.parse(stdout)).toEqual({
      where: 'input_sequence_length > 1000 and session_num<=3',
      request_count: 2,
      error_request_count: 0,
      completed_request_count: 2,
      metrics: {
        // 2, 10, 3, 15 flattened.
        inter_chunk_latency: {
          ...{ unit: 'ms', count: 4, avg: 7.5, min: 2, max: 15, std: Math.sqrt(28.25) },
          ...{ p50: 6.5, confidence: { level: 0.95, p50: [null, null] } },
        },
        // From the metadata: 1.5 - 1 ms.
        credit_to_start_latency: {
          ...{ unit: 'ms', count: 2, avg: 0.5, min: 0.5, max: 0.5, std: 0 },
          ...{ p50: 0.5, confidence: { level: 0.95, p50: [null, null] } },
        },
      },
    });
  });

  it('abbreviations, and conditions joined by or and not', async () => {
    const { stdout } = await report(
      ...[folder, '--format', 'csv', '--percentiles', '50', '--metric', 'ISL'],
      ...['--where', 'session_num = 4 or not (isl > 1_000) and session_num != 0'],
    );
    // ISL is 1000 to 4000 of sessions 1 to 4.
    expect(stdout).toBe(
      'Metric,Unit,count,avg,min,max,std,p50\r\ninput_sequence_length,tokens,2,2500,1000,4000,1500,2500\r\n',
    );
  });

  it('what the requests that are left have not is said', async () => {
    const { code, stdout, stderr } = await report(
      ...[folder, '--where', 'session_num = 4', '--metric', 'time_to_first_token,request_latency'],
    );
    expect([code, stderr]).toEqual([0, 'None of these requests has time_to_first_token.\n']);
    expect(stdout).toMatch(/AIPerf \| 1 of 5 requests: session_num = 4/);
    expect(stdout).toMatch(/│ Request Latency \(ms\) │ +1 │ 40\.00 │/);
  });

  it('intervals in the table', async () => {
    const other = temporaryFolder();
    const line = (i: number) =>
      `{"metadata":{"request_start_ns":${i}},"metrics":{"request_latency":{"value":${i},"unit":"ms"}}}\n`;
    writeFileSync(
      join(other, 'profile_export.jsonl'),
      `${Array.from({ length: 40 }, (_, i) => line(i + 1)).join('')}{"meta`,
    );
    const { stdout, stderr } = await report(other, '--confidence', '--percentiles', '50,99');
    expect(stderr).toBe('The last line of the records is cut off: 1 record is skipped.\n');
    // p99 of 40 lies at rank 38.61 from 0; from its interval nobody knows the upper end.
    expect(stdout).toMatch(/│ Request Latency \(ms\) │ +40 │ 20\.50 │ +20\.50 │ +39\.61 │/);
    expect(stdout).toMatch(/│ 14\.00 - 27\.00 │ 38\.00 - \? │/);
    expect(stdout).toContain('\n?: too few values for that bound');
  });
});

describe('questions without an answer', () => {
  it.each([
    [
      ['--metric', 'request_latncy'],
      '--metric: request_latncy is not a metric of this run. Did you mean request_latency?',
    ],
    [['--metric', 'tfft'], '--metric: tfft is not a metric of this run. Did you mean time_to_first_token?'],
    [['--metric', 'inter_token_latency'], '--metric: no request of this run has inter_token_latency.'],
    [
      ['--metric', 'request_throughput'],
      '--metric: request_throughput is one number of the whole run; percentiles need a value for each request.',
    ],
    [
      ['--where', 'session_num >= 0 or iso > 5'],
      "--where: at column 21 there is 'iso', and no request of this run has such a number. Did you mean input_sequence_length?",
    ],
    [['--where', 'session_num > 5'], "--where: none of the 5 requests of this run meets 'session_num > 5'."],
    [
      ['--where', 'isl >> 5'],
      "--where: at column 5 of 'isl >> 5' there is '>>'; expected one of < <= > >= = !=. Join comparisons with 'and', 'or', 'not' and parentheses, e.g. --where 'isl > 8000 and (turn_index = 0 or osl < 10)'.",
    ],
    [
      ['--percentiles', '50,101'],
      '--percentiles must be percentages from 0 to 100, separated by commas, got [50,101].',
    ],
    [
      ['--percentiles', '50,,x'],
      '--percentiles must be percentages from 0 to 100, separated by commas, got [50,"","x"].',
    ],
    [
      ['--rewrite', '--format', 'csv', '--slice-duration', '1', '--confidence'],
      '--rewrite and --slice-duration cannot be combined with --confidence and --format: statistics of requests are printed in place of the report.',
    ],
  ])('%s', async (words, sentence) => {
    expect(await refusal(folder, ...words)).toBe(sentence);
  });

  it('a list cannot be compared, and unknown names are listed', async () => {
    expect(await refusal(folder, '--where', 'zz > 5')).toBe(
      "--where: at column 1 there is 'zz', and no request of this run has such a number. There are client_limited, credit_issued_ns, " +
        'credit_to_start_latency, effective_latency, effective_time_to_first_token, error_isl, input_sequence_length, ' +
        'request_end_ns, request_latency, request_start_ns, session_num, their_metric and time_to_first_token.',
    );
    expect(await refusal(folder, '--where', 'inter_chunk_latency > 5')).toContain(
      'no request of this run has such',
    );
  });
});
