import { join } from 'node:path';
import type { ComparedPoint, Comparison } from '../../charts/comparison-charts.js';
import type { ConfigOf } from '../../config/option.js';
import { readJsonObject, runConfigName } from '../../export/run-config.js';
import { type StoredMetrics, storedMetrics } from '../../export/stored-metrics.js';
import { withCommas } from '../../metrics/format.js';
import type { Slo } from '../../metrics/objective.js';
import { repeats } from '../../metrics/repeats.js';
import { weigh } from '../../metrics/trade-off.js';
import { gpusTold, loadTold } from '../../report/load-told.js';
import { UserError } from '../../util/errors.js';
import { isObject, type Json, type JsonObject } from '../../util/json.js';
import type { Io } from '../command.js';
import type { RunFolder } from '../report/run-folder.js';
import { slosTold, whatIsTold } from '../report/told.js';
import { slosOf } from '../slos.js';
import type { plotOptions } from './options.js';

/** A run by its summary, and by what its sweep changed for it. */
interface SummarizedRun {
  readonly folder: string;
  /** The values of its point, by the names of the swept options; undefined for a run of no sweep. */
  readonly swept: ReadonlyMap<string, string> | undefined;
  readonly inputConfig: JsonObject | undefined;
  readonly slos: readonly Slo[];
  readonly metrics: StoredMetrics;
}

const LEVEL = 0.95;
/** Mean lengths of prompts that are drawn at random differ by less. */
const ALIKE = 1.2;

/** Runs against each other, by their summaries; those that a sweep repeated at one point are one. */
export function comparisonOf(
  folders: readonly RunFolder[],
  { goodput, numGpus, targetGoodput }: ConfigOf<typeof plotOptions>,
  io: Io,
): Comparison {
  const runs = folders.flatMap((files) => {
    const run = summarized(files);
    if (run !== undefined) return run;
    io.stderr.write(`${files.folder} is left out: it has no summary; aiperf report makes it.\n`);
    return [];
  });
  if (runs.length === 0) {
    throw new UserError(
      'None of these runs has a summary.',
      'aiperf report <dir> makes it from the records.',
    );
  }
  const note = workNote(runs);
  if (note !== undefined) io.stderr.write(`${note}\n`);
  const { subject, names } = namesOf(runs);
  const repeated = new Map<string, SummarizedRun[]>();
  for (const [i, run] of runs.entries()) {
    const name = names[i] ?? '';
    repeated.set(name, [...(repeated.get(name) ?? []), run]);
  }
  const points = [...repeated].map(([name, group]) => pointOf(name, group));
  const told = runs.find(({ slos }) => slos.length > 0)?.slos ?? [];
  const slos = goodput === undefined ? told : slosOf(goodput);
  return {
    points,
    verdict: weigh(points, targetGoodput),
    gpus: numGpus ?? gpusTold(runs.map(({ inputConfig }) => inputConfig)),
    subject,
    limits: limitsOf(slos),
    hasObjectives: points.every(({ goodShare }) => goodShare !== undefined),
  };
}

function summarized(files: RunFolder): SummarizedRun | undefined {
  const summary = readJsonObject(files.json);
  if (summary === undefined) return undefined;
  const told = whatIsTold(files);
  const { variation } = readJsonObject(join(files.folder, runConfigName)) ?? {};
  return {
    folder: files.folder,
    swept: sweptValues(isObject(variation) ? variation.values : undefined),
    inputConfig: told.config.inputConfig ?? told.summary?.inputConfig,
    slos: slosTold(told),
    metrics: storedMetrics(summary),
  };
}

/** A sentence where the runs sent prompts of different lengths: points of one frontier do the same work. */
function workNote(runs: readonly SummarizedRun[]): string | undefined {
  const lengths = runs.flatMap(({ metrics }) => metrics.get('input_sequence_length')?.statistics.avg ?? []);
  const [least, most] = [Math.min(...lengths), Math.max(...lengths)];
  if (lengths.length === 0 || most <= ALIKE * least) return undefined;
  return (
    `These runs do not do the same work: their prompts have ${withCommas(least)} to ${withCommas(most)} tokens in the ` +
    'mean, so the frontier does not compare like with like.'
  );
}

/** `{ 'phases.profiling.concurrency': 2 }` as `{ concurrency: '2' }`; undefined for a run of no sweep. */
function sweptValues(values: Json | undefined): ReadonlyMap<string, string> | undefined {
  const entries = Object.entries(isObject(values) ? values : {});
  return entries.length === 0
    ? undefined
    : new Map(entries.map(([place, value]) => [place.replace(/^.*\./, ''), String(value)]));
}

/** What each run is called: its swept values, else its folder without what all folders begin with. */
function namesOf(runs: readonly SummarizedRun[]): { subject: string; names: readonly string[] } {
  const sweeps = runs.flatMap(({ swept }) => swept ?? []);
  if (sweeps.length < runs.length) {
    const folders = runs.map(({ folder }) => folder.split(/[\\/]/).flatMap((part) => part.split('-')));
    const [first = []] = folders;
    const common = first.findIndex((part, i) => folders.some((parts) => parts[i] !== part));
    return { subject: '', names: folders.map((parts) => parts.slice(Math.max(0, common)).join('-')) };
  }
  const keys = [...new Set(sweeps.flatMap((swept) => [...swept.keys()]))];
  const [only = ''] = keys;
  if (keys.length === 1) return { subject: only, names: sweeps.map((swept) => swept.get(only) ?? '') };
  const named = (swept: ReadonlyMap<string, string>) =>
    [...swept].map(([key, value]) => `${key} ${value}`).join(', ');
  return { subject: '', names: sweeps.map(named) };
}

function pointOf(name: string, runs: readonly SummarizedRun[]): ComparedPoint {
  const estimate = (tag: string) => {
    const means = runs.flatMap(({ metrics }) => metrics.get(tag)?.statistics.avg ?? []);
    return means.length === 0 ? undefined : repeats(means, LEVEL);
  };
  const perUser = estimate('output_token_throughput_per_user') ?? estimate('e2e_output_token_throughput');
  return {
    name,
    load: loadTold(runs[0]?.inputConfig),
    throughput: estimate('output_token_throughput'),
    perUser,
    goodShare: estimate('good_request_fraction')?.mean,
    ttft: estimate('time_to_first_token')?.mean,
    latency: estimate('request_latency')?.mean,
  };
}

/** Objectives of single requests as bounds of axes that show means. */
function limitsOf(slos: readonly Slo[]): Comparison['limits'] {
  const limit = (wanted: string) => slos.find(({ tag }) => tag === wanted)?.limit;
  const itl = limit('inter_token_latency');
  const perUser = limit('output_token_throughput_per_user') ?? (itl === undefined ? undefined : 1000 / itl);
  const [ttft, latency] = [limit('time_to_first_token'), limit('request_latency')];
  return {
    ...(perUser === undefined ? {} : { perUser }),
    ...(ttft === undefined ? {} : { ttft }),
    ...(latency === undefined ? {} : { latency }),
  };
}
