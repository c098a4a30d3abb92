import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Figure, knownServers } from '../../telemetry/known-servers.js';
import { messageOf } from '../../util/errors.js';
import { isObject, type Json, type JsonObject } from '../../util/json.js';
import { readJsonObject } from '../../util/json-file.js';

/** What a run of a category has measured. */
export interface CategoryRun {
  readonly model: string;
  /** E.g. `coding`, `gsm8k`. */
  readonly category: string;
  /** Undefined where the run does not have the figure. */
  readonly value: number | undefined;
}

/** A row per model, a column per category. */
export interface Matrix {
  readonly categories: readonly string[];
  readonly rows: readonly {
    readonly model: string;
    readonly values: readonly (number | undefined)[];
    /** Mean of the values. */
    readonly overall: number | undefined;
  }[];
}

/** Categories in the order of the papers. */
const orders: readonly (readonly string[])[] = [
  [
    'coding',
    'humanities',
    'math',
    'multilingual',
    'qa',
    'rag',
    'reasoning',
    'roleplay',
    'stem',
    'summarization',
    'writing',
  ],
  ['low_entropy', 'mixed', 'high_entropy'],
  ['gsm8k', 'math500', 'mtbench', 'humaneval', 'mbpp'],
];

/** Reads the runs of folders, or of the folders in them; other runs are named in the warnings. */
export function readRuns(
  folders: readonly string[],
  metric: 'accept_length' | 'accept_rate' | 'throughput',
): { readonly runs: readonly CategoryRun[]; readonly warnings: readonly string[] } {
  const runs: CategoryRun[] = [];
  const warnings: string[] = [];
  for (const folder of folders.flatMap((path) => runFolders(path, warnings))) {
    const summary = readOrWarn(join(folder, summaryName), warnings);
    const category = summary && categoryOf(summary);
    if (summary === undefined || category === undefined) {
      if (summary !== undefined) warnings.push(`${folder}: not a run of SPEED-Bench or spec_al_*, left out`);
      continue;
    }
    const servers = readOrWarn(join(folder, 'server_metrics_export.json'), warnings) ?? {};
    const value = figureOf(metric, summary, servers);
    if (value === undefined) warnings.push(`${folder}: no ${metric} in its files`);
    runs.push({ model: modelOf(summary), category, value });
  }
  return { runs, warnings };
}

/** Of several runs of a model and category the last counts. */
export function matrixOf(runs: readonly CategoryRun[]): Matrix {
  const there = new Set(runs.map(({ category }) => category));
  const order = orders.find((known) => [...there].every((category) => known.includes(category)));
  const categories = order?.filter((category) => there.has(category)) ?? [...there].sort();
  const models = [...new Set(runs.map(({ model }) => model))].sort();
  const rows = models.map((model) => {
    const values = categories.map(
      (category) => runs.findLast((run) => run.model === model && run.category === category)?.value,
    );
    const known = values.filter((value) => value !== undefined);
    const sum = known.reduce((total, value) => total + value, 0);
    return { model, values, overall: known.length === 0 ? undefined : sum / known.length };
  });
  return { categories, rows };
}

const summaryName = 'profile_export_aiperf.json';

function runFolders(path: string, warnings: string[]): string[] {
  if (isFile(join(path, summaryName))) return [path];
  try {
    const inside = readdirSync(path)
      .sort()
      .map((name) => join(path, name));
    const found = inside.filter((folder) => isFile(join(folder, summaryName)));
    if (found.length === 0) warnings.push(`${path}: neither a run nor a folder of runs`);
    return found;
  } catch (failure) {
    warnings.push(`${path} cannot be read: ${messageOf(failure)}`);
    return [];
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function readOrWarn(path: string, warnings: string[]): JsonObject | undefined {
  try {
    return readJsonObject(path);
  } catch (failure) {
    warnings.push(`${path} cannot be read: ${messageOf(failure)}`);
    return undefined;
  }
}

/** The category in the name of the data set: `speed_bench_coding`, `spec_al_gsm8k`. */
function categoryOf({ input_config: config }: JsonObject): string | undefined {
  const datasets = isObject(config) && Array.isArray(config.datasets) ? config.datasets.filter(isObject) : [];
  for (const { format, dataset } of datasets) {
    const [, category] = /^(?:speed_bench|spec_al)_(.+)$/.exec(String(format ?? dataset ?? '')) ?? [];
    if (category !== undefined) return category;
  }
  return undefined;
}

function modelOf({ input_config: config }: JsonObject): string {
  const models = isObject(config) && isObject(config.models) ? config.models.items : undefined;
  const [first] = Array.isArray(models) ? models : [];
  return isObject(first) && typeof first.name === 'string' ? first.name : 'unknown';
}

/** From the metrics of the servers during the measured phase, else from those that answers reported. */
function figureOf(
  metric: 'accept_length' | 'accept_rate' | 'throughput',
  summary: JsonObject,
  servers: JsonObject,
): number | undefined {
  const average = (tag: string) => statOf(summary[tag], 'avg');
  if (metric === 'throughput') return average('output_token_throughput');
  const accepted = totalOf(servers, 'acceptedTokens');
  if (metric === 'accept_rate') {
    const drafted = totalOf(servers, 'draftTokens');
    const rate =
      accepted !== undefined && drafted ? accepted / drafted : gaugeOf(servers, /spec.*accept.*rate/i);
    return rate ?? average('spec_decode_draft_acceptance_rate');
  }
  // Each verified draft adds a token of the model itself.
  const drafts = totalOf(servers, 'drafts');
  const length =
    accepted !== undefined && drafts ? 1 + accepted / drafts : gaugeOf(servers, /spec.*accept.*length/i);
  return length ?? average('spec_decode_acceptance_length');
}

/** The growth of a counter over all servers and their series; undefined if none has it. */
function totalOf(servers: JsonObject, figure: Figure): number | undefined {
  const families = knownServers.flatMap(({ figures }) => figures[figure]?.map(({ family }) => family) ?? []);
  const totals = families
    .flatMap((family) => seriesOf(servers, family))
    .flatMap((one) => statOf(one.stats, 'total') ?? []);
  return totals.length === 0 ? undefined : totals.reduce((sum, total) => sum + total, 0);
}

/** The mean of a gauge over all series that have a value; makes differ in its name. */
function gaugeOf(servers: JsonObject, name: RegExp): number | undefined {
  const { metrics } = servers;
  const families = isObject(metrics) ? Object.keys(metrics).filter((family) => name.test(family)) : [];
  const means = families
    .flatMap((family) => seriesOf(servers, family))
    .flatMap((one) => statOf(one.stats, 'avg') ?? [])
    .filter((mean) => mean > 0);
  return means.length === 0 ? undefined : means.reduce((sum, mean) => sum + mean, 0) / means.length;
}

function seriesOf({ metrics }: JsonObject, family: string): JsonObject[] {
  const metric = isObject(metrics) ? metrics[family] : undefined;
  return isObject(metric) && Array.isArray(metric.series) ? metric.series.filter(isObject) : [];
}

function statOf(stats: Json | undefined, name: string): number | undefined {
  const value = isObject(stats) ? stats[name] : undefined;
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
