import type { Excuse } from './excuse.js';

/** Differences that every set of runs has. */
export const shared: readonly Excuse[] = [
  { difference: /^files: file (.*\/)?run_config\.json is new$/, reason: 'a report of a killed run needs it' },
  {
    difference: /^files: file (.*\/)?(profile_export|foo)_series\.jsonl is new$/,
    reason: 'what the client observes of itself, over time',
  },
  {
    difference: /^((json|slices|server): input_config |run config: key cfg\.)runtime\.workers is new$/,
    reason: 'the number of load threads',
  },
  {
    difference: /^json: cli_command is (?=(.*) --ui 'none')\1 .*, there \1 --ui None /,
    reason: 'the value as it was typed',
  },
  {
    difference:
      /^(jsonl|json|csv|slices|slices csv|aggregate csv|sweep csv): .*requested[_ ]osl(\b|_).* is new$/i,
    reason: 'theirs shows it to developers only',
  },
  {
    difference:
      /^jsonl: metric of valid records (credit_to_start_latency|effective_latency|effective_time_to_first_token) is new$/,
    reason: 'decision 17: what each request waited from the time it was due',
  },
  {
    difference:
      /^(json: key |aggregate csv: row |sweep csv: column )effective_time_to_first_token(_\w+)?( in ms)? is new$|^csv: row Effective Time to First Token \(CO-aware\) \(ms\) is new$/,
    reason: 'decision 17',
  },
  {
    difference:
      /^(json: key|csv: row|jsonl: metric of .*|(console|table): row of .*) (output.token.throughput.per.user|active.decode.throughput).*(\n\(.*\))? is missing$|^console: panel Responses Not Streamed is new$/i,
    reason: 'a busy machine delivers an answer of few tokens in one piece',
    byChance: true,
  },
  { difference: /^json: key fidelity is new$/, reason: 'the verdict on the client' },
  {
    difference: /^[a-z ]+: .*(full.(decode|response)|e2e.(latency|normalized)).* is new$/i,
    reason: 'later versions of AIPerf have these; they measure whole responses and slow requests',
  },
  {
    difference: /^console: title AIPerf \| LLM Metrics: (Active|Effective|Usage) is missing$/,
    reason: 'decision 9: these tables are printed on request',
  },
  {
    difference:
      /^(console|table): (row of .*\(error-adjusted\)\n\(ms\) is missing|title .*failures = ∞.* is new)$/,
    reason: 'decision 22',
  },
  {
    difference: /^(json|slices|server): input_config datasets\.0\.entries is new$/,
    reason: 'the size of the dataset is known without an option',
  },
  {
    difference:
      /^(jsonl: (metadata key|form of metadata) of .*is_final_turn|(json: key|csv: row) (sessions?_?\w*|Session .*|(Requests|Agents) per Session) is new$|(console|table): title AIPerf \| (.* Metrics: Sessions|Requests by Turn) is new$)/,
    reason: 'metrics of sessions with several requests, and which request is the last of one',
  },
  { difference: /^json: key slo_attainment is new$/, reason: 'each objective by itself' },
  {
    difference:
      /^(console|table): (title AIPerf \| (SLO|Time slices of .* s)|sentence (Over )?\d+ complete slice.*) is new$/,
    reason: 'what --goodput and --slice-duration ask for',
  },
];
