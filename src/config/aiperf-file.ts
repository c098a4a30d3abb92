import { isObject } from '../util/json.js';
import type { FileEntry } from './file.js';

/** Where something is in the file: keys and places in lists, as written. */
type Place = readonly (string | number)[];

/** What a file in AIPerf's own form says, in the names of the command line. */
export interface AiperfFile {
  /** Values by the name of an option without its dashes. */
  readonly entries: ReadonlyMap<string, FileEntry>;
  readonly errors: readonly string[];
}

/** Keys that only AIPerf's form has at the top. */
const marks = ['schemaVersion', 'schema_version', 'benchmark'];

const meanAndStddev = (path: string, option: string): Record<string, string> => ({
  [path]: option,
  [`${path}.mean`]: option,
  [`${path}.stddev`]: `${option}-stddev`,
});

const ramped = (path: string, option: string): Record<string, string> => ({
  [path]: option,
  [`${path}.duration`]: option,
});

/**
 * Options by path; '' for what has no meaning here. Lists of data sets and phases are `dataset`, `profiling` and
 * `warmup`; keys are in snake_case, and what is below `benchmark` is at the top.
 */
const options: ReadonlyMap<string, string> = new Map(
  Object.entries({
    schema_version: '',
    random_seed: 'random-seed',
    no_sweep_table: 'no-sweep-table',
    'sweep.type': 'sweep-type',
    'multi_run.num_runs': 'num-profile-runs',
    'multi_run.confidence_level': 'confidence-level',
    model: 'model',
    models: 'model',
    'models.items': 'model',
    'models.strategy': 'model-selection-strategy',
    'endpoint.url': 'url',
    'endpoint.urls': 'url',
    'endpoint.type': 'endpoint-type',
    'endpoint.streaming': 'streaming',
    'endpoint.path': 'custom-endpoint',
    'endpoint.api_key': 'api-key',
    'endpoint.timeout': 'request-timeout-seconds',
    'endpoint.connection_reuse': 'connection-reuse-strategy',
    'endpoint.use_legacy_max_tokens': 'use-legacy-max-tokens',
    'endpoint.use_server_token_count': 'use-server-token-count',
    'endpoint.headers': 'header',
    'endpoint.extra': 'extra-inputs',
    'endpoint.session_header': 'session-header',
    'dataset.name': '',
    'dataset.entries': 'num-dataset-entries',
    'dataset.random_seed': 'random-seed',
    'dataset.sampling': 'dataset-sampling-strategy',
    ...meanAndStddev('dataset.prompts.isl', 'isl'),
    ...meanAndStddev('dataset.prompts.osl', 'osl'),
    ...meanAndStddev('dataset.osl', 'osl'),
    'dataset.turns': 'conversation-turn-mean',
    'dataset.turns.mean': 'conversation-turn-mean',
    'dataset.turns.stddev': 'conversation-turn-stddev',
    'dataset.turn_delay': 'conversation-turn-delay-mean',
    'dataset.turn_delay.mean': 'conversation-turn-delay-mean',
    'dataset.turn_delay.stddev': 'conversation-turn-delay-stddev',
    'dataset.turn_delay_ratio': 'conversation-turn-delay-ratio',
    'dataset.path': 'input-file',
    'dataset.format': 'custom-dataset-type',
    'dataset.block_size': 'isl-block-size',
    'dataset.ignore_trace_delays': 'ignore-trace-delays',
    'dataset.synthesis.speedup_ratio': 'synthesis-speedup-ratio',
    'dataset.synthesis.prefix_len_multiplier': 'synthesis-prefix-len-multiplier',
    'dataset.synthesis.prefix_root_multiplier': 'synthesis-prefix-root-multiplier',
    'dataset.synthesis.prompt_len_multiplier': 'synthesis-prompt-len-multiplier',
    'dataset.synthesis.output_len_multiplier': 'synthesis-output-len-multiplier',
    'dataset.synthesis.max_isl': 'synthesis-max-isl',
    'dataset.synthesis.max_osl': 'synthesis-max-osl',
    'profiling.name': '',
    'profiling.kind': '',
    'profiling.exclude_from_results': '',
    'profiling.requests': 'request-count',
    'profiling.duration': 'benchmark-duration',
    'profiling.sessions': 'conversation-num',
    'profiling.concurrency': 'concurrency',
    ...ramped('profiling.concurrency_ramp', 'concurrency-ramp-duration'),
    'profiling.prefill_concurrency': 'prefill-concurrency',
    ...ramped('profiling.prefill_ramp', 'prefill-concurrency-ramp-duration'),
    'profiling.grace_period': 'benchmark-grace-period',
    'profiling.rate': 'request-rate',
    ...ramped('profiling.rate_ramp', 'request-rate-ramp-duration'),
    'profiling.smoothness': 'arrival-smoothness',
    'profiling.users': 'num-users',
    'profiling.cancellation.rate': 'request-cancellation-rate',
    'profiling.cancellation.delay': 'request-cancellation-delay',
    'profiling.auto_offset': 'fixed-schedule-auto-offset',
    'profiling.start_offset': 'fixed-schedule-start-offset',
    'profiling.end_offset': 'fixed-schedule-end-offset',
    'warmup.name': '',
    'warmup.kind': '',
    'warmup.exclude_from_results': '',
    'warmup.requests': 'warmup-request-count',
    'warmup.duration': 'warmup-duration',
    'warmup.sessions': 'num-warmup-sessions',
    'warmup.concurrency': 'warmup-concurrency',
    ...ramped('warmup.concurrency_ramp', 'warmup-concurrency-ramp-duration'),
    'warmup.prefill_concurrency': 'warmup-prefill-concurrency',
    ...ramped('warmup.prefill_ramp', 'warmup-prefill-concurrency-ramp-duration'),
    'warmup.grace_period': 'warmup-grace-period',
    'warmup.rate': 'warmup-request-rate',
    ...ramped('warmup.rate_ramp', 'warmup-request-rate-ramp-duration'),
    slos: 'goodput',
    'tokenizer.name': 'tokenizer',
    'tokenizer.revision': 'tokenizer-revision',
    'tokenizer.trust_remote_code': 'tokenizer-trust-remote-code',
    'artifacts.dir': 'artifact-dir',
    'artifacts.prefix': 'profile-export-prefix',
    'artifacts.trace': 'export-http-trace',
    'artifacts.slice_duration': 'slice-duration',
    'artifacts.show_trace_timing': 'show-trace-timing',
    'runtime.ui': 'ui-type',
    'runtime.workers': 'workers-max',
    'logging.level': 'log-level',
  }),
);

/** What may only be off here. */
const off = new Set([
  ...['gpu_telemetry.enabled', 'server_metrics.enabled', 'network_latency.enabled'],
  ...['artifacts.auto_plot', 'artifacts.plot_required'],
]);

const arrivals = ['constant', 'poisson', 'gamma'];

/** Whether the keys at the top of a file are those of AIPerf's own form. */
export function isAiperfForm(keys: readonly string[]): boolean {
  return keys.some((key) => marks.includes(key));
}

/**
 * Reads AIPerf's own form of a config file (`schemaVersion`, `benchmark: …`) as AIPerf reads it.
 * @param root the file's mapping. @param locate `file:line:column` of what is there.
 */
export function readAiperfForm(
  root: Readonly<Record<string, unknown>>,
  locate: (place: Place) => string,
): AiperfFile {
  const entries = new Map<string, FileEntry>();
  const errors: string[] = [];
  /** Paths of sweep parameters that were given by the names of a data set or a phase. */
  const named = new Map<string, string>();
  const isUserCentric = phasesOf(root).some(({ type }) => type === 'user_centric');

  for (const [key, value] of Object.entries(root)) {
    if (key === 'benchmark' && isObject(value)) {
      for (const [inner, below] of Object.entries(value)) part(snake(inner), below, [key, inner]);
    } else if (key !== 'sweep') {
      part(snake(key), value, [key]);
    }
  }
  // Last: its lists take the place of single values.
  if (isObject(root.sweep)) {
    for (const [key, value] of Object.entries(root.sweep)) {
      if (key === 'parameters' && isObject(value)) parameters(value);
      else part(`sweep.${snake(key)}`, value, ['sweep', key]);
    }
  } else if (root.sweep !== undefined) {
    refuse(['sweep'], 'must be a mapping with type and parameters');
  }
  return { entries, errors };

  /** One key of the benchmark, which may be a list of named parts. */
  function part(path: string, value: unknown, place: Place): void {
    if (path === 'dataset' && isObject(value)) dataset(value, place);
    else if (path === 'datasets' && Array.isArray(value)) {
      if (value.length > 1) refuse([...place, 1], 'is a second data set; one is supported');
      if (isObject(value[0])) dataset(value[0], [...place, 0]);
    } else if (path === 'phases' && Array.isArray(value)) {
      for (const [i, phase] of value.entries()) if (isObject(phase)) onePhase(phase, [...place, i]);
    } else if (path === 'phases' && isObject(value)) onePhase(value, place);
    else walk(path, value, place);
  }

  function dataset(value: Readonly<Record<string, unknown>>, place: Place): void {
    const { type = 'synthetic', name, ...rest } = value;
    if (typeof name === 'string') named.set(`datasets.${name}`, 'dataset');
    if (type !== 'synthetic' && type !== 'file')
      refuse([...place, 'type'], `must be synthetic or file, got ${JSON.stringify(type)}`);
    walk('dataset', rest, place);
  }

  function onePhase(value: Readonly<Record<string, unknown>>, place: Place): void {
    const { type = 'concurrency', ...rest } = value;
    const isWarmup = isWarmupPhase(value);
    const phase = isWarmup ? 'warmup' : 'profiling';
    if ([...named.values()].includes(phase)) {
      refuse(place, `is a second ${phase} phase; one is supported`);
      return;
    }
    named.set(`phases.${typeof value.name === 'string' ? value.name : phase}`, phase);
    const at = [...place, 'type'];
    if (typeof type === 'string' && arrivals.includes(type))
      set(isWarmup ? 'warmup-arrival-pattern' : 'arrival-pattern', type, at);
    else if (type === 'fixed_schedule' && !isWarmup) set('fixed-schedule', true, at);
    else if (type !== 'concurrency' && (type !== 'user_centric' || isWarmup))
      refuse(at, `is not supported in a ${phase} phase, got ${JSON.stringify(type)}`);
    walk(phase, rest, place);
  }

  function parameters(value: Readonly<Record<string, unknown>>): void {
    for (const [written, items] of Object.entries(value)) {
      const words = written.split('.').map(snake);
      const [kind, name, ...rest] = words[0] === 'benchmark' ? words.slice(1) : words;
      const part = named.get(`${kind}.${name}`);
      const path = part === undefined ? [kind, name, ...rest].join('.') : [part, ...rest].join('.');
      walk(path, items, ['sweep', 'parameters', written]);
    }
  }

  function walk(path: string, value: unknown, place: Place): void {
    const option = options.get(path);
    if (off.has(path)) {
      if (value !== false) refuse(place, 'is not supported; leave it out');
    } else if (path === 'artifacts.raw' || path === 'artifacts.records') {
      exportLevel(path, value, place);
    } else if (option !== undefined && (!isObject(value) || keepsMapping(option))) {
      if (option !== '') set(optionFor(path, option), namesOf(value), place);
    } else if (isObject(value)) {
      for (const [key, below] of Object.entries(value)) {
        if (below !== null) walk(`${path}.${snake(key)}`, below, [...place, key]);
      }
    } else {
      refuse(place, 'is not supported');
    }
  }

  function exportLevel(path: string, value: unknown, place: Place): void {
    if (path === 'artifacts.raw' && value === true) set('export-level', 'raw', place);
    else if (path === 'artifacts.records' && value === false && !entries.has('export-level'))
      set('export-level', 'summary', place);
  }

  function optionFor(path: string, option: string): string {
    return path === 'profiling.rate' && isUserCentric ? 'user-centric-rate' : option;
  }

  function set(option: string, value: unknown, place: Place): void {
    const at = locate(place);
    entries.set(option, { value, name: nameAt(place), at, valueAt: at });
  }

  function refuse(place: Place, why: string): void {
    errors.push(`${locate(place)}: ${nameAt(place)} ${why}.`);
  }
}

/** Their keys are names of the user's. */
function keepsMapping(option: string): boolean {
  return option === 'header' || option === 'extra-inputs' || option === 'goodput';
}

/** `[{name: a}]` as `[a]`. */
function namesOf(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  return value.map((item) => (isObject(item) && 'name' in item ? item.name : item));
}

function phasesOf({ benchmark }: Readonly<Record<string, unknown>>): Record<string, unknown>[] {
  const phases = isObject(benchmark) ? benchmark.phases : undefined;
  const list: unknown[] = Array.isArray(phases) ? phases : [phases];
  return list.flatMap((phase) => (isObject(phase) && !isWarmupPhase(phase) ? [phase] : []));
}

function isWarmupPhase({ kind, name }: Readonly<Record<string, unknown>>): boolean {
  return (kind ?? name) === 'warmup';
}

function nameAt(place: Place): string {
  return place
    .map((step, i) => (typeof step === 'number' ? `[${step}]` : i === 0 ? step : `.${step}`))
    .join('');
}

function snake(name: string): string {
  return name.replace(
    /([a-z0-9])([A-Z])/g,
    (_, before: string, after: string) => `${before}_${after.toLowerCase()}`,
  );
}
