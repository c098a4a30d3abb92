import type { MockServerSettings } from '../../src/mock-server/settings.js';
import { goldenText, imageUrl, jsonLines, templateFiles, tenWords, wavUrl } from './golden2-inputs.js';
import { gpuPages, serverPages } from './golden2-pages.js';
import type { Interceptor } from './recording-server.js';

/** What made a recorded run, besides its command. */
export interface GoldenRun {
  /** Settings of its server, besides those of all: ten words an answer, the first after 20 ms, then 5 ms each. */
  readonly server?: Partial<MockServerSettings>;
  /** What it answered otherwise. */
  readonly intercept?: Interceptor;
  /** Files that the command reads, by their names in it. */
  readonly files?: Readonly<Record<string, string>>;
  /** Words of the command that are left out: options that do not exist yet. */
  readonly without?: string;
}

const plain: GoldenRun = {};
const every4thFails: GoldenRun = { server: { fail: 4 } };

const hello = (stream: boolean, zz: (i: number) => object) =>
  jsonLines(
    [0, 1, 2].map((i) => ({ messages: [{ role: 'user', content: `hello ${i}` }], stream, ...zz(i) })),
  );

const endpoints: Readonly<Record<string, GoldenRun>> = {
  embeddings: plain,
  'embeddings-batch': plain,
  'embeddings-foreign-object': {
    intercept: () => ({
      status: 200,
      body: '{"object":"list","model":"m","data":[{"object":"vector","index":0,"embedding":[0.1]}]}',
    }),
  },
  'embeddings-two-turns': plain,
  'chat-embeddings': plain,
  'nim-embeddings': plain,
  'nim-embeddings-unequal': plain,
  'nim-rankings': every4thFails,
  'cohere-rankings': every4thFails,
  'tei-rankings': every4thFails,
  responses: every4thFails,
  'responses-stream': plain,
  'responses-store': plain,
  messages: every4thFails,
  'messages-stream': plain,
  huggingface: every4thFails,
  'huggingface-stream': plain,
  'image-generation': every4thFails,
  'image-generation-stream': plain,
  'image-edit': {
    ...every4thFails,
    files: { 'd.jsonl': jsonLines([0, 1, 2].map((i) => ({ text: `make it blue ${i}`, image: imageUrl }))) },
  },
  'image-retrieval': every4thFails,
  'audio-transcription': {
    ...every4thFails,
    files: { 'd.jsonl': jsonLines([{ text: 'what is said', audio: wavUrl }]) },
  },
  'audio-transcription-synthetic': plain,
  'video-generation': {
    server: { ttftMs: 150 },
    intercept: ({ line }) =>
      line.startsWith('GET /v1/videos/video_3')
        ? {
            status: 200,
            body: '{"id":"video_3","object":"video","status":"failed","error":{"message":"no gpu"}}',
          }
        : undefined,
  },
  'video-generation-download': {
    server: { ttftMs: 150 },
    without: '--request-content-type multipart/form-data',
  },
  solido: every4thFails,
  'solido-stream': plain,
  template: {
    files: templateFiles,
    intercept: (_, number) =>
      number === 4
        ? { status: 400, body: '{}' }
        : { status: 200, body: JSON.stringify({ my: { out: tenWords } }) },
  },
  'template-stream': {
    files: templateFiles,
    intercept: () => ({
      status: 200,
      type: 'text/event-stream',
      body: [...tenWords.split(' ').map((text) => `data: {"text":" ${text}"}\n\n`), 'data: [DONE]\n\n'],
    }),
  },
  'template-bad': { files: { ...templateFiles, 't.json': '{"q": {{ text }} }' } },
  raw: { ...every4thFails, files: { 'd.jsonl': hello(false, (zz) => ({ zz })) } },
  'raw-stream': { files: { 'd.jsonl': hello(true, (zz) => ({ zz })) } },
  'raw-synthetic': plain,
};

const media: Readonly<Record<string, GoldenRun>> = {
  'chat-images': plain,
  'chat-audio': plain,
  'chat-video': plain,
  'responses-media': plain,
  'audio-bad-depth': plain,
};

const bodyOf = (content: string, max_tokens: number) => ({
  messages: [{ role: 'user', content }],
  ...{ model: 'zz', max_tokens },
});

const datasets: Readonly<Record<string, GoldenRun>> = {
  'batch-size': plain,
  'seq-dist': plain,
  'seq-dist-bracket': plain,
  'random-range': plain,
  'prefix-prompts': plain,
  'shared-system': plain,
  'shared-system-completions': plain,
  'system-prompt': plain,
  'cache-bust-first-turn': plain,
  'cache-bust-system': plain,
  'cache-bust-warmup': plain,
  'corpus-coding': plain,
  'corpus-random': plain,
  'multi-turn': { files: { 'd.jsonl': goldenText('multi-turn/input.jsonl') } },
  'mooncake-mixed': { files: { 'd.jsonl': goldenText('mooncake-mixed/input.jsonl') } },
  'rankings-file': { files: { 'd.jsonl': goldenText('rankings-file/input.jsonl') } },
  'raw-payload': { files: { 'd.jsonl': goldenText('raw-payload/input.jsonl') } },
  dag: { files: { 'd.jsonl': goldenText('dag/input.jsonl') } },
  'dag-spawn': { files: { 'd.jsonl': goldenText('dag-spawn/input.jsonl') } },
  'raw-payload-folder': {
    files: {
      'd/a.jsonl': jsonLines([bodyOf('a0', 3), bodyOf('a1', 4)]),
      'd/b.jsonl': jsonLines([bodyOf('b0', 3), bodyOf('b1', 4)]),
    },
  },
  'inputs-json': { files: { 'inputs.json': goldenText('inputs-json/input.json') } },
  'burst-gpt': { files: { 'd.csv': goldenText('burst-gpt/input.csv') } },
  bailian: { files: { 'd.jsonl': goldenText('bailian/input.jsonl') } },
  'bailian-promoted': { files: { 'd.jsonl': goldenText('bailian-promoted/input.jsonl') } },
  'random-pool': {
    files: {
      'd/p.jsonl': jsonLines([{ texts: ['p1', 'p2'] }, { texts: ['p3', 'p4'] }]),
      'd/q.jsonl': jsonLines([{ text: 'q a' }, { text: 'q b' }]),
    },
  },
};

const controls: Readonly<Record<string, GoldenRun>> = {
  'wait-inference': { server: { loadMs: 1500 } },
  'wait-both': { server: { model: 'm' } },
  'wait-messages': plain,
  'wait-models-404': {
    intercept: ({ line }) =>
      line.startsWith('GET /v1/models')
        ? { status: 404, body: '{}' }
        : line.startsWith('GET / ')
          ? { status: 200, body: 'ok', type: 'text/plain' }
          : undefined,
  },
  'wait-timeout': { server: { model: 'other' } },
  'control-hooks': plain,
  'control-hooks-fail': { intercept: () => ({ status: 500, body: 'no' }) },
  'profiler-fail': { intercept: () => ({ status: 500, body: 'no' }) },
  'failed-threshold': { server: { fail: 2 } },
  'rate-series': {
    files: { 'r.json': JSON.stringify([0, 1, 2].map((time_s) => ({ time_s, qps: 10 + 10 * time_s }))) },
  },
  'network-latency': plain,
  'network-latency-mean': plain,
  'outputs-json': { server: { fail: 3 } },
  'chat-template': plain,
  'per-chunk-usage': plain,
  'refused-tokenizer': plain,
};

/** The recorded runs that are made again. */
export const runs: Readonly<Record<string, GoldenRun>> = {
  ...serverPages,
  ...gpuPages,
  ...endpoints,
  ...media,
  ...datasets,
  ...controls,
};

/** Folders that are not compared, by the reason. */
export const skipped: Readonly<Record<string, readonly string[]>> = {
  'the search does not exist yet': [
    'search-bayesian',
    'search-concurrency-ramp',
    'search-decode-surface',
    'search-goodput',
    'search-grid-style',
    'search-isotonic',
    'search-monotonic',
    'search-pareto',
    'search-prefill-curve',
    'search-refused-1',
    'search-refused-2',
    'search-refused-3',
    'search-refused-4',
    'search-refused-5',
    'search-refused-7',
    'search-refused-8',
    'search-tiers',
    'search-unknown-metric',
  ],
  '--variant and --convergence-metric do not exist yet': ['variants', 'convergence'],
  'compared in api.test.ts': ['api'],
  'compared in exports.test.ts': ['otel', 'mlflow'],
  'this export does not exist yet': ['wandb'],
  'other commands, each tested by itself': ['commands'],
  'compared one by one below': ['answers', 'refused-at-start', 'refused-while-preparing'],
};
