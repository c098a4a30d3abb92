import { MAX_TOKENS, MAX_TURNS } from '../util/limits.js';
import { logLevels } from '../util/log.js';
import { audioOptions } from './audio-options.js';
import { isBaseUrl } from './base-url.js';
import { basetenOptions } from './baseten-options.js';
import { clusterOptions } from './cluster-options.js';
import { controlOptions } from './control-options.js';
import { datasetTypes } from './dataset-types.js';
import { environment } from './environment.js';
import { gpuOptions } from './gpu-options.js';
import { imageOptions } from './image-options.js';
import { headers, keyValues } from './key-values.js';
import { liveOptions } from './live-options.js';
import { loadOptions } from './load-options.js';
import { isExportPrefix, MAX_PREFIX_BYTES } from './names.js';
import type { ConfigOf, OptionTable } from './option.js';
import {
  choice,
  choices,
  flag,
  headerName,
  headerValue,
  integer,
  list,
  number,
  path,
  text,
} from './option-kinds.js';
import { promptOptions } from './prompt-options.js';
import { publicOptions } from './public-options.js';
import { rankingsOptions } from './rankings-options.js';
import { replayOptions } from './replay-options.js';
import { shardOptions } from './shard-options.js';
import { slos } from './slos.js';
import { sweepOptions } from './sweep-options.js';
import { synthesisOptions } from './synthesis-options.js';
import { telemetryOptions } from './telemetry-options.js';
import { videoOptions } from './video-options.js';

/** Server APIs; `endpoint/` implements each. */
export const endpointTypes = [
  'chat',
  'completions',
  'responses',
  'messages',
  'huggingface_generate',
  'sglang_generate',
  'embeddings',
  'chat_embeddings',
  'nim_embeddings',
  'nim_rankings',
  'cohere_rankings',
  'hf_tei_rankings',
  'solido_rag',
  'raw',
  'template',
  'audio_transcription',
  'audio_speech',
  'image_generation',
  'image_edit',
  'image_retrieval',
  'video_generation',
] as const;

/** All options and settings of `aiperf profile`. */
export const profileOptions = {
  models: list({
    flags: ['--model', '--model-names', '-m'],
    group: 'Endpoint',
    items: 'names of models',
    required: true,
    missing: 'name the model to ask for, e.g. --model Qwen/Qwen3-0.6B',
    help: 'Models to request; each names its tokenizer unless --tokenizer is given.',
  }),
  modelSelectionStrategy: choice(['round_robin', 'random'], {
    flags: ['--model-selection-strategy'],
    group: 'Endpoint',
    default: 'round_robin',
    help: 'Assign several models to turns round-robin, or at random.',
  }),
  customEndpoint: text({
    flags: ['--custom-endpoint', '--endpoint'],
    group: 'Endpoint',
    metavar: '<path>',
    allowsEmpty: true,
    defaultText: "the endpoint type's path",
    help: "Replace the endpoint type's path; an empty path appends nothing to the URL.",
  }),
  endpointType: choice(endpointTypes, {
    flags: ['--endpoint-type'],
    group: 'Endpoint',
    default: 'chat',
    help: 'API of the server.',
  }),
  streaming: flag({
    flags: ['--streaming'],
    group: 'Endpoint',
    help: 'Request streamed responses; TTFT, ITL and other per-token metrics need it.',
  }),
  urls: list({
    flags: ['--url', '-u'],
    group: 'Endpoint',
    items: 'URLs like http://HOST:PORT or https://HOST',
    greedy: true,
    item: isBaseUrl,
    default: ['http://localhost:8000'],
    help: 'Base URLs of the servers; http:// is optional.',
  }),
  urlStrategy: choice(['round_robin'], {
    flags: ['--url-strategy'],
    group: 'Endpoint',
    default: 'round_robin',
    help: 'Assign sessions to several URLs round-robin.',
  }),
  requestTimeoutSeconds: number({
    flags: ['--request-timeout-seconds'],
    group: 'Endpoint',
    min: 0,
    default: 21_600,
    help: 'Fail a request that takes longer than N seconds. 0: no limit.',
  }),
  connectTimeoutSeconds: number({
    flags: ['--connect-timeout-seconds'],
    group: 'Endpoint',
    min: 0,
    default: 30,
    help: 'Fail a connection whose name lookup, TCP and TLS take longer than N seconds together. 0: no limit.',
  }),
  apiKey: headerValue({
    flags: ['--api-key'],
    env: 'AIPERF_API_KEY',
    group: 'Endpoint',
    secret: true,
    help: 'Sent as "Authorization: Bearer …"; masked in every file and log.',
  }),
  transport: choice(['http', 'undici'], {
    flags: ['--transport', '--transport-type'],
    group: 'Endpoint',
    default: 'http',
    help: 'HTTP client: our own, with precise timing, or undici for HTTP/2, proxies and Unix sockets.',
  }),
  http2: flag({
    flags: ['--http2'],
    group: 'Endpoint',
    help: 'Use HTTP/2 if the server offers it; needs --transport undici.',
  }),
  unixSocket: path({
    flags: ['--unix-socket'],
    group: 'Endpoint',
    existing: 'socket',
    help: 'Send every request through this socket; needs --transport undici.',
  }),
  tlsCaFile: path({
    flags: ['--tls-ca-file'],
    group: 'Endpoint',
    existing: 'file',
    help: 'PEM file with the authorities to trust.',
  }),
  tlsCertFile: path({
    flags: ['--tls-cert-file'],
    group: 'Endpoint',
    existing: 'file',
    help: 'PEM file with the client certificate; needs --tls-key-file.',
  }),
  tlsKeyFile: path({
    flags: ['--tls-key-file'],
    group: 'Endpoint',
    existing: 'file',
    help: 'PEM file with the key of the client certificate.',
  }),
  tlsInsecure: flag({
    flags: ['--tls-insecure'],
    group: 'Endpoint',
    help: "Do not check the server's certificate.",
  }),
  useLegacyMaxTokens: flag({
    flags: ['--use-legacy-max-tokens'],
    group: 'Endpoint',
    help: 'Send max_tokens instead of max_completion_tokens to chat endpoints.',
  }),
  useServerTokenCount: flag({
    flags: ['--use-server-token-count'],
    group: 'Endpoint',
    help: "Use the token counts of the server's usage instead of counting with a tokenizer.",
  }),
  perChunkUsage: flag({
    flags: ['--per-chunk-usage'],
    group: 'Endpoint',
    help: 'Ask for usage in every chunk: ITL is then the decode time by the tokens after the first chunk, not by all but one. For servers whose first chunk holds several tokens.',
  }),
  connectionReuseStrategy: choice(['pooled', 'never', 'sticky-user-sessions'], {
    flags: ['--connection-reuse-strategy'],
    group: 'Endpoint',
    default: 'pooled',
    help: 'Whether requests share connections, open one each, or share one per session.',
  }),
  streamEnd: choice(['marked', 'any'], {
    flags: ['--stream-end'],
    group: 'Endpoint',
    default: 'marked',
    help: 'marked: a stream without [DONE] and finish_reason fails; any: it is complete.',
  }),
  downloadVideoContent: flag({
    flags: ['--download-video-content'],
    group: 'Endpoint',
    help: 'Fetch each generated video, as part of its request; needs an endpoint type that generates videos.',
  }),
  requestContentType: choice(['application/json', 'multipart/form-data'], {
    flags: ['--request-content-type'],
    group: 'Endpoint',
    defaultText: "the endpoint type's",
    help: 'Content type of requests; refused if it is not that of the endpoint type.',
  }),
  uuidAndStrip: flag({
    flags: ['--uuid-and-strip'],
    group: 'Endpoint',
    help: 'Leave out the content of images whose ids (image_uuids) an earlier row of the session had: servers take them from their cache; for chat and single_turn files.',
  }),
  sessionHeader: headerName({
    flags: ['--session-header'],
    group: 'Endpoint',
    default: 'X-Correlation-ID',
    help: 'Header that carries the session id.',
  }),

  tokenizer: text({
    flags: ['--tokenizer'],
    group: 'Tokenizer',
    metavar: '<name>',
    defaultText: "the model's",
    help: 'Hugging Face ID, local folder, or builtin (bundled with aiperf).',
  }),
  tokenizerRevision: text({
    flags: ['--tokenizer-revision'],
    group: 'Tokenizer',
    default: 'main',
    help: 'Revision on the hub.',
  }),
  tokenizerTrustRemoteCode: flag({
    flags: ['--tokenizer-trust-remote-code'],
    group: 'Tokenizer',
    help: 'Accepted with a warning: no tokenizer code is ever run here.',
  }),
  applyChatTemplate: flag({
    flags: ['--apply-chat-template'],
    group: 'Tokenizer',
    help: "Input lengths include the tokenizer's chat template: synthetic prompts are shorter by it, and ISL counts the rendered chat; for endpoint types that take chats.",
  }),

  extraInputs: keyValues({
    flags: ['--extra-inputs'],
    group: 'Input',
    default: {},
    help: 'Merge into every request body, e.g. ignore_eos:true or \'chat_template_kwargs:{"enable_thinking":false}\'.',
  }),
  headers: headers({
    flags: ['--header', '-H'],
    group: 'Input',
    default: {},
    help: 'Add HTTP headers to every request.',
  }),
  inputFile: path({
    flags: ['--input-file'],
    group: 'Input',
    existing: 'file or directory',
    defaultText: 'synthetic prompts',
    help: 'File of requests or conversations to send: JSON lines or a JSON array; may be .gz. Some types take a folder.',
  }),
  customDatasetType: choice(datasetTypes, {
    flags: ['--custom-dataset-type'],
    group: 'Input',
    metavar: '<type>',
    defaultText: 'detected from the content',
    help: 'Format of --input-file, such as mooncake_trace or sharegpt; docs/datasets.md lists them.',
  }),
  ...publicOptions,
  datasetSamplingStrategy: choice(['sequential', 'random', 'shuffle'], {
    flags: ['--dataset-sampling-strategy'],
    group: 'Input',
    default: 'sequential',
    help: 'Order in which conversations are sent. random: with replacement; shuffle: each once per pass.',
  }),
  randomSeed: integer({
    flags: ['--random-seed'],
    group: 'Input',
    min: 0,
    defaultText: 'random; 42 for a sweep or repeats',
    help: 'Seed of prompts, sampling, arrivals and cancellations: the same seed gives the same run.',
  }),
  ignoreTraceDelays: flag({
    flags: ['--ignore-trace-delays'],
    group: 'Input',
    help: 'Ignore the timestamps and delays of --input-file.',
  }),
  exportInputs: choice(['auto', 'always', 'never'], {
    flags: ['--export-inputs'],
    group: 'Input',
    default: 'auto',
    help: 'Whether inputs.json is written; auto: unless it would exceed 200 MB.',
  }),

  configFile: path({
    flags: ['--config', '-f'],
    group: 'Input',
    existing: 'file',
    help: "YAML file of options, by their names without dashes, or AIPerf's own form with benchmark, sweep, multiRun; flags win.",
  }),

  artifactDir: path({
    flags: ['--artifact-dir', '--output-artifact-dir'],
    group: 'Output',
    defaultText: 'artifacts/<model>-openai-<endpoint type>-<load, such as concurrency10>',
    help: 'Folder for all files of the run.',
  }),
  overwrite: flag({
    flags: ['--overwrite'],
    group: 'Output',
    help: 'Remove the files of an earlier run in that folder. Without it they are moved to previous/ in it.',
  }),
  profileExportPrefix: text({
    flags: ['--profile-export-prefix', '--profile-export-file'],
    group: 'Output',
    metavar: '<name>',
    what: `the beginning of file names, at most ${MAX_PREFIX_BYTES} bytes, without a path and without a leading dot, and not that of another file of the run`,
    isValid: isExportPrefix,
    defaultText: 'profile_export',
    help: 'Base name of the exported files in that folder; known endings are stripped from it.',
  }),
  exportLevel: choice(['summary', 'records', 'raw'], {
    flags: ['--export-level', '--profile-export-level'],
    group: 'Output',
    default: 'records',
    help: 'summary: JSON and CSV; records: also a line per request; raw: also full requests and responses.',
  }),
  report: flag({
    flags: ['--report'],
    group: 'Output',
    help: 'Write report.html: the run as one self-contained page.',
  }),
  goodput: slos({
    flags: ['--goodput'],
    group: 'Output',
    help: 'SLOs that a good request meets, in display units: latencies are at most N, rates at least N. Abbreviations: TTFT, ITL, TPOT, E2E, ISL, OSL.',
  }),
  sliceDuration: number({
    flags: ['--slice-duration'],
    group: 'Output',
    above: 0,
    help: 'Compute metrics per time slice of N seconds; below --benchmark-duration.',
  }),
  strictFidelity: flag({
    flags: ['--strict-fidelity'],
    group: 'Output',
    help: 'Exit with 3 if the run is "client limited": delays of this client affect the results.',
  }),
  tables: choices(['all', 'schedule', 'effective', 'active', 'usage', 'reasoning', 'http', 'adjusted'], {
    flags: ['--tables'],
    group: 'Output',
    default: [],
    defaultText: 'none',
    help: 'Print more tables; schedule: send delay, and latency from the due time; effective, active: concurrency and token rates over time.',
  }),
  showTraceTiming: flag({
    flags: ['--show-trace-timing'],
    group: 'Output',
    help: 'Print the table of HTTP timing, as --tables http does.',
  }),
  exportOutputsJson: flag({
    flags: ['--export-outputs-json'],
    group: 'Output',
    help: 'Write outputs.json: the text of every response with its main metrics.',
  }),
  exportHttpTrace: flag({
    flags: ['--export-http-trace'],
    group: 'Output',
    help: 'Add trace_data to each record: wire timestamps, headers, addresses.',
  }),

  conversationNum: integer({
    flags: ['--conversation-num', '--num-conversations', '--num-sessions'],
    sweeps: 'sessions',
    group: 'Conversation',
    min: 1,
    help: 'Stop after N conversations.',
  }),
  numDatasetEntries: integer({
    flags: ['--num-dataset-entries', '--num-prompts'],
    group: 'Conversation',
    min: 1,
    defaultText: '--conversation-num, --request-count, or 100',
    help: 'Number of distinct conversations; only for synthetic prompts and random_pool files.',
  }),
  conversationTurnMean: integer({
    flags: ['--conversation-turn-mean', '--session-turns-mean'],
    sweeps: 'turns',
    group: 'Conversation',
    min: 1,
    max: MAX_TURNS,
    default: 1,
    help: 'Mean turns per conversation.',
  }),
  conversationTurnStddev: integer({
    flags: ['--conversation-turn-stddev', '--session-turns-stddev'],
    group: 'Conversation',
    min: 0,
    max: MAX_TURNS,
    default: 0,
    help: 'Standard deviation of the turns per conversation.',
  }),
  conversationTurnDelayMean: number({
    flags: ['--conversation-turn-delay-mean', '--session-turn-delay-mean'],
    group: 'Conversation',
    min: 0,
    default: 0,
    help: 'Mean wait before every turn but the first, ms.',
  }),
  conversationTurnDelayStddev: number({
    flags: ['--conversation-turn-delay-stddev', '--session-turn-delay-stddev'],
    group: 'Conversation',
    min: 0,
    default: 0,
    help: 'Standard deviation of that wait, ms.',
  }),
  conversationTurnDelayRatio: number({
    flags: ['--conversation-turn-delay-ratio', '--session-delay-ratio'],
    group: 'Conversation',
    min: 0,
    default: 1,
    help: 'Multiply every wait by N.',
  }),

  isl: integer({
    flags: ['--isl', '--prompt-input-tokens-mean', '--synthetic-input-tokens-mean'],
    sweeps: 'isl',
    group: 'Prompt',
    min: 0,
    max: MAX_TOKENS,
    default: 550,
    help: 'Mean length of synthetic prompts, tokens.',
  }),
  islStddev: number({
    flags: ['--isl-stddev', '--prompt-input-tokens-stddev', '--synthetic-input-tokens-stddev'],
    sweeps: 'isl_stddev',
    group: 'Prompt',
    min: 0,
    max: MAX_TOKENS,
    default: 0,
    help: 'Standard deviation of the prompt length.',
  }),
  islAsTokenIds: flag({
    flags: ['--isl-as-token-ids'],
    group: 'Prompt',
    help: 'Send generated prompts as token ids, of exactly --isl tokens at the server; for completions (vLLM) and sglang_generate.',
  }),
  islBlockSize: integer({
    flags: ['--isl-block-size', '--prompt-input-tokens-block-size', '--synthetic-input-tokens-block-size'],
    group: 'Prompt',
    min: 1,
    max: MAX_TOKENS,
    defaultText: "the trace type's: 512 for mooncake_trace, 16 for bailian_trace",
    help: 'Tokens per hash id of a trace.',
  }),
  osl: integer({
    flags: ['--osl', '--prompt-output-tokens-mean', '--output-tokens-mean'],
    sweeps: 'osl',
    group: 'Prompt',
    min: 0,
    max: MAX_TOKENS,
    defaultText: 'no cap',
    help: 'Mean maximum output length sent to the server, tokens; 0: none. The server may stop earlier.',
  }),
  oslStddev: number({
    flags: ['--osl-stddev', '--prompt-output-tokens-stddev', '--output-tokens-stddev'],
    sweeps: 'osl_stddev',
    group: 'Prompt',
    min: 0,
    max: MAX_TOKENS,
    default: 0,
    help: 'Standard deviation of that length; needs --osl.',
  }),

  ...promptOptions,

  ...imageOptions,

  ...audioOptions,

  ...videoOptions,
  promptBatchSize: integer({
    flags: ['--prompt-batch-size', '--batch-size-text', '--batch-size', '-b'],
    group: 'Prompt',
    min: 0,
    max: 100_000,
    default: 1,
    help: 'Synthetic texts per request, or texts drawn from a random_pool file; embeddings endpoints make a vector of each.',
  }),

  ...rankingsOptions,

  ...replayOptions,
  ...basetenOptions,

  ...synthesisOptions,

  ...loadOptions,

  ...controlOptions,

  ...clusterOptions,

  ...telemetryOptions,

  ...gpuOptions,

  ...sweepOptions,

  ...shardOptions,

  ...liveOptions,

  logLevel: choice(logLevels, {
    flags: ['--log-level'],
    group: 'Service',
    default: 'INFO',
    help: 'Minimum log level.',
  }),
  verbose: flag({ flags: ['--verbose', '-v'], group: 'Service', help: 'Same as --log-level DEBUG.' }),
  extraVerbose: flag({
    flags: ['--extra-verbose', '-vv'],
    group: 'Service',
    help: 'Same as --log-level TRACE.',
  }),
  workersMax: integer({
    flags: ['--workers-max', '--max-workers'],
    group: 'Service',
    min: 1,
    defaultText: 'no limit',
    help: 'Maximum number of load threads; fewer are started if cores or load are too few.',
  }),
  loadThreads: integer({
    flags: ['--load-threads'],
    group: 'Service',
    min: 1,
    max: 256,
    defaultText: 'by cores and concurrency, at most --workers-max',
    help: 'Use exactly N load threads, even beyond the cores; never more than requests in flight.',
  }),
  recordProcessors: integer({
    flags: ['--record-processor-service-count', '--record-processors'],
    group: 'Service',
    min: 1,
    help: 'Accepted with a warning: it has no effect here.',
  }),
  zmqHost: text({
    flags: ['--zmq-host'],
    group: 'Service',
    help: 'Accepted with a warning: it has no effect here.',
  }),
  zmqIpcPath: text({
    flags: ['--zmq-ipc-path'],
    group: 'Service',
    help: 'Accepted with a warning: it has no effect here.',
  }),

  zmqDualBind: flag({
    flags: ['--zmq-dual-bind'],
    group: 'Service',
    help: 'Accepted with a warning: it has no effect here.',
  }),
  noAutoPlot: flag({
    flags: ['--no-auto-plot'],
    group: 'Service',
    help: 'Accepted: plots are made by aiperf plot only.',
  }),

  ...environment,
} satisfies OptionTable;

/** The configuration of `aiperf profile`, with defaults. */
export type Config = ConfigOf<typeof profileOptions>;
