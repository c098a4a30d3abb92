import { describe, expect, test } from 'vitest';
import { summaryCsv } from '../../src/export/summary-csv.js';
import { summaryJson } from '../../src/export/summary-json.js';
import type { RunSummary } from '../../src/metrics/metric-store.js';
import type { MetricResult } from '../../src/metrics/results.js';
import { type StatName, statNames } from '../../src/metrics/statistics.js';
import { metrics } from '../../src/metrics/table.js';
import type { RunFacts } from '../../src/run/facts.js';
import { goldenIsThere, goldenText } from '../metrics/golden.js';
import { counted, fourRequests, storeOf } from '../metrics/records.js';

const facts: RunFacts = {
  version: '0.1.0',
  benchmarkId: '2f1c0a4be5d7',
  inputConfig: { models: { items: [{ name: 'demo/tiny-1b' }] } },
  command: "aiperf profile --model 'demo/tiny-1b'",
  wasCancelled: false,
  startedAtNs: 1_767_225_599_999_000_000n,
  endedAtNs: 1_767_225_601_331_000_999n,
};

/** Rows that the worked example of the contract leaves out. */
const notInExample =
  /^(adj_|credit_to_start|effective_|active_|tokens_in_flight|context_overflow|(overall_)?thinking)/;

test('CSV of the run of four requests, to the last digit', () => {
  const results = storeOf(fourRequests)
    .summary()
    .results.filter(({ tag }) => !notInExample.test(tag));
  expect(summaryCsv(results).split('\r\n')).toEqual([
    'Metric,avg,min,max,sum,p1,p5,p10,p25,p50,p75,p90,p95,p99,std',
    'Decode Duration (ms),93.33,0.00,180.00,280.00,2.00,10.00,20.00,50.00,100.00,140.00,164.00,172.00,178.40,73.64',
    // 40, 47.14 and 80 ms a token: p75 is halfway between the last two, and 1000 / 63.57 = 15.73.
    'E2E Latency per Output Token (ms),55.71,40.00,80.00,167.14,40.14,40.71,41.43,43.57,47.14,63.57,73.43,76.71,79.34,17.42',
    'E2E Output Token Throughput (tokens/sec/user),19.57,12.50,25.00,58.71,12.67,13.37,14.24,16.86,21.21,23.11,24.24,24.62,24.92,5.23',
    'Error Input Sequence Length (tokens),64.00,64.00,64.00,64.00,64.00,64.00,64.00,64.00,64.00,64.00,64.00,64.00,64.00,0.00',
    'Full Decode Duration (ms),94.50,0.50,182.00,283.50,2.51,10.55,20.60,50.75,101.00,141.50,165.80,173.90,180.38,74.24',
    'Full Response Inter Token Latency (ms),27.79,25.25,30.33,55.58,25.30,25.50,25.76,26.52,27.79,29.06,29.82,30.08,30.28,2.54',
    'Full Response Output Token Throughput Per User (tokens/sec/user),36.29,32.97,39.60,72.57,33.03,33.30,33.63,34.63,36.29,37.94,38.94,39.27,39.54,3.32',
    'Input Sequence Length (tokens),26.00,16.00,32.00,78.00,16.28,17.40,18.80,23.00,30.00,31.00,31.60,31.80,31.96,7.12',
    'Inter Chunk Latency (ms),40.00,20.00,90.00,280.00,20.00,20.00,20.00,20.00,30.00,50.00,72.00,81.00,88.20,24.49',
    'Inter Token Latency (ms),27.50,25.00,30.00,55.00,25.05,25.25,25.50,26.25,27.50,28.75,29.50,29.75,29.95,2.50',
    'Output Sequence Length (tokens),4.33,1.00,7.00,13.00,1.08,1.40,1.80,3.00,5.00,6.00,6.60,6.80,6.96,2.49',
    'Output Token Count (tokens),3.67,1.00,5.00,11.00,1.08,1.40,1.80,3.00,5.00,5.00,5.00,5.00,5.00,1.89',
    'Output Token Throughput Per User (tokens/sec/user),36.67,33.33,40.00,73.33,33.40,33.67,34.00,35.00,36.67,38.33,39.33,39.67,39.93,3.33',
    'Prefill Throughput Per User (tokens/sec/user),240.00,200.00,320.00,720.00,200.00,200.00,200.00,200.00,200.00,260.00,296.00,308.00,317.60,56.57',
    'Reasoning Token Count (tokens),2.00,2.00,2.00,2.00,2.00,2.00,2.00,2.00,2.00,2.00,2.00,2.00,2.00,0.00',
    'Request Latency (ms),203.33,80.00,330.00,610.00,82.40,92.00,104.00,140.00,200.00,265.00,304.00,317.00,327.40,102.09',
    'Time to First Output Token (ms),120.00,80.00,180.00,360.00,80.40,82.00,84.00,90.00,100.00,140.00,164.00,172.00,178.40,43.20',
    'Time to First Token (ms),110.00,80.00,150.00,330.00,80.40,82.00,84.00,90.00,100.00,125.00,140.00,145.00,149.00,29.44',
    'Time to Second Token (ms),25.00,20.00,30.00,50.00,20.10,20.50,21.00,22.50,25.00,27.50,29.00,29.50,29.90,5.00',
    '',
    'Metric,Value',
    'Benchmark Duration (sec),1.33',
    'Completed Requests (Success + Error),4.00',
    'E2E Normalized Interactivity p75 (tokens/sec/user),15.73',
    'E2E Normalized Interactivity p90 (tokens/sec/user),13.62',
    'Error Request Count,1.00',
    'Input Token Throughput (tokens/sec),58.65',
    'Output Token Throughput (tokens/sec),9.77',
    'Request Count,3.00',
    'Request Error Rate (%),25.00',
    'Request Throughput (requests/sec),2.26',
    'Total Error Input Sequence Length (tokens),64.00',
    'Total Input Sequence Length (tokens),78.00',
    'Total Output Sequence Length (tokens),13.00',
    'Total Output Tokens (tokens),11.00',
    'Total Reasoning Tokens (tokens),2.00',
    'Total Token Throughput (tokens/sec),68.42',
    '',
  ]);
});

test('JSON: the warm-up behind the times of the run, before all other metrics', () => {
  const text = summaryJson(
    storeOf(fourRequests).summary(),
    facts,
    // One request of 8 tokens: 20 ms.
    storeOf([counted()]).summary(),
  );
  const json = JSON.parse(text);
  const keys = Object.keys(json);
  const at = keys.indexOf('warmup_metrics');
  expect(keys.slice(at - 2, at + 2)).toEqual([
    'start_time',
    'end_time',
    'warmup_metrics',
    'time_to_first_output_token',
  ]);
  expect(json.warmup_metrics).toMatchObject({
    request_count: { unit: 'requests', avg: 1 },
    request_latency: { unit: 'ms', avg: 20, p99: 20, std: 0, count: 1, sum: 20 },
    input_sequence_length: { unit: 'tokens', avg: 8 },
  });
  expect(json.request_count.avg).toBe(3);
  expect(text).toContain(
    '\n  "warmup_metrics": {\n    "time_to_first_token": {\n      "unit": "ms",\n      "avg": 10.0,',
  );
  expect(summaryJson(storeOf(fourRequests).summary(), facts)).not.toContain('warmup_metrics');
});

test('CSV rows of infinite statistics leave cells empty', () => {
  // 80 200 330 ms and one failure: ranks .03 .15 .3 .75 1.5 2.25 of four.
  expect(summaryCsv(storeOf(fourRequests).summary().results)).toContain(
    '\r\nRequest Latency (error-adjusted) (ms),,80.00,,,80.00,80.00,80.00,200.00,330.00,330.00,,,,\r\n',
  );
});

test('CSV with one section has no empty row', () => {
  const results: MetricResult[] = [{ tag: 'request_count', unit: 'requests', statistics: { avg: 1234.5 } }];
  expect(summaryCsv(results)).toBe('Metric,Value\r\nRequest Count,1234.50\r\n');
  expect(summaryCsv([])).toBe('');
});

test('JSON of the run of four requests', () => {
  const text = summaryJson(storeOf(fourRequests).summary(), facts);
  expect(text.slice(0, text.indexOf('  "request_count"'))).toBe(`{
  "schema_version": "1.4",
  "aiperf_version": "0.1.0",
  "benchmark_id": "2f1c0a4be5d7",
  "request_throughput": {
    "unit": "requests/sec",
    "avg": 2.255639097744361
  },
  "request_latency": {
    "unit": "ms",
    "avg": 203.33333333333334,
    "p1": 82.39999999999999,
    "p5": 92.0,
    "p10": 104.0,
    "p25": 140.0,
    "p50": 200.0,
    "p75": 265.0,
    "p90": 304.0,
    "p95": 317.0,
    "p99": 327.4,
    "min": 80.0,
    "max": 330.0,
    "std": 102.08928554075703,
    "count": 3,
    "sum": 610.0
  },
`);
  expect(text.slice(text.indexOf('  "input_config"'), text.indexOf('  "time_to_first_output_token"'))).toBe(
    `  "input_config": {
    "models": {
      "items": [
        {
          "name": "demo/tiny-1b"
        }
      ]
    }
  },
  "run_info": {
    "benchmark_id": "2f1c0a4be5d7",
    "trial": 0,
    "cli_command": "aiperf profile --model 'demo/tiny-1b'"
  },
  "was_cancelled": false,
  "is_complete": true,
  "error_summary": [
    {
      "error_details": {
        "code": 400,
        "type": "Bad Request",
        "message": "{\\"error\\":\\"context window exceeded\\"}"
      },
      "count": 1
    }
  ],
  "start_time": "2025-12-31T23:59:59.999000",
  "end_time": "2026-01-01T00:00:01.331000",
`,
  );
  expect(text.endsWith('}')).toBe(true);
  expect(JSON.parse(text)).toMatchObject({
    time_to_first_token: { avg: 110, p75: 125, p99: 149, std: 29.439202887759485, count: 3, sum: 330 },
    inter_token_latency: { avg: 27.5, p1: 25.049999999999997, p99: 29.95, std: 2.5, count: 2, sum: 55 },
    output_token_throughput: { unit: 'tokens/sec', avg: 9.774436090225564 },
    benchmark_duration: { unit: 'sec', avg: 1.33 },
    error_request_count: { unit: 'requests', avg: 1 },
    adj_request_latency: {
      unit: 'ms',
      p1: 80,
      p5: 80,
      p10: 80,
      p25: 200,
      p50: 330,
      p75: 330,
      min: 80,
      count: 4,
    },
  });
});

test('JSON of an interrupted run', () => {
  const interrupted = { ...facts, randomSeed: 7, wasCancelled: true, incompleteReason: 'Run cancelled.' };
  expect(summaryJson(storeOf([counted()]).summary(), interrupted)).toMatch(
    /"random_seed": 7,\n {4}"trial": 0,[\s\S]*"was_cancelled": true,\n {2}"is_complete": false,\n {2}"incomplete_reason": "Run cancelled.",\n {2}"error_summary": \[\],\n/,
  );
});

const runs = ['stream', 'errors', 'whole', 'text', 'think', 'turns', 'warm', 'rate', 'vllm'];

describe.runIf(goldenIsThere).each(runs)('beside the golden run %s', (run) => {
  if (!goldenIsThere) return; // The body of a skipped suite is run too.
  const theirs = JSON.parse(goldenText(`${run}/profile_export_aiperf.json`));
  const theirCsv = goldenText(`${run}/profile_export_aiperf.csv`);
  const tagsOfOurs = metrics.map(({ tag }) => tag);
  const results = metrics.flatMap(({ tag, displayUnit }): MetricResult[] => {
    if (theirs[tag] === undefined) return [];
    const statistics: { [Name in StatName]?: number } = {};
    for (const name of statNames) if (theirs[tag][name] !== undefined) statistics[name] = theirs[tag][name];
    return [{ tag, unit: displayUnit, statistics }];
  });

  test('we know all its metrics, with the same units', () => {
    const unknown = Object.keys(theirs).filter((key) => theirs[key]?.unit && !tagsOfOurs.includes(key));
    expect(unknown).toEqual([]);
    for (const { tag, unit } of results) expect(theirs[tag].unit, tag).toBe(unit);
  });

  test('its numbers make its CSV: labels, order, rounding', () => {
    // The copies have lost the carriage returns; a third section, after two empty rows, is of GPUs.
    const [known = ''] = theirCsv.split('\n\n\n');
    expect(summaryCsv(results)).toBe(`${known.trimEnd().split('\n').join('\r\n')}\r\n`);
  });

  test('its numbers make its JSON: the same text for every metric, the fixed keys in the same order', () => {
    const summary: RunSummary = {
      ...storeOf([]).summary(),
      results,
      errors: theirs.error_summary.map(({ error_details, count }: GoldenErrorGroup) => {
        const { cause_chain: causeChain, ...error } = error_details;
        return { error: { ...error, causeChain }, count };
      }),
    };
    const ours = summaryJson(summary, facts);
    const text = goldenText(`${run}/profile_export_aiperf.json`);
    for (const { tag } of results) expect(member(ours, tag), tag).toBe(member(text, tag));
    expect(member(ours, 'error_summary')).toBe(member(text, 'error_summary'));
    const fixed = Object.keys(theirs);
    const upToEnd = fixed.slice(0, fixed.indexOf('end_time') + 1).filter((key) => key !== 'telemetry_data');
    const ourKeys = Object.keys(JSON.parse(ours));
    expect(ourKeys.slice(0, ourKeys.indexOf('end_time') + 1)).toEqual(upToEnd);
  });
});

interface GoldenErrorGroup {
  readonly error_details: { readonly cause_chain?: string[] };
  readonly count: number;
}

/** The text of a top-level member, up to the next one. */
function member(json: string, key: string): string {
  const from = json.indexOf(`\n  "${key}": `);
  const next = /\n {2}"|\n}/.exec(json.slice(from + 1));
  return json.slice(from, from + 1 + (next?.index ?? 0)).replace(/,$/, '');
}
