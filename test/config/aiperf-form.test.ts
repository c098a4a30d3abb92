import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lengthPairs } from '../../src/config/length-mix.js';
import { endpointTypes } from '../../src/config/options.js';
import { orList } from '../../src/util/lists.js';
import { profile, refusals } from './profile-options.js';

const folder = mkdtempSync(join(tmpdir(), 'aiperf-form-'));
const path = join(folder, 'b.yaml');
const rows = join(folder, 'rows.jsonl');
writeFileSync(rows, '{"text":"a"}\n');

const trace = join(folder, 'trace.jsonl');
writeFileSync(trace, '{"timestamp":0,"input_length":10,"output_length":2}\n');

/** The options that a file gives, and what they are with the words of a command line behind it. */
async function given(text: string, words: readonly string[] = [], env = {}) {
  writeFileSync(path, text);
  const { sources, config, points, warnings } = await profile(['-f', path, ...words], env);
  const keys = [...sources.keys()].filter((key) => key !== 'configFile');
  return {
    options: Object.fromEntries(keys.map((key) => [key, config[key]])),
    names: Object.fromEntries(keys.map((key) => [key, sources.get(key)?.name.replaceAll(path, 'b.yaml')])),
    points: points.map(({ parameters }) => parameters),
    warnings: warnings.map((warning) => warning.replaceAll(path, 'b.yaml')),
  };
}

async function faults(text: string): Promise<string[]> {
  writeFileSync(path, text);
  return (await refusals(['-f', path])).map((fault) => fault.replaceAll(path, 'b.yaml'));
}

/** A file with these members of `benchmark` in place of the usual ones, and others beside it. */
const file = (benchmark: object, beside: object = {}) =>
  JSON.stringify({
    benchmark: {
      model: 'm',
      endpoint: { url: 'http://h:1' },
      dataset: { type: 'synthetic', entries: 10 },
      phases: [{ name: 'profiling', type: 'concurrency', concurrency: 2, requests: 8 }],
      ...benchmark,
    },
    ...beside,
  });
const usual = {
  models: ['m'],
  urls: ['http://h:1'],
  numDatasetEntries: 10,
  concurrency: 2,
  requestCount: 8,
};
const { numDatasetEntries: _entries, ...withoutDataset } = usual;
const { concurrency: _concurrency, requestCount: _count, ...withoutPhases } = usual;
const profiling = (members: object) => ({ name: 'profiling', requests: 8, ...members });
const phases = (...list: object[]) => file({ phases: list });
const dataset = (members: object) => file({ dataset: members });

describe('a config file of AIPerf', () => {
  it('has the template of a body beside the extra inputs', async () => {
    const endpoint = { url: 'http://h:1', type: 'template', extra: { top_k: 3 } };
    const body = '{"text": {{ text|tojson }}}';
    const { options } = await given(
      file({ endpoint: { ...endpoint, template: { body, responseField: 'a.b' } } }),
    );
    expect(options).toEqual({
      ...usual,
      endpointType: 'template',
      extraInputs: { top_k: 3, payload_template: body, response_field: 'a.b' },
    });
    expect(await faults(file({ endpoint: { ...endpoint, template: { path: 'x' } } }))).toEqual([
      'b.yaml:1:108: benchmark.endpoint.template.path is not a setting: known are body and response_field.',
    ]);
  });

  it('with a sweep', async () => {
    const text = `schemaVersion: "2.0"
randomSeed: 7
benchmark:
  model: m
  endpoint: {type: chat, url: "http://127.0.0.1:9", streaming: true}
  datasets:
    - {name: main, type: synthetic, entries: 10, prompts: {isl: 20, osl: 10}}
  phases:
    - {name: profiling, type: concurrency, concurrency: 1, requests: 10}
sweep:
  type: grid
  parameters:
    phases.profiling.concurrency: [1, 4]
    datasets.main.prompts.isl: [20, 40]
`;
    const { options, names, points } = await given(text);
    expect(options).toEqual({
      ...{ models: ['m'], endpointType: 'chat', urls: ['http://127.0.0.1:9'], streaming: true },
      ...{ randomSeed: 7, numDatasetEntries: 10, isl: 20, osl: 10, concurrency: 1, requestCount: 10 },
      sweepType: 'grid',
    });
    expect(points).toEqual([
      { isl: 20, concurrency: 1 },
      { isl: 20, concurrency: 4 },
      { isl: 40, concurrency: 1 },
      { isl: 40, concurrency: 4 },
    ]);
    expect(names).toEqual({
      models: 'b.yaml:4:3: benchmark.model',
      endpointType: 'b.yaml:5:14: benchmark.endpoint.type',
      urls: 'b.yaml:5:26: benchmark.endpoint.url',
      streaming: 'b.yaml:5:53: benchmark.endpoint.streaming',
      randomSeed: 'b.yaml:2:1: randomSeed',
      numDatasetEntries: 'b.yaml:7:37: benchmark.datasets.main.entries',
      isl: 'b.yaml:14:5: datasets.main.prompts.isl',
      osl: 'b.yaml:7:69: benchmark.datasets.main.prompts.osl',
      concurrency: 'b.yaml:13:5: phases.profiling.concurrency',
      requestCount: 'b.yaml:9:60: benchmark.phases.profiling.requests',
      sweepType: 'b.yaml:11:3: sweep.type',
    });
  });

  it('with everything that it can set, in camelCase and in short forms', async () => {
    const text = `
schemaVersion: "2.0"
randomSeed: 42
noSweepTable: true
multiRun: {numRuns: 3, cooldownSeconds: 15.0, confidenceLevel: 0.9, setConsistentSeed: false, disableWarmupAfterFirst: false}
benchmark:
  models: {strategy: random, items: [{name: a}, {name: b}]}
  endpoint:
    urls: ["http://127.0.0.1:9", "http://127.0.0.1:10"]
    urlStrategy: round_robin
    type: chat
    path: /v1/x
    apiKey: \${KEY}
    timeout: 10m
    streaming: \${STREAM:true}
    transport: http
    connectionReuse: never
    useLegacyMaxTokens: true
    useServerTokenCount: true
    headers: {X-A: "1"}
    extra: {ignore_eos: true}
    sessionHeader: X-S
    waitForModelTimeout: 1m
    waitForModelMode: both
    resetKvCache: {enabled: true, path: /flush_cache}
    serverProfiler: {enabled: true, stopPath: /stop}
  dataset:
    randomSeed: 42
    sampling: shuffle
    prompts: {isl: {mean: 128, stddev: 12.5}, osl: 64}
    turns: {mean: 3, stddev: 1}
    turnDelay: 100
    turnDelayRatio: 0.5
  warmup: {type: gamma, rate: 2, smoothness: 1.5, requests: 5, concurrency: 4, excludeFromResults: true}
  profiling:
    type: gamma
    rate: 20
    rateRamp: 30
    smoothness: 1.5
    duration: 2m
    sessions: 9
    gracePeriod: 1 min
    concurrency: 64
    concurrencyRamp: {duration: 5}
    prefillConcurrency: null
    cancellation: {rate: 5, delay: 1.5}
    seamless: false
  artifacts: {dir: /tmp/x, prefix: foo, records: false, sliceDuration: 10s, showTraceTiming: true, trace: true, summary: [json], autoPlot: false}
  slos: {time_to_first_token: 100}
  tokenizer: {name: builtin, revision: main, trustRemoteCode: false}
  runtime: {ui: none, workers: 4, recordProcessors: 2, serviceRunType: multiprocessing, communication: {type: ipc}}
  logging: {level: debug}
  gpuTelemetry: {enabled: false}
  otel: {}
`;
    const { options, warnings } = await given(text, [], { KEY: 'sk-of-the-environment' });
    expect(options).toEqual({
      ...{ models: ['a', 'b'], modelSelectionStrategy: 'random', customEndpoint: '/v1/x' },
      ...{ urls: ['http://127.0.0.1:9', 'http://127.0.0.1:10'], urlStrategy: 'round_robin' },
      ...{ endpointType: 'chat', streaming: true, requestTimeoutSeconds: 600, transport: 'http' },
      ...{ apiKey: 'sk-of-the-environment', useLegacyMaxTokens: true, useServerTokenCount: true },
      noGpuTelemetry: true,
      ...{ connectionReuseStrategy: 'never', sessionHeader: 'X-S' },
      ...{ headers: { 'X-A': '1' }, extraInputs: { ignore_eos: true } },
      ...{ waitForModelTimeout: 60, waitForModelMode: 'both' },
      ...{ resetKvCache: true, resetKvCachePath: '/flush_cache' },
      ...{ serverProfiler: true, serverProfilerStopPath: '/stop' },
      ...{ tokenizer: 'builtin', tokenizerRevision: 'main', tokenizerTrustRemoteCode: false },
      ...{ randomSeed: 42, datasetSamplingStrategy: 'shuffle', numDatasetEntries: 100 },
      ...{ isl: 128, islStddev: 12.5, osl: 64, conversationTurnMean: 3, conversationTurnStddev: 1 },
      ...{ conversationTurnDelayMean: 100, conversationTurnDelayRatio: 0.5 },
      ...{ requestRate: 20, arrivalPattern: 'gamma', arrivalSmoothness: 1.5, requestRateRampDuration: 30 },
      ...{ benchmarkDuration: 120, benchmarkGracePeriod: 60, conversationNum: 9 },
      ...{ concurrency: 64, concurrencyRampDuration: 5 },
      ...{ requestCancellationRate: 5, requestCancellationDelay: 1.5 },
      ...{ warmupRequestCount: 5, warmupConcurrency: 4, warmupRequestRate: 2, warmupArrivalPattern: 'gamma' },
      // A warm-up of AIPerf's has no ramps but its own.
      ...{ warmupConcurrencyRampDuration: 0, warmupRequestRateRampDuration: 0 },
      ...{ artifactDir: '/tmp/x', profileExportPrefix: 'foo', exportLevel: 'summary', sliceDuration: 10 },
      ...{ showTraceTiming: true, exportHttpTrace: true, goodput: { time_to_first_token: 100 } },
      ...{ numProfileRuns: 3, profileRunCooldownSeconds: 15, confidenceLevel: 0.9 },
      ...{ setConsistentSeed: false, profileRunDisableWarmupAfterFirst: false, noSweepTable: true },
      ...{ uiType: 'none', workersMax: 4, recordProcessors: 2, logLevel: 'DEBUG' },
    });
    expect(warnings).toContain(
      'b.yaml:51:89: benchmark.runtime.communication has no effect here: these services do not exist.',
    );
  });

  it.each<[string, string, object]>([
    ['a list of models', file({ model: undefined, models: ['a', 'b'] }), { ...usual, models: ['a', 'b'] }],
    [
      'phases that are one',
      file({ phases: { type: 'poisson', rate: 3, duration: '1h' } }),
      {
        ...withoutPhases,
        ...{ requestRate: 3, arrivalPattern: 'poisson', benchmarkDuration: 3600 },
      },
    ],
    [
      'constant arrivals',
      phases(profiling({ type: 'constant', rate: 3 })),
      {
        ...withoutPhases,
        ...{ requestCount: 8, requestRate: 3, arrivalPattern: 'constant' },
      },
    ],
    [
      'users',
      phases(profiling({ type: 'user_centric', rate: 3, users: 4 })).replace('10', '10,"turns":2'),
      {
        ...withoutPhases,
        ...{ conversationTurnMean: 2, requestCount: 8, userCentricRate: 3, numUsers: 4 },
      },
    ],
    [
      'a phase by another name',
      phases({ ...profiling({ type: 'concurrency' }), name: 'soak', kind: 'profiling' }),
      {
        ...withoutPhases,
        requestCount: 8,
      },
    ],
    [
      'isl and osl beside prompts',
      dataset({ isl: 30, osl: { mean: 5, stddev: 1 } }),
      {
        ...{ ...usual, numDatasetEntries: 100 },
        ...{ isl: 30, osl: 5, oslStddev: 1 },
      },
    ],
    [
      'a file, one request of it in flight',
      file({
        dataset: { type: 'file', path: rows, format: 'single_turn', osl: 9 },
        phases: [{ name: 'profiling', type: 'concurrency', requests: 8 }],
      }),
      {
        ...withoutDataset,
        ...{ inputFile: rows, customDatasetType: 'single_turn', osl: 9, concurrency: 1 },
      },
    ],
    [
      'a schedule from a file',
      file({
        dataset: { type: 'file', path: trace, format: 'mooncake_trace', synthesis: { speedup_ratio: 2 } },
        phases: [profiling({ type: 'fixed_schedule', auto_offset: false, start_offset: 0, end_offset: 100 })],
      }),
      {
        ...{ models: ['m'], urls: ['http://h:1'], requestCount: 8, inputFile: trace },
        ...{ customDatasetType: 'mooncake_trace', synthesisSpeedupRatio: 2, fixedSchedule: true },
        ...{ fixedScheduleAutoOffset: false, fixedScheduleStartOffset: 0, fixedScheduleEndOffset: 100 },
      },
    ],
    ['raw', file({ artifacts: { raw: true, records: ['jsonl'] } }), { ...usual, exportLevel: 'raw' }],
    [
      'a list in a phase',
      phases(profiling({ type: 'concurrency', concurrency: [1, 4] })),
      {
        ...usual,
        concurrency: 1,
      },
    ],
    [
      'a closed warm-up before a rate',
      phases(
        { name: 'warmup', type: 'concurrency', requests: 5 },
        profiling({ type: 'poisson', rate: 3, concurrency: 9 }),
      ),
      {
        ...{ ...usual, concurrency: 9, requestRate: 3, arrivalPattern: 'poisson' },
        ...{ warmupRequestCount: 5, warmupConcurrency: 1, warmupArrivalPattern: 'concurrency_burst' },
      },
    ],
    [
      'a warm-up at a rate before closed load',
      phases(
        { name: 'warmup', type: 'constant', rate: 5, duration: 3, gracePeriod: 1, concurrency: 7 },
        profiling({ type: 'concurrency', concurrency: 2 }),
      ),
      {
        ...usual,
        ...{ warmupDuration: 3, warmupGracePeriod: 1, warmupConcurrency: 7 },
        ...{ warmupRequestRate: 5, warmupArrivalPattern: 'constant' },
      },
    ],
    [
      'GPU exporters',
      file({ gpu_telemetry: { urls: ['a:9400', 'http://b/metrics'], collector: 'dcgm', mode: 'summary' } }),
      { ...usual, gpuTelemetry: ['a:9400', 'http://b/metrics'] },
    ],
    ['one GPU exporter', file({ gpu_telemetry: 'a:9400' }), { ...usual, gpuTelemetry: ['a:9400'] }],
    [
      'a tool of the GPUs, with a live view',
      file({ gpu_telemetry: { enabled: true, collector: 'pynvml', mode: 'realtime_dashboard' } }),
      { ...usual, gpuTelemetry: ['pynvml', 'dashboard'] },
    ],
    ['no GPUs', file({ gpu_telemetry: { enabled: false } }), { ...usual, noGpuTelemetry: true }],
    ['GPUs as without a word', file({ gpu_telemetry: { enabled: true, urls: [] } }), usual],
    [
      'a variable of the environment',
      file({ model: `\${MODEL}-\${SIZE:8}b` }),
      { ...usual, models: ['a-8b'] },
    ],
  ])('%s', async (_, text, expected) => {
    expect((await given(text, [], { MODEL: 'a' })).options).toEqual(expected);
  });

  it('of the old flat shape is read with a warning', async () => {
    const { options, warnings } = await given(
      'models: [m]\nendpoint: {url: "http://h:1"}\ndatasets: [{name: main, entries: 10}]\nphases: [{name: profiling, type: concurrency, concurrency: 2, requests: 8}]\n',
    );
    expect(options).toEqual(usual);
    expect(warnings).toEqual([
      'b.yaml: these keys belong under benchmark:, and are read as if they were there: models, endpoint, datasets and phases.',
    ]);
  });

  it('leaves our own flat form as it is', async () => {
    const { options } = await given(
      'model: m\nurl: http://h:1\nendpoint: /x\nrandom_seed: 7\nconcurrency: [1, 2]\n',
    );
    expect(options).toEqual({
      ...{ models: ['m'], urls: ['http://h:1'], customEndpoint: '/x', randomSeed: 7, concurrency: 1 },
    });
  });

  it('with a mix of lengths', async () => {
    const { options } = await given(
      file({
        dataset: {
          type: 'synthetic',
          prompts: {
            sequence_distribution: [
              { isl: 128, osl: 64, probability: 40 },
              { isl: { mean: 512, stddev: 50 }, osl: 256, osl_stddev: 9, probability: 35 },
              { isl: { mean: 2048, median: 1800 }, osl: { value: 512 }, probability: 25 },
            ],
          },
        },
      }),
    );
    const normal = (mean: number, stddev = 0) => ({ kind: 'normal', mean, stddev });
    expect(lengthPairs(String(options.seqDist))).toEqual([
      { isl: normal(128), osl: normal(64), weight: 40 },
      { isl: normal(512, 50), osl: normal(256, 9), weight: 35 },
      { isl: { kind: 'lognormal', mean: 2048, median: 1800 }, osl: normal(512), weight: 25 },
    ]);
  });

  it.each<[object, object]>([
    [
      { prompts: { isl: 20, osl: 10, random_range_ratio: '0.5', random_corpus_style: 'sglang' } },
      { isl: 20, osl: 10, randomRangeRatio: 0.5, randomCorpusStyle: 'sglang' },
    ],
    [
      { prompts: { isl: 20, corpus: 'coding', cache_bust: { target: 'system_suffix' } } },
      { isl: 20, promptCorpus: 'coding', cacheBust: 'system_suffix' },
    ],
    [{ prefix_prompts: { pool_size: 2, length: 8 } }, { numPrefixPrompts: 2, prefixPromptLength: 8 }],
    [
      { prefix_prompts: { shared_system_length: 7, user_context_length: 6 } },
      { sharedSystemPromptLength: 7, userContextPromptLength: 6 },
    ],
    [{ system_prompt: 'Be brief.' }, { systemPrompt: 'Be brief.' }],
  ])('with prompts shaped by %j', async (dataset, expected) => {
    const { options } = await given(file({ dataset: { type: 'synthetic', ...dataset } }));
    expect(options).toMatchObject(expected);
  });

  it('gives way to the command line', async () => {
    const { options, points } = await given(file({}, { sweep: { parameters: { concurrency: [1, 2] } } }), [
      '--concurrency',
      '5,6',
      '--model',
      'other',
      '--request-count',
      '9',
    ]);
    expect(options).toEqual({ ...usual, models: ['other'], concurrency: 5, requestCount: 9 });
    expect(points).toEqual([{ concurrency: 5 }, { concurrency: 6 }]);
  });
});

describe('sweeps by path', () => {
  const swept = (sweep: object, benchmark: object = {}) => file(benchmark, { sweep });

  it.each<[string, string, object[]]>([
    [
      'a grid, in the order of the names',
      swept({ type: 'grid', parameters: { requests: [4, 5], concurrency: [1, 2] } }),
      [
        { concurrency: 1, requests: 4 },
        { concurrency: 1, requests: 5 },
        { concurrency: 2, requests: 4 },
        { concurrency: 2, requests: 5 },
      ],
    ],
    [
      'a zip',
      swept({
        type: 'zip',
        parameters: { 'datasets.default.prompts.isl': [20, 40], 'phases.profiling.concurrency': [1, 2] },
      }),
      [
        { isl: 20, concurrency: 1 },
        { isl: 40, concurrency: 2 },
      ],
    ],
    [
      'in camelCase',
      swept(
        { parameters: { 'phases.profiling.prefillConcurrency': [1, 2] } },
        { endpoint: { url: 'h:1', streaming: true } },
      ),
      [{ prefill_concurrency: 1 }, { prefill_concurrency: 2 }],
    ],
    [
      'a mean of its own',
      swept(
        { parameters: { 'datasets.default.prompts.isl.mean': [20, 40] } },
        { dataset: { prompts: { isl: 100 } } },
      ),
      [{ isl: 20 }, { isl: 40 }],
    ],
    ['times', swept({ parameters: { duration: ['30s', '1m'] } }), [{ duration: 30 }, { duration: 60 }]],
    [
      'the one phase that is measured, by another name',
      swept(
        { parameters: { 'phases.profiling.concurrency': [1, 2] } },
        { phases: [{ name: 'soak', kind: 'profiling', type: 'concurrency', requests: 8 }] },
      ),
      [{ concurrency: 1 }, { concurrency: 2 }],
    ],
  ])('%s', async (_, text, points) => {
    expect((await given(text)).points).toEqual(points);
  });

  it('a length takes the place of the whole distribution', async () => {
    const text = swept(
      { parameters: { 'datasets.default.prompts.isl': [20, 40] } },
      { dataset: { entries: 10, prompts: { isl: { mean: 100, stddev: 30 } } } },
    );
    expect((await given(text)).options).toEqual({ ...usual, isl: 20 });
  });

  it('one value takes the place of any other', async () => {
    const { options, points } = await given(swept({ parameters: { 'endpoint.type': ['completions'] } }));
    expect(options).toEqual({ ...usual, endpointType: 'completions' });
    expect(points).toEqual([{}]);
  });

  it('its settings', async () => {
    const text = swept({
      ...{ type: 'grid', parameters: { concurrency: [1, 2] }, cooldownSeconds: 5 },
      ...{ iterationOrder: 'independent', sameSeed: false },
    });
    expect((await given(text)).options).toEqual({
      ...{ ...usual, concurrency: 1, sweepType: 'grid', parameterSweepCooldownSeconds: 5 },
      ...{ parameterSweepMode: 'independent', parameterSweepSameSeed: false },
    });
  });

  const lists =
    'a sweep is a list of --conversation-num, --conversation-turn-mean, --isl, --isl-stddev, --osl, --osl-stddev, --concurrency, --prefill-concurrency, --request-rate, --num-users, --request-count or --benchmark-duration';
  it.each<[object, string]>([
    [{ parameters: { 'endpoint.type': ['chat', 'completions'] } }, `endpoint.type cannot be swept: ${lists}`],
    [{ parameters: { model: ['a', 'b'] } }, `model cannot be swept: ${lists}`],
    [
      { parameters: { 'phases.warmup.concurrency': [1, 2] } },
      'phases.warmup.concurrency names no phase of the file, which has profiling',
    ],
    [
      { parameters: { 'datasets.main.prompts.isl': [1, 2] } },
      'datasets.main.prompts.isl names no data set of the file, which has default',
    ],
    [
      { parameters: { 'phases.profiling.concurency': [1, 2] } },
      'phases.profiling.concurency is not a setting. Did you mean concurrency?',
    ],
    [
      { parameters: { 'phases.profiling': [1, 2] } },
      'phases.profiling is incomplete: write a path such as phases.profiling.concurrency',
    ],
    [{ parameters: { 'model.name': [1, 2] } }, 'model.name is not a valid path: model is not a mapping'],
    [
      { parameters: { 'phases.profiling.rate': [1, 2] } },
      'phases.profiling.rate does not apply to a phase of type concurrency',
    ],
    [
      { parameters: { concurrency: [1, 2], 'phases.profiling.concurrency': [1, 2] } },
      'phases.profiling.concurrency is the same value as concurrency; give one of them',
    ],
    [{ parameters: { concurrency: 3 } }, 'concurrency must be a list of values'],
    [{ parameters: { concurrency: [1, 'x'] } }, "concurrency must be an integer from 1 to 1000000, got 'x'"],
    [
      { type: 'sobol' },
      'sweep of type sobol is not supported: sweep a list such as --concurrency 1,2,4,8 with --goodput; the report recommends a point',
    ],
    [
      { type: 'scenarios' },
      'sweep of type scenarios is not supported: use --sweep-type zip with one list per option',
    ],
    [
      { parameters: { concurrency: [1, 2] }, slaFilters: [{}] },
      'sweep.slaFilters is a setting of AIPerf that is not supported: sweep a list such as --concurrency 1,2,4,8 with --goodput; the report recommends a point',
    ],
  ])('%j', async (sweep, fault) => {
    const [first, ...others] = await faults(swept(sweep));
    expect(first?.replace(/^b\.yaml:1:\d+: /, '')).toBe(`${fault}.`.replace('?.', '?'));
    // What is not read is missing.
    expect(others.filter((other) => !other.startsWith('--model is required'))).toEqual([]);
  });
});

describe('what a config file of AIPerf cannot have here', () => {
  const model = '--model is required: name the model to ask for, e.g. --model Qwen/Qwen3-0.6B.';
  const one = 'and a run has one: run aiperf once for each';
  const closed = { type: 'concurrency', concurrency: 2, requests: 8 };
  const warmup = (members: object) => ({ name: 'warmup', type: 'concurrency', requests: 5, ...members });
  it.each<[string, string[]]>([
    [
      file({}, { foo: 1 }),
      [
        'foo is not a setting: known are schema_version, random_seed, no_sweep_table, benchmark, multi_run, sweep, plot and variables.',
      ],
    ],
    [file({}, { sweeps: {} }), ['sweeps is not a setting. Did you mean sweep?']],
    [
      file({}, { concurrency: 4 }),
      [
        'concurrency is not a setting: known are schema_version, random_seed, no_sweep_table, benchmark, multi_run, sweep, plot and variables.',
      ],
    ],
    [file({}, { schemaVersion: 2 }), ['schemaVersion must be 2.0, got 2.']],
    [
      'schemaVersion: "2.0"',
      ['benchmark is required: it holds the model, the endpoint and the load.', model],
    ],
    [
      file({ wandb: { enabled: true } }),
      [
        'benchmark.wandb is a setting of AIPerf that is not supported: send the run to MLflow with --mlflow-tracking-uri, or upload the summary JSON and profile_export.jsonl after the run.',
      ],
    ],
    [
      file({ endpoint: { url: 'h', streeming: true } }),
      ['benchmark.endpoint.streeming is not a setting. Did you mean streaming?'],
    ],
    [
      file({ endpoint: { url: 'h', api_key: 'a', apiKey: 'b' } }),
      ['benchmark.endpoint.apiKey is the same key as api_key; give one of them.'],
    ],
    [file({ endpoint: 3 }), ['benchmark.endpoint must be a mapping of settings to values.']],
    [
      file({ endpoint: { url: 'h', type: 'pictures' } }),
      [`benchmark.endpoint.type must be ${orList(endpointTypes)}, got 'pictures'.`],
    ],
    [
      file({ gpu_telemetry: { collector: 'nvml' } }),
      ["benchmark.gpu_telemetry.collector must be dcgm, pynvml or amdsmi, got 'nvml'."],
    ],
    [
      file({ gpu_telemetry: { mode: 'live' } }),
      ["benchmark.gpu_telemetry.mode must be summary or realtime_dashboard, got 'live'."],
    ],
    [
      file({ gpu_telemetry: { enabled: 1 } }),
      ['benchmark.gpu_telemetry.enabled must be true or false, got 1.'],
    ],
    [
      file({ endpoint: { url: 'h', path: '{{ name }}' } }),
      ['benchmark.endpoint.path is a template, which is not supported: write the value itself.'],
    ],
    [
      file({ endpoint: { url: 'h', timeout: `\${NOWHERE}` } }),
      [
        `benchmark.endpoint.timeout needs the environment variable NOWHERE: set it, or write \${NOWHERE:default}.`,
      ],
    ],
    [
      file({}, { variables: { a: 1 } }),
      [
        `variables is a setting of AIPerf that is not supported: write the values where they are used, or take them from the environment as \${NAME}.`,
      ],
    ],
    [file({ models: ['m'] }), ['benchmark.model cannot be combined with models; give one of them.']],
    [
      file({ model: undefined, models: { items: [{ name: 'm', weight: 1 }] } }),
      [
        'benchmark.models.items.0.weight is a setting of AIPerf that is not supported: models are requested round-robin or at random, with --model-selection-strategy.',
      ],
    ],
    [
      dataset({ type: 'public', dataset: 'sharegpt', prompts: { isl: 9 } }),
      ['benchmark.dataset.prompts.isl is not a setting: known are corpus.'],
    ],
    [
      dataset({ prompts: { isl: { mean: 9, median: 5 } } }),
      [
        'benchmark.dataset.prompts.isl.median is a setting of AIPerf that is not supported: give a number, or mean and stddev.',
      ],
    ],
    [
      dataset({ randomSeed: 1 }).replace('{"b', '{"randomSeed":2,"b'),
      [
        'benchmark.dataset.randomSeed sets the same option as randomSeed at b.yaml:1:2, to another value; give one of them.',
      ],
    ],
    [
      file({ dataset: undefined, datasets: [{ name: 'a' }, { name: 'b' }] }),
      ['benchmark.datasets holds 2 data sets, a and b: a run has one.'],
    ],
    [
      phases({ name: 'a', kind: 'profiling', ...closed }, { name: 'b', kind: 'profiling', ...closed }),
      [`benchmark.phases holds 2 profiling phases, a and b, ${one}.`],
    ],
    [phases({ name: 'soak', ...closed }), ['benchmark.phases.soak needs a kind, profiling or warmup.']],
    [phases(warmup({})), ['benchmark.phases needs a phase of kind profiling.']],
    [
      phases(profiling(closed), warmup({})),
      ['benchmark.phases.warmup must come before benchmark.phases.profiling.'],
    ],
    [
      phases(profiling({ type: 'ramp' })),
      [
        "benchmark.phases.profiling needs a type, concurrency, constant, poisson, gamma, user_centric or fixed_schedule, got 'ramp'.",
      ],
    ],
    [
      phases(profiling({ ...closed, seamless: true })),
      [
        'benchmark.phases.profiling.seamless is a setting of AIPerf that is not supported: a phase starts when the one before it has ended.',
      ],
    ],
    [
      phases(profiling({ ...closed, adaptiveScale: true })),
      [
        'benchmark.phases.profiling.adaptiveScale is a setting of AIPerf that is not supported: sweep a list such as --concurrency 1,2,4,8 with --goodput; the report recommends a point.',
      ],
    ],
    [
      phases(profiling({ ...closed, users: 3 })),
      ['benchmark.phases.profiling.users does not apply to a phase of type concurrency.'],
    ],
    [
      phases(profiling({ type: 'user_centric', users: 3 })),
      [
        'benchmark.phases.profiling needs a rate.',
        'b.yaml:1:168: benchmark.phases.profiling.users needs --user-centric-rate, the rate that they share.',
      ],
    ],
    [phases(profiling({ type: 'poisson' })), ['benchmark.phases.profiling.type needs --request-rate.']],
    [
      phases(profiling({ ...closed, duration: '5x' })),
      ["benchmark.phases.profiling.duration must be a number above 0, got '5x'."],
    ],
    [
      phases(warmup({ requests: undefined }), profiling(closed)),
      ['benchmark.phases.warmup needs requests, duration or sessions, the end of the warm-up.'],
    ],
    [
      phases(warmup({ type: 'fixed_schedule' }), profiling(closed)),
      [
        'benchmark.phases.warmup.type must be concurrency, constant, poisson or gamma in a warm-up, got fixed_schedule.',
      ],
    ],
    [
      phases(warmup({ type: 'poisson', rate: 3 }), profiling(closed)),
      [
        'benchmark.phases.warmup needs concurrency: without it, it would have that of benchmark.phases.profiling.',
      ],
    ],
    [
      phases(warmup({ type: 'gamma', rate: 3, smoothness: 2 }), profiling({ type: 'poisson', rate: 3 })),
      ['benchmark.phases.warmup needs the smoothness of benchmark.phases.profiling: a run has one.'],
    ],
    [
      phases(warmup({ cancellation: { rate: 5 } }), profiling(closed)),
      [
        'benchmark.phases.warmup.cancellation is a setting of AIPerf that is not supported: warm-up requests are never cancelled at random.',
      ],
    ],
    [file({ artifacts: { summary: false } }), ['benchmark.artifacts.summary must be ["json"], got false.']],
    [
      file({ artifacts: { autoPlot: true } }),
      [
        'benchmark.artifacts.autoPlot is a setting of AIPerf that is not supported: run aiperf plot on the artifact folder after the run.',
      ],
    ],
    [
      file({}, { multiRun: { convergence: { metric: 'x' } } }),
      [
        'multiRun.convergence is a setting of AIPerf that is not supported: use --num-profile-runs, which repeats a fixed number of times.',
      ],
    ],
  ])('%s', async (text, expected) => {
    expect(
      (await faults(text)).map((line, i) => (i === 0 ? line.replace(/^b\.yaml(:\d+:\d+)?: /, '') : line)),
    ).toEqual(expected);
  });

  it('names the place of a fault', async () => {
    expect(
      await faults(
        'benchmark:\n  model: m\n  endpoint:\n    url: h\n    timeuot: 3\n  phases:\n    - name: profiling\n      type: concurrency\n      requests: 0\n',
      ),
    ).toEqual([
      'b.yaml:5:5: benchmark.endpoint.timeuot is not a setting. Did you mean timeout?',
      'b.yaml:9:17: benchmark.phases.profiling.requests must be an integer of at least 1, got 0.',
    ]);
  });

  it('aliases and merged mappings', async () => {
    const text = `
benchmark:
  model: m
  endpoint: {url: "http://h:1"}
  dataset: {entries: 10}
  warmup: &load {type: concurrency, concurrency: 2, requests: 8}
  profiling:
    <<: *load
`;
    expect((await given(text)).options).toEqual({
      ...usual,
      ...{ warmupConcurrency: 2, warmupRequestCount: 8, warmupArrivalPattern: 'concurrency_burst' },
    });
    expect(await faults('benchmark: &a\n  model: m\n  endpoint: *a\n')).toEqual([
      'b.yaml: the file is nested too deeply, or holds itself: at most 64 levels are read.',
      model,
    ]);
  });
});
