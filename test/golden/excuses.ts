import type { Excuse } from './excuse.js';
import { shared } from './excuses-shared.js';

const several = ['sweep', 'runs'];

const files: readonly Excuse[] = [
  {
    difference: /^server( csv)?: /,
    reason: 'another server wrote the page; golden2 has pages that ours repeats',
    runs: ['vllm'],
  },
  {
    difference: /^files: file sweep_config\.json is new$/,
    reason: 'what --resume needs',
    runs: [...several, 'grid'],
  },
  { difference: /^files: file profile_export_warmup\.jsonl is new$/, reason: 'decision 25', runs: ['warm'] },
  {
    difference: /^files: file logs\/aiperf\.log is missing$/,
    reason: 'the log is in the folder of the run only',
    runs: ['defaultdir'],
  },
  {
    difference:
      /^(files: file (.*\/)?(server_metrics_export|foo_server_metrics|phases\/\w+\/server_metrics)\.(csv|json) is new|manifest: key phases\.\d\.server_metrics_json is new)$/,
    reason: 'our simulated server has a page of metrics, theirs had none',
  },
  {
    difference:
      /^(console: title (AIPerf \| Server-side view: .*|http:.*\/metrics)|json: key server_(view|settings)) is new$/,
    reason: 'our simulated server is one whose counts are compared with ours',
  },
  {
    difference: /^(exit: code 1, there none|files: file .* is (missing|new)|(console|stderr): .*)$/,
    reason: 'ttft is understood; theirs does not know it, sends all requests, and never ends',
    runs: ['badgoodput'],
  },
  {
    difference: /^(exit: code 0, there 1$|files: file .* is new$|console: )/,
    reason: 'blocks of one id and two lengths are cut from one text; theirs refuses them',
    runs: ['startup'],
  },
  {
    difference:
      /^(files: file .* is new|console: (title AIPerf \| (Error Summary|LLM Metrics)|sentence CLI Command: aiperf profile --model) is new)$/,
    reason: 'decisions 42 and 51',
    runs: ['refused', 'dead'],
  },
  {
    difference: /^files: file telemetry\/\w+\.spool is new$/,
    reason: 'a busy machine has no time for it after an interrupt',
    runs: ['interrupted'],
    byChance: true,
  },
  { difference: /^exit: code 130, there 0$/, reason: 'decision 41', runs: ['interrupted'] },
];

const configuration: readonly Excuse[] = [
  {
    difference: /^json: value of input_config datasets\.0\.entries is 16, there 12$/,
    reason: 'decision 25: the warm-up has prompts of its own',
    runs: ['warm'],
  },
  {
    difference: /^json: value of input_config runtime\.ui is "simple", there "none"$/,
    reason: 'the default; theirs is the dashboard, and none without a terminal',
    runs: ['interrupted', 'grace'],
  },
  {
    difference: /^(json: input_config |run config: key cfg\.)\S+ is missing$/,
    reason:
      'for one of several runs theirs lists every default; ours lists what was set, as for a single run',
    runs: several,
  },
  {
    difference: /^(json: input_config |run config: key cfg\.)(otel|mlflow) is new$/,
    reason: 'the same: empty where theirs has defaults',
    runs: several,
  },
  {
    difference: /^run config: key (records_file|report\.\w+) is new$/,
    reason: 'what a report of a killed run needs',
    runs: several,
  },
  {
    difference: /^run config: key (variables|resolved\.\w+) is missing$/,
    reason: 'state of their launcher',
    runs: several,
  },
  {
    difference: /^(json: key of run_info|run info: key) first_session is new$/,
    reason: 'where in the dataset the run begins',
    runs: [...several, 'grid'],
  },
  { difference: /^run info: value of key random_seed is 7, there 8$/, reason: 'decision 27', runs: ['grid'] },
];

const metrics: readonly Excuse[] = [
  {
    difference: /^csv: section Endpoint,GPU_Index,.* is missing$/,
    reason: 'no empty table of GPUs where there are none',
  },
  {
    difference:
      /^(json: key|csv: row) (active|effective|tokens)[ _](\w+[ _])*(throughput|concurrency|flight)(\b|_).* is missing$/i,
    reason: 'without first tokens nobody knows prefill from decode: theirs has rows of zeros',
    runs: ['whole'],
  },
  {
    difference:
      /^(json: key|csv: row|jsonl: metric of valid records) .*(usage.reasoning|thinking.efficiency).* is new$/i,
    reason: 'our simulated server reports reasoning tokens, theirs did not',
    runs: ['think', 'short'],
  },
  {
    difference:
      /^csv: row (Credit Drop Latency|Stream (Prefill|Setup) Latency|M\w+ (Response|Request) Timestamp) .* is missing$/,
    reason: 'there is no developer mode; these are stages of their own services',
    runs: ['dev'],
  },
  {
    difference:
      /^(json: key (cancelled_request_count|planned_cancellation_count|request_failure_rate)|(csv: row|console: row of LLM Metrics) (Cancelled Request Count|Planned Cancellations|Request Failure Rate).*) is new$|^console: row of LLM Metrics Request Error Rate \(%\) is missing$/,
    reason: 'decision 45',
    runs: ['cancel'],
  },
  {
    difference: /^(csv: (row|cells of) .*\(error-adjusted\)|json: (key|statistic of) adj_)/,
    reason: 'decision 50, and how many are cancelled is drawn',
    runs: ['cancel'],
    byChance: true,
  },
  {
    difference:
      /^(jsonl: outcome records of RequestCancellationError|json: key (error_request_count|error_isl|total_error_isl)) is new$/,
    reason: 'decision 28',
    runs: ['interrupted', 'grace'],
  },
  {
    difference:
      /^(json: key of error ClientPayloadError error_details\.|jsonl: error key of records of ClientPayloadError )cause(_chain)? is missing$/,
    reason: 'their HTTP client wraps one exception in another',
    runs: ['errors'],
  },
];

const forms: readonly Excuse[] = [
  {
    difference: /^(csv|slices csv|aggregate csv|sweep csv): line end is CRLF, there LF$/,
    reason: 'the recorded copies lost the CR of the original, which writes CRLF',
  },
  {
    difference: /^slices: key of (a|the last) slice timeslice_index is new$/,
    reason: 'decision 5',
    runs: ['good'],
  },
  {
    difference: /^sweep: key trade_offs is new$/,
    reason: 'what the points come to',
    runs: ['sweep', 'grid'],
  },
  {
    difference:
      /^sweep: (best configuration best_\w+: parameters,metric,unit is new|pareto_optimal is points, there none)$/,
    reason: 'theirs looks for keys that one run per value does not have, and finds none',
    runs: ['sweep'],
  },
  {
    difference: /^jsonl: response header of .* is (new|missing)$/,
    reason: 'another server writes other headers',
    runs: ['trace'],
  },
  {
    difference:
      /^jsonl: trace key of records of Bad Request ((local|remote)_(ip|port)|tcp_connect_(start|end)_ns|connecting_ns|connection_reused_ns) is (new|missing)$/,
    reason: 'a refused request has its connection too, and may be the first on it',
    runs: ['trace'],
    byChance: true,
  },
];

const printed: readonly Excuse[] = [
  {
    difference: /^console: title AIPerf \| Error Summary is missing$/,
    reason: 'decision 45: what was cancelled on purpose is no error',
    runs: ['cancel'],
  },
  {
    difference: /^console: title AIPerf \| Error Summary is new$/,
    reason: 'decision 28: so has what was in flight at the end',
    runs: ['interrupted', 'grace'],
  },
  {
    difference: /^console: title AIPerf \| LLM Metrics is new$/,
    reason: 'only the end of the output is recorded',
    runs: ['prefix', 'defaultdir'],
  },
  {
    difference: /^stderr: fact --osl is missing$/,
    reason: 'an unlike name is no suggestion',
    runs: ['badoption'],
  },
  {
    difference:
      /^console: row of LLM Metrics (Effective|Active|Tokens In Flight|Credit-to-Start)[^\n]*(\n\(.*\))? is missing$/,
    reason: 'decision 9; their titles were cut from the recording',
    runs: ['interrupted'],
  },
  {
    difference: /^console: title AIPerf \| (Experimental|Internal) Metrics is missing$/,
    reason: 'there is no developer mode',
    runs: ['dev'],
  },
  {
    difference: /^console: (panel|sentence No) GPU .* is missing$/,
    reason: 'nothing is written about GPUs where there are none',
  },
  {
    difference: /^console: sentence Token usage is reported but is missing$/,
    reason: 'advice on prompt caches that nobody asked for',
  },
  {
    difference: /^console: cells of (400|499|N\/A) is /,
    reason: 'each server words its refusals, each client its broken streams; how many are cancelled is drawn',
    runs: ['errors', 'cancel', 'trace'],
    byChance: true,
  },
  {
    difference: /^console: panel Token Count Discrepancy Warning is new$/,
    reason: 'only the end of the output is recorded',
    runs: ['prefix', 'defaultdir'],
  },
  {
    difference: /^console: panel Output Sequence Length Mismatch Warning is missing$/,
    reason: 'random weights made other tokens than they were read as',
    runs: ['vllm'],
  },
  {
    difference: /^console: sentence (Coordinated omission|Late sending): .* is new$/,
    reason: 'decision 17: late sends are a result',
    byChance: true,
  },
  {
    difference: /^console: order of row of Error Summary is /,
    reason: 'which of two errors comes first differs from run to run',
    runs: ['errors'],
    byChance: true,
  },
  {
    difference: /^console: panel Responses Not Streamed is new$/,
    reason: 'a busy machine delivers an answer of few tokens in one piece',
    byChance: true,
  },
  {
    difference: /^stderr: panel AIPerf Developer Mode is missing$/,
    reason: 'there is no developer mode',
    runs: ['dev'],
  },
  {
    difference: /^stderr: sentence (Profiling|Processing Records): .* is (missing|new)$/,
    reason: 'decision 24: progress has lines of its own, the more the busier the machine is',
    runs: ['servertokens', 'dev'],
    byChance: true,
  },
];

/** Differences of the runs in `golden/`. */
export const excuses: readonly Excuse[] = [
  ...shared,
  ...files,
  ...configuration,
  ...metrics,
  ...forms,
  ...printed,
];
