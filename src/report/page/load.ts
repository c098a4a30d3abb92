import { counted, withThousands } from '../../util/counted.js';
import { isObject, type Json, type JsonObject } from '../../util/json.js';
import { durationWords, short } from '../figures.js';

/** What a run was made with, in the words of a sentence; members that the configuration does not tell are undefined. */
export interface LoadWords {
  readonly models: readonly string[];
  readonly urls: readonly string[];
  /** `chat, streaming`. */
  readonly endpoint: string | undefined;
  /** How requests were sent, e.g. `100 in flight`. */
  readonly load: string | undefined;
  /** Label and value of what a reader looks for first. */
  readonly rows: readonly (readonly [label: string, value: string])[];
}

/** Reads a run's `input_config`, ours or AIPerf's, as far as it says something. */
export function loadWords(config: JsonObject | undefined): LoadWords {
  const { models, endpoint, datasets, phases, tokenizer, runtime } = config ?? {};
  const model = isObject(models) ? listOf(models.items).flatMap(({ name }) => textOf(name)) : [];
  const { urls, type, streaming } = isObject(endpoint) ? endpoint : {};
  const phase = listOf(phases).find(({ name }) => name === 'profiling') ?? listOf(phases).at(-1) ?? {};
  const warmup = listOf(phases).find(({ name }) => name === 'warmup');
  const [dataset = {}] = listOf(datasets);
  const endpointWords = [...textOf(type), ...(streaming === true ? ['streaming'] : [])].join(', ');
  const addresses = Array.isArray(urls) ? urls.flatMap(textOf) : [];
  const load = howSent(phase, dataset);
  const row = (label: string, value: string | undefined) =>
    value === undefined || value === '' ? [] : [[label, value] as const];
  return {
    models: model,
    urls: addresses,
    endpoint: endpointWords === '' ? undefined : endpointWords,
    load,
    rows: [
      ...row('Model', model.join(', ')),
      ...row('Server', addresses.join(', ')),
      ...row('Endpoint', endpointWords),
      ...row('Load', load),
      ...row('Ends after', howLong(phase)),
      ...row('Warm-up', warmup && [howSent(warmup, dataset), howLong(warmup)].filter(Boolean).join('; ')),
      ...row('Dataset', datasetWords(dataset)),
      ...row('Tokenizer', isObject(tokenizer) ? textOf(tokenizer.name)[0] : undefined),
      ...row('Load threads', isObject(runtime) ? numberOf(runtime.workers)?.toString() : undefined),
    ],
  };
}

function howSent(phase: JsonObject, dataset: JsonObject): string | undefined {
  const [concurrency, rate, users] = [phase.concurrency, phase.rate, phase.users].map(numberOf);
  const ceiling = concurrency === undefined ? '' : `, at most ${withThousands(concurrency)} in flight`;
  if (phase.type === 'fixed_schedule') {
    const [file] = textOf(dataset.path);
    return `at the timestamps of ${file === undefined ? 'the trace' : baseName(file)}${ceiling}`;
  }
  if (users !== undefined && rate !== undefined) {
    return `${counted(users, 'user')} sending ${short(rate)} requests/s in total`;
  }
  if (rate !== undefined) {
    const [pattern] = [
      ...textOf(phase.arrival_pattern),
      ...(phase.type === 'rate' ? [] : textOf(phase.type)),
    ];
    return `${counted(rate, 'request')} a second${pattern === undefined ? '' : ` (${pattern})`}${ceiling}`;
  }
  return concurrency === undefined ? undefined : `${withThousands(concurrency)} in flight`;
}

function howLong(phase: JsonObject): string | undefined {
  const [requests, sessions, seconds] = [phase.requests, phase.sessions, phase.duration].map(numberOf);
  const parts = [
    requests === undefined ? undefined : counted(requests, 'request'),
    sessions === undefined ? undefined : counted(sessions, 'conversation'),
    seconds === undefined ? undefined : durationWords(1000 * seconds),
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : parts.join(' or ');
}

function datasetWords(dataset: JsonObject): string | undefined {
  const [path] = textOf(dataset.path);
  const [format] = textOf(dataset.format);
  if (path !== undefined) return `${baseName(path)}${format === undefined ? '' : ` (${format})`}`;
  const { isl, osl } = isObject(dataset.prompts) ? dataset.prompts : {};
  const length = (what: string, value: Json | undefined) => {
    const { mean, stddev } = isObject(value) ? value : {};
    if (typeof mean !== 'number') return [];
    return [
      `${what} of ${withThousands(mean)}${typeof stddev === 'number' && stddev > 0 ? ` ± ${withThousands(stddev)}` : ''} tokens`,
    ];
  };
  const lengths = [...length('prompts', isl), ...length('answers', osl)].join(', ');
  return [...textOf(dataset.type), lengths].filter((part) => part !== '').join(': ') || undefined;
}

function baseName(path: string): string {
  return path.split(/[\\/]/).at(-1) ?? path;
}

function listOf(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function textOf(value: Json | undefined): string[] {
  return typeof value === 'string' && value !== '' ? [value] : [];
}

function numberOf(value: Json | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
