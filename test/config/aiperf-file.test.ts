import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { profile, refusals } from './profile-options.js';

const folder = mkdtempSync(join(tmpdir(), 'aiperf-form-'));
const traceFile = join(folder, 'trace.jsonl');
writeFileSync(traceFile, '{"timestamp":0,"input_length":10,"output_length":2}\n');

let files = 0;

function yaml(text: string): string {
  const path = join(folder, `bench-${++files}.yaml`);
  writeFileSync(path, text);
  return path;
}

/** Names and values of what the file sets. */
async function given(text: string) {
  const { config, given: set, points } = await profile(['-f', yaml(text)]);
  const { configFile: _, ...values } = Object.fromEntries([...set.keys()].map((key) => [key, config[key]]));
  return { values, points: points.map(({ parameters }) => parameters) };
}

test('one data set, a warm-up and a rate', async () => {
  const { values } = await given(`
schemaVersion: "2.0"
randomSeed: 7
benchmark:
  models: [a, b]
  endpoint:
    type: completions
    urls: ["http://127.0.0.1:9", "http://127.0.0.1:10"]
    streaming: true
    timeout: 60
    useServerTokenCount: true
    headers: {X-A: b}
    extra: {ignore_eos: true, nested: {k: [1]}}
  dataset: {type: synthetic, entries: 10, prompts: {isl: {mean: 20, stddev: 2}, osl: 10}, turns: {mean: 3}}
  phases:
    - {name: warmup, type: concurrency, requests: 5, concurrency: 2, exclude_from_results: true}
    - name: profiling
      type: gamma
      rate: 2.5
      smoothness: 0.5
      duration: 30
      gracePeriod: 5
      concurrencyRamp: {duration: 4}
      concurrency: 8
      cancellation: {rate: 20, delay: 1}
  slos: {time_to_first_token: 100}
  tokenizer: {name: builtin}
  artifacts: {dir: out, records: [jsonl], raw: true, slice_duration: 5, auto_plot: false}
  gpu_telemetry: {enabled: false}
  otel: {}
  runtime: {ui: none}
  logging: {level: DEBUG}
`);
  expect(values).toEqual({
    ...{ randomSeed: 7, models: ['a', 'b'], endpointType: 'completions', streaming: true },
    urls: ['http://127.0.0.1:9', 'http://127.0.0.1:10'],
    ...{ requestTimeoutSeconds: 60, useServerTokenCount: true, headers: { 'X-A': 'b' } },
    extraInputs: { ignore_eos: true, nested: { k: [1] } },
    ...{ numDatasetEntries: 10, isl: 20, islStddev: 2, osl: 10, conversationTurnMean: 3 },
    ...{ warmupRequestCount: 5, warmupConcurrency: 2 },
    ...{ arrivalPattern: 'gamma', requestRate: 2.5, arrivalSmoothness: 0.5, benchmarkDuration: 30 },
    ...{ benchmarkGracePeriod: 5, concurrencyRampDuration: 4, concurrency: 8 },
    ...{ requestCancellationRate: 20, requestCancellationDelay: 1 },
    ...{ goodput: { time_to_first_token: 100 }, tokenizer: 'builtin', artifactDir: 'out' },
    ...{ exportLevel: 'raw', sliceDuration: 5, uiType: 'none', logLevel: 'DEBUG' },
  });
});

test('a schedule from a file', async () => {
  const { values } = await given(`
benchmark:
  model: m
  endpoint: {url: "http://127.0.0.1:9"}
  datasets:
    - {name: main, type: file, path: ${traceFile}, format: mooncake_trace, synthesis: {speedup_ratio: 2}}
  phases:
    - {name: profiling, type: fixed_schedule, auto_offset: false, start_offset: 0, end_offset: 100}
`);
  expect(values).toEqual({
    ...{ models: ['m'], urls: ['http://127.0.0.1:9'], inputFile: traceFile },
    ...{ customDatasetType: 'mooncake_trace', synthesisSpeedupRatio: 2, fixedSchedule: true },
    ...{ fixedScheduleAutoOffset: false, fixedScheduleStartOffset: 0, fixedScheduleEndOffset: 100 },
  });
});

test('users who share a rate', async () => {
  const { values } = await given(`
benchmark:
  model: m
  datasets: [{name: main, type: synthetic, prompts: {isl: 20}, turns: 2}]
  phases: [{name: profiling, type: user_centric, rate: 3, users: 2, sessions: 4}]
`);
  expect(values).toEqual({
    ...{ models: ['m'], isl: 20, conversationTurnMean: 2, userCentricRate: 3, numUsers: 2 },
    conversationNum: 4,
  });
});

test('a sweep names the data set and the phase', async () => {
  const { points } = await given(`
schemaVersion: "2.0"
sweep:
  type: grid
  parameters:
    phases.load.concurrency: [1, 4]
    datasets.main.prompts.isl: [20, 40]
benchmark:
  model: m
  datasets: [{name: main, type: synthetic, prompts: {isl: 10}}]
  phases: [{name: load, type: concurrency, concurrency: 1, requests: 10}]
`);
  expect(points).toEqual([
    { isl: 20, concurrency: 1 },
    { isl: 20, concurrency: 4 },
    { isl: 40, concurrency: 1 },
    { isl: 40, concurrency: 4 },
  ]);
});

test('what is not supported is named with its place', async () => {
  const file = yaml(`
schemaVersion: "2.0"
extra: 1
benchmark:
  model: m
  endpoint: {type: chat, wait_for_model: 5}
  datasets:
    - {type: public, prompts: {isl: 20}}
    - {type: synthetic}
  phases:
    - {name: profiling, type: adaptive, requests: 10}
    - {name: second, requests: 10}
  gpu_telemetry: {enabled: true}
sweep:
  parameters: {phases.other.concurrency: [1, 2]}
`);
  expect(await refusals(['-f', file])).toEqual([
    `${file}:3:8: extra is not supported.`,
    `${file}:6:42: benchmark.endpoint.wait_for_model is not supported.`,
    `${file}:9:7: benchmark.datasets[1] is a second data set; one is supported.`,
    `${file}:8:14: benchmark.datasets[0].type must be synthetic or file, got "public".`,
    `${file}:11:31: benchmark.phases[0].type is not supported in a profiling phase, got "adaptive".`,
    `${file}:12:7: benchmark.phases[1] is a second profiling phase; one is supported.`,
    `${file}:13:28: benchmark.gpu_telemetry.enabled is not supported; leave it out.`,
    `${file}:15:42: sweep.parameters.phases.other.concurrency is not supported.`,
  ]);
});

test('values are checked like those of the command line, and flags win', async () => {
  const file = yaml('benchmark:\n  model: m\n  phases: {type: concurrency, concurrency: 0}\n');
  expect(await refusals(['-f', file])).toEqual([
    `${file}:3:44: benchmark.phases.concurrency must be an integer from 1 to 1000000, got 0.`,
  ]);
  expect((await profile(['-f', file, '--concurrency', '2'])).config).toMatchObject({
    models: ['m'],
    concurrency: 2,
  });
});
