import type { Excuse } from './excuse.js';
import { pages } from './excuses-pages.js';
import { shared } from './excuses-shared.js';

const rankings = ['nim-rankings', 'cohere-rankings', 'tei-rankings'];
const vectors = ['embeddings', 'embeddings-batch', 'chat-embeddings', 'nim-embeddings'];
const busting = ['cache-bust-first-turn', 'cache-bust-system', 'cache-bust-warmup'];
const controls = ['control-hooks', 'control-hooks-fail', 'profiler-fail'];
/** Runs that were refused before anything was sent. */
const refused = ['nim-embeddings-unequal', 'template-bad', 'raw-synthetic', 'audio-bad-depth'];

const files: readonly Excuse[] = [
  {
    difference: /^files: file logs\/aiperf\.log is missing$/,
    reason: 'nothing is written for a run that is refused',
    runs: [...refused, 'control-hooks-fail'],
  },
  {
    difference: /^files: file inputs\.json is new$/,
    reason: 'decision 19: it is left out for its size only',
    runs: [
      ...['raw', 'raw-stream', 'raw-payload', 'raw-payload-folder', 'inputs-json', 'mooncake-mixed'],
      ...['bailian', 'bailian-promoted', 'burst-gpt'],
    ],
  },
  {
    difference: /^files: file (\.aiperf_results_ready\.json|profile_export_.*\.(csv|json|txt)) is new$/,
    reason: 'decisions 42 and 51',
    runs: ['embeddings-foreign-object'],
  },
  {
    difference: /^files: file profile_export_warmup\.jsonl is new$/,
    reason: 'decision 25',
    runs: ['control-hooks', ...busting],
  },
  {
    difference: /^inputs: line 72 is +},, there +}$/,
    reason: 'decision 25: warm-up has a conversation of its own',
    runs: busting,
  },
  {
    difference: /^files: file profile_export\.jsonl is new$/,
    reason: 'the threads are ready when the server refuses: an empty file',
    runs: ['profiler-fail'],
  },
  { difference: /^exit: code 3, there 0$/, reason: 'decision 41', runs: ['failed-threshold'] },
  {
    difference:
      /^inputs: line 39 is +"session_id": "session_000001",, there +"session_id": "session_000000",$/,
    reason: 'a conversation without an id has the number of its place',
    runs: ['multi-turn'],
  },
];

const bailian = ['bailian', 'bailian-promoted'];
const traces: readonly Excuse[] = [
  {
    difference: /member messages\.0\.content: "<\|im_end\|> .*" is missing$/,
    reason: 'datasets.md §6, ours: no special tokens in the text of a block',
    runs: bailian,
  },
  {
    difference: /member messages\.0\.content: "waiting runs .*" is new$/,
    reason: 'decision 11: a corpus of our own',
    runs: bailian,
  },
  {
    difference: /member messages\.0\.content: ".*" is (missing|new)$/,
    reason: 'decision 11: a corpus of our own',
    runs: ['burst-gpt'],
  },
  {
    difference: /member messages\.[12]\.\w+: ".*" is missing$/,
    reason: 'datasets.md §5.5, ours: a row covers its history, which is not sent twice',
    runs: bailian,
  },
  {
    difference: /header X-(Correlation-ID|Session-Affinity): (fixed-schedule-\d+ is missing|UUID is new)$/,
    reason: 'decision 3: a trace is not promoted to a fixed schedule',
    runs: ['bailian-promoted'],
  },
];

const metrics: readonly Excuse[] = [
  {
    difference:
      /^(json: key|csv: row) (active|effective|tokens)[ _](\w+[ _])*(throughput|concurrency|flight)(\b|_).* is missing$/i,
    reason: 'endpoints.md §1.1, ours: rows of zeros are left out',
  },
  {
    difference:
      /^(json: key output_sequence_length|(csv|table): row .*Output Sequence Length.*) is missing$|^jsonl: metric of valid records output_sequence_length is missing$/,
    reason: 'endpoints.md §1, ours: no OSL of 0',
  },
  {
    difference:
      /^(json: key|csv: row|jsonl: metric of valid records) .*usage[ _](prompt|completion|total).* is new$/i,
    reason: 'endpoints.md §6.5, ours: usage of embeddings is read',
    runs: [...vectors, 'embeddings-two-turns'],
  },
  {
    difference:
      /^(json: key|csv: row|jsonl: metric of valid records) .*usage[ _](prompt|completion|total).* is new$/i,
    reason: 'usage of rankings is read as that of embeddings is',
    runs: ['nim-rankings', 'cohere-rankings'],
  },
  {
    difference:
      /^(json: key|csv: row|jsonl: metric of valid records) .*usage[ _](completion|total).* is new$/i,
    reason: 'our simulated server reports a total, theirs did not',
    runs: [
      'image-generation',
      'image-generation-stream',
      'image-edit',
      'audio-transcription',
      'audio-transcription-synthetic',
    ],
  },
  {
    difference:
      /^(csv: row|jsonl: metric of valid records) .*usage[ _]prompt[ _]cache[ _](read|write).* is missing$|^json: key .*usage_prompt_cache_.* is missing$/i,
    reason: 'the fake server of the recordings reported cache reads and writes, ours does not',
    runs: ['messages-stream'],
  },
  {
    difference:
      /^(json: key|csv: row|jsonl: metric of valid records) .*(usage[ _]prompt[ _]cache[ _]read|thinking[ _]efficiency).* is new$/i,
    reason: 'our simulated server reports cached and reasoning tokens of responses',
    runs: ['responses', 'responses-stream', 'responses-store', 'responses-media'],
  },
  {
    difference:
      /^(json: key|csv: row|jsonl: metric of .*|table: row of Rankings? Metrics) .*(input[ _](sequence|token)|(error|total)_isl).* is new$/i,
    reason: 'endpoints.md §5.6, ours: query and passages are counted',
    runs: [...rankings, 'rankings-file'],
  },
  {
    difference:
      /^(csv: row|jsonl: metric of valid records|table: row of .*) (audio.duration|inverse real|rtfx).*(\n\(ratio\))? is new$/i,
    reason: 'metrics.md §9, ours: audio from a file has its length, too',
    runs: ['audio-transcription'],
  },
  {
    difference: /^(csv: row|jsonl: metric of valid records) osl.mismatch.* is missing$/i,
    reason: 'metrics.md §6, ours: only where the endpoint knows the cap in a body',
    runs: ['template', 'template-stream', 'solido', 'solido-stream'],
  },
  {
    difference:
      /^(json: key|csv: row|jsonl: metric of valid records) http[ _].* is new$|^jsonl: metadata key of .* request_ack_ns is new$/i,
    reason: 'outputs.md §2: every valid record has them',
    runs: ['video-generation', 'video-generation-download'],
  },
  {
    difference: /^jsonl: error key of records of ValueError (cause_chain is missing|code is new)$/,
    reason: 'their exceptions have causes; a failure inside a 200 has the code 502 here (decision 40)',
    runs: ['embeddings-foreign-object'],
  },
  {
    difference: /^jsonl: error key of records of ValueError cause_chain is missing$/,
    reason: 'their exceptions have causes',
    runs: ['embeddings-two-turns'],
  },
  {
    difference: /^jsonl: metric of records of ValueError error_isl is new$/,
    reason: 'endpoints.md §8: a failed record carries the input length where it can be computed',
    runs: ['embeddings-two-turns'],
  },
];

const requests: readonly Excuse[] = [
  {
    difference: /^(inputs: line \d+ is +|requests: .* member )"?max_completion_tokens"?: \d+/,
    reason: 'lengths are drawn, by each program its own',
    runs: ['seq-dist', 'seq-dist-bracket', 'random-range'],
    byChance: true,
  },
  {
    difference: /^(exit|files|table|requests): /,
    reason: 'decision 30: completions have no place for system texts; theirs drops them silently',
    runs: ['shared-system-completions'],
  },
  {
    difference:
      /^requests: .* header (Accept-Encoding|Content-Type|User-Agent): (gzip|application\/octet|Python).* is missing$/,
    reason: 'defaults of their HTTP library',
    runs: controls,
  },
  {
    difference: /^requests: .* header Connection: close is new$/,
    reason: 'requests around the load leave no connection open',
    runs: [...controls, 'wait-inference', 'wait-both', 'wait-messages', 'wait-models-404', 'wait-timeout'],
  },
  {
    difference: /^requests: order of POST \/v1\/messages header is .*anthropic-version/,
    reason: 'in a probe theirs has the version before the key; endpoints.md §3 has one order',
    runs: ['wait-messages'],
  },
  {
    difference: /^requests: order of .* header is .*Content-Type: multipart\/form-data; boundary=B \|/,
    reason: "their HTTP library puts a form's type last; endpoints.md §3 has one order",
    runs: [
      'image-edit',
      'audio-transcription',
      'audio-transcription-synthetic',
      'video-generation',
      'video-generation-download',
    ],
  },
  {
    difference: /^requests: POST \/custom member plain: .* is (missing|new)$/,
    reason: 'endpoints.md §5.8, ours: no HTML escaping',
    runs: ['template', 'template-stream'],
  },
  {
    difference: /^requests: POST \/custom member role: (null is missing|"user" is new)$/,
    reason: 'the role of a row that names none is that of the bodies of all other types',
    runs: ['template', 'template-stream'],
  },
  {
    difference: /^requests: POST \/v1\/chat\/completions member messages\.1\.(content|role): .* is missing$/,
    reason: 'decision 38: a turn that failed is not in later history',
    runs: ['outputs-json'],
  },
  {
    difference: /^requests: POST \/v2\/rerank member documents\.\d: "WORDS" is (missing|new)$/,
    reason: 'the number of passages is drawn',
    runs: ['cohere-rankings'],
    byChance: true,
  },
];

const printed: readonly Excuse[] = [
  {
    difference: /^table: title AIPerf \| Latency by batch size is new$/,
    reason: 'requests with different numbers of passages are told apart',
    runs: ['cohere-rankings', 'rankings-file'],
  },
  {
    difference: /^console: sentence AIPerf \| INCOMPLETE RESULTS (Run is missing|The is new)$/,
    reason: 'the threshold is named',
    runs: ['failed-threshold'],
  },
  {
    difference: /^(console|table): cells of 400 is /,
    reason: 'each server words its refusals',
  },
  {
    difference: /^table: cells of N\/A is ValueError Embeddings endpoint only supports one turn\. 1, /,
    reason: 'a message, not the print of an exception',
    runs: ['embeddings-two-turns'],
  },
  {
    difference: /^table: panel (AIPerf System Exit Errors is missing|Error( Running AIPerf System)? is new)$/,
    reason: 'what is wrong with a command is told in one way, on stderr, also where their services find it',
    runs: refused,
  },
  {
    difference: /^table: fact (--input-type|0|1) is missing$/,
    reason: 'their message counts turns and names an option of another version',
    runs: ['raw-synthetic'],
  },
  {
    difference: /^stderr: (panel Error is new|sentence \[a Python traceback .* is missing)$/,
    reason: 'endpoints.md §10, ours: a message',
    runs: ['wait-timeout'],
  },
  {
    difference:
      /^console: (panel Output Sequence Length Mismatch Warning|sentence prefix\/KV caching.*) is missing$/,
    reason: 'our simulated server obeys the cap; advice on prompt caches that nobody asked for',
    runs: ['failed-threshold', 'gpu', 'gpu-half-down', 'gpu-down'],
  },
];

/** Differences of the runs in `golden2/`. */
export const excuses: readonly Excuse[] = [
  ...shared,
  ...pages,
  ...files,
  ...traces,
  ...metrics,
  ...requests,
  ...printed,
];
