import { isObject, type JsonObject } from '../../util/json.js';
import { andList } from '../../util/lists.js';
import type { ConfigFile, FileEntry } from '../file-entry.js';
import { nameOf, type OptionTable } from '../option.js';
import { insteadOf } from '../unsupported.js';
import { benchmark, readBenchmark } from './benchmark.js';
import {
  anything,
  type FilePath,
  indexed,
  isMapping,
  mappingFault,
  member,
  only,
  option,
  type Reading,
  refused,
  type Section,
  type Site,
  seconds,
  section,
  snake,
  type Tree,
  unsupported,
  within,
} from './reading.js';
import { applySweep } from './sweep.js';

/** A parsed file in AIPerf's own form. */
interface AiperfFile {
  readonly path: string;
  /** The root mapping as plain values. */
  readonly root: Readonly<Record<string, unknown>>;
  /** `file:line:column` of a key or list item and of its value; falls back to the nearest enclosing one. */
  readonly placeOf: (path: FilePath) => Pick<FileEntry, 'at' | 'valueAt'>;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Top-level keys that only AIPerf's form has; `endpoint` and `tokenizer` are also options of the flat form. */
const aiperfOnlyKeys: ReadonlySet<string> = new Set([
  ...['benchmark', 'schema_version', 'sweep', 'multi_run', 'plot', 'variables'],
  ...['models', 'dataset', 'datasets', 'phases', 'warmup', 'profiling', 'artifacts', 'slos'],
]);

/** Whether these top-level keys mean AIPerf's form. `mappings` lists the keys whose values are mappings. */
export function isAiperfForm(keys: readonly string[], mappings: readonly string[]): boolean {
  return (
    keys.some((key) => aiperfOnlyKeys.has(snake(key))) ||
    mappings.some((key) => /^(endpoint|tokenizer)$/.test(key))
  );
}

/** Reads a file in AIPerf's form into the options of `table`. */
export function readAiperfFile(table: OptionTable, { path, root, placeOf, env }: AiperfFile): ConfigFile {
  const entries = new Map<string, FileEntry>();
  const errors: string[] = [];
  const warnings: string[] = [];
  const rows = Object.values(table).filter((row) => row.sweeps !== undefined);
  const sentence = ({ path, name }: Site, fault: string) =>
    `${placeOf(path).at}: ${name} ${fault}${fault.endsWith('?') ? '' : '.'}`;
  const reading: Reading = {
    put: (key, value, { path, name }) => {
      const earlier = entries.get(key);
      const entry = { value, name, ...placeOf(path) };
      if (earlier === undefined) entries.set(key, entry);
      else if (JSON.stringify(earlier.value) !== JSON.stringify(value)) {
        errors.push(
          `${entry.at}: ${name} sets the same option as ${earlier.name} at ${earlier.at}, to another value; give one of them.`,
        );
      }
    },
    refuse: (site, fault) => errors.push(sentence(site, fault)),
    warn: (site, fault) => warnings.push(sentence(site, fault)),
    isSwept: (key) => table[key]?.sweeps !== undefined,
    sweeps: rows.map(nameOf),
  };
  const data = substituteVariables(root, { path: [], name: '' }, env, reading);
  if (isObject(data)) {
    const moved = Object.keys(data).filter((key) => Object.hasOwn(benchmark, snake(key)));
    if (moved.length > 0) {
      warnings.push(
        `${path}: ${moved.length === 1 ? 'this key belongs' : 'these keys belong'} under benchmark:, and are read as if they were there: ${andList(moved)}.`,
      );
    }
    readEnvelope(data, moved, reading);
  }
  return { entries, errors, warnings };
}

function readEnvelope(data: JsonObject, moved: readonly string[], reading: Reading): void {
  const root: Site = { path: [], name: '' };
  const { body, bodySite } = bodyOf(data, moved);
  const rest = Object.fromEntries(Object.entries(data).filter(([key]) => !moved.includes(key)));
  // Sweep values are written into the body before it is read.
  if (rest.sweep !== undefined && body !== undefined) applySweep(rest.sweep, body, reading);
  section(envelope)(rest, root, reading);
  if (body === undefined) {
    const { benchmark: own } = data;
    const missing = 'is required: it holds the model, the endpoint and the load';
    reading.refuse(bodySite, own === undefined ? missing : mappingFault(own));
  } else {
    readBenchmark(body, bodySite, reading);
  }
}

/** The body, including the keys that were moved out of it; a copy that a sweep may write to. */
function bodyOf(data: JsonObject, moved: readonly string[]): { body: Tree | undefined; bodySite: Site } {
  const { benchmark: own } = data;
  const movedKeys = Object.fromEntries(moved.map((key) => [key, data[key]]));
  const bodySite = { path: ['benchmark'], name: 'benchmark' };
  if (!isObject(own)) return { body: moved.length > 0 ? structuredClone(movedKeys) : undefined, bodySite };
  return { body: structuredClone({ ...movedKeys, ...own }), bodySite };
}

/** The keys at the top of the file. */
const envelope: Section = {
  schema_version: only('2.0'),
  random_seed: option('randomSeed'),
  no_sweep_table: option('noSweepTable'),
  benchmark: anything,
  multi_run: section({
    num_runs: option('numProfileRuns'),
    cooldown_seconds: option('profileRunCooldownSeconds', seconds),
    confidence_level: option('confidenceLevel'),
    set_consistent_seed: option('setConsistentSeed'),
    disable_warmup_after_first: option('profileRunDisableWarmupAfterFirst'),
    vary_seed_per_trial: unsupported('vary-seed-per-trial'),
    convergence: unsupported('convergence-metric'),
  }),
  sweep: (value, site, reading) => {
    const type = isMapping(value) ? member(value, 'type') : undefined;
    if (typeof type === 'string' && Object.hasOwn(otherSweeps, type)) {
      return reading.refuse(site, `of type ${type} is not supported: ${insteadOf(otherSweeps[type] ?? '')}`);
    }
    section({
      type: option('sweepType'),
      // Already applied to the body.
      parameters: anything,
      cooldown_seconds: option('parameterSweepCooldownSeconds', seconds),
      iteration_order: option('parameterSweepMode'),
      same_seed: option('parameterSweepSameSeed'),
      sla_filters: unsupported('search-sla', []),
      post_process: unsupported('search-recipe'),
      recipe_name: unsupported('search-recipe'),
    })(value, site, reading);
  },
  plot: unsupported('auto-plot'),
  variables: refused(
    `write the values where they are used, or take them from the environment as \${NAME}`,
    {},
  ),
};

const otherSweeps: Readonly<Record<string, string>> = {
  scenarios: 'variant',
  sobol: 'search-style',
  latin_hypercube: 'search-style',
  adaptive_search: 'search-style',
};

/** `endpoint.template.body`: it is rendered for each request. */
function isBodyTemplate({ path }: Site): boolean {
  return path.slice(-3).join('.') === 'endpoint.template.body';
}

/**
 * Replaces `${NAME}` and `${NAME:default}` in all strings of a value; a string that cannot be resolved
 * becomes null.
 */
function substituteVariables(value: unknown, site: Site, env: AiperfFile['env'], reading: Reading): unknown {
  if (Array.isArray(value)) {
    return value.map((item, i) => substituteVariables(item, indexed(site, i), env, reading));
  }
  if (isObject(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [
        key,
        substituteVariables(item, within(site, key), env, reading),
      ]),
    );
  }
  if (typeof value !== 'string') return value;
  if (/\{\{|\{%/.test(value)) {
    if (isBodyTemplate(site)) return value;
    reading.refuse(site, 'is a template, which is not supported: write the value itself');
    return null;
  }
  let isWhole = true;
  const text = value.replace(/\$\{([A-Za-z_]\w*)(?::([^}]*))?\}/g, (_, name: string, byDefault?: string) => {
    const found = env[name] ?? byDefault;
    if (found !== undefined) return found;
    isWhole = false;
    reading.refuse(site, `needs the environment variable ${name}: set it, or write \${${name}:default}`);
    return '';
  });
  return isWhole ? text : null;
}
