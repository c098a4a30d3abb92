const weka = 'name the data set with --public-dataset hf://org/name';
const wandb =
  'send the run to MLflow with --mlflow-tracking-uri, or upload the summary JSON and profile_export.jsonl after the run';
const agentic = 'convert the trace to a multi_turn file and name it with --input-file';
const search = 'sweep a list such as --concurrency 1,2,4,8 with --goodput; the report recommends a point';

/** What to use instead of unsupported AIPerf options. Names have no dashes; a trailing `*` matches any ending. */
const instead: Readonly<Record<string, string>> = {
  'hf-weka-dataset': weka,
  'max-context-length': 'drop long prompts of a trace with --synthesis-max-isl',
  'use-think-time-only': agentic,
  'allow-dataset-wrap': 'a dataset starts over when --request-count exceeds it',
  'trace-session-sample-ratio': 'use aiperf trace cut --sample',

  'auto-plot': 'run aiperf plot on the artifact folder after the run',
  'plot-required': 'run aiperf plot on the artifact folder after the run',
  'wandb-*': wandb,

  'trajectory-start-*': agentic,
  'burst-phase-starts': agentic,
  'system-idle-gap-cap-seconds': agentic,
  'agentic-*': agentic,
  scenario: 'give the options of the scenario one by one, in a --config file if there are many',
  'unsafe-override': 'give the options of the scenario one by one, in a --config file if there are many',

  'vary-seed-per-trial': 'use --no-set-consistent-seed, which gives each repeat its own seed',
  'convergence-*': 'use --num-profile-runs, which repeats a fixed number of times',
  variant: 'use --sweep-type zip with one list per option',
  'sweep-variant': 'use --sweep-type zip with one list per option',
  'search-*': search,
  'optuna-*': search,
  'ttft-sla-ms': search,
  'itl-sla-ms': search,
  'tpot-sla-ms': search,
  'e2e-sla-ms': search,
  'error-rate-sla': search,
  'slo-attainment-fraction': search,
  'concurrency-min': search,
  'concurrency-max': search,
  'concurrency-steps': search,
  'isl-min': search,
  'isl-max': search,
  'isl-steps': search,
  'isl-osl-pairs': search,
  'osl-min': search,
  'osl-max': search,
  'osl-steps': search,
  'accuracy-*': 'measure accuracy with an evaluation tool, such as lm-evaluation-harness',
};

const artifactDir = '--artifact-dir names the folder for all files.';

/** Hints for options of other tools that neither AIPerf nor we have. */
const hints: Readonly<Record<string, string>> = {
  json: 'The summary is always written as JSON; aiperf report DIR --format json prints statistics as JSON.',
  output: artifactDir,
  'output-dir': artifactDir,
  out: artifactDir,
  o: artifactDir,
};

/**
 * The message that refuses an unsupported AIPerf option or an option of another tool; undefined for other
 * names.
 * @param name as the user wrote it, with or without leading dashes, with `-` or `_`.
 */
export function unsupportedOption(name: string): string | undefined {
  const plain = name.replace(/^-+/, '').replaceAll('_', '-');
  const way = insteadOf(plain);
  if (way !== undefined) return `${name} is an option of AIPerf that is not supported: ${way}.`;
  return Object.hasOwn(hints, plain) ? `Unknown option: ${name}. ${hints[plain]}` : undefined;
}

/** What to use instead of an unsupported AIPerf option; undefined for other names. */
export function insteadOf(name: string): string | undefined {
  const key = Object.keys(instead).find(
    (candidate) => candidate === name || (candidate.endsWith('*') && name.startsWith(candidate.slice(0, -1))),
  );
  return key === undefined ? undefined : instead[key];
}
