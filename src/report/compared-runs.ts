import type { Comparison } from '../charts/comparison-charts.js';
import { CONFIDENCE } from '../metrics/confidence.js';
import { withCommas } from '../metrics/format.js';
import type { Metric, Slo } from '../metrics/metric.js';
import {
  inputSequenceLength,
  interTokenLatency,
  outputTokenThroughputPerUser,
  requestLatency,
  timeToFirstToken,
} from '../metrics/request-metrics.js';
import { type Results, statsOf } from '../metrics/results.js';
import { weigh } from '../metrics/trade-off.js';
import { comparedPoint, type WeighedRun } from '../run/compared-point.js';
import { recordedGpus, recordedLoad, type SweepPoint, sweepPointOf } from '../run/configuration.js';
import { settingsNote } from './settings-note.js';

/** One of several runs, as it is weighed against the others. */
export interface ComparedRun extends WeighedRun {
  /** The path of its folder, or so much of it as tells it from the others. */
  readonly name: string;
}

/** What runs are weighed by. */
export interface Weighing {
  readonly slos: readonly Slo[];
  /** Share of good requests that a run with objectives needs to be recommended. */
  readonly targetShare: number;
  /** Undefined: as the runs say, where all say the same. */
  readonly gpus?: number | undefined;
}

/** Runs weighed against each other; those that a sweep repeated at one point are one point. */
export interface ComparedRuns<Run extends ComparedRun> extends Comparison {
  /** Of each point what it is called in a sentence, and its runs. */
  readonly groups: readonly { readonly title: string; readonly runs: readonly Run[] }[];
  /** A sentence each where the runs do not do the same work, or their servers are not set up alike. */
  readonly notes: readonly string[];
}

/** Mean lengths of prompts that are drawn at random differ by less. */
const ALIKE = 1.2;

export function compare<Run extends ComparedRun>(
  runs: readonly Run[],
  { slos, targetShare, gpus }: Weighing,
): ComparedRuns<Run> {
  const { subject, names, titles } = namesOf(runs);
  const groups = new Map<string, { name: string; title: string; runs: Run[] }>();
  for (const [i, run] of runs.entries()) {
    const sweepPoint = sweepPointOf(run.facts);
    const key = sweepPoint === undefined ? run.name : keyOf(sweepPoint);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { name: names[i] ?? '', title: titles[i] ?? '', runs: [run] });
    else group.runs.push(run);
  }
  const all = [...groups.values()];
  const points = all.map((group) =>
    comparedPoint(
      { name: group.name, load: recordedLoad(group.runs[0]?.facts ?? {}) },
      group.runs,
      CONFIDENCE,
    ),
  );
  return {
    points,
    verdict: weigh(points, targetShare),
    gpus: gpus ?? recordedGpus(runs.map(({ facts }) => facts))?.gpus,
    subject,
    limits: limitsOf(slos),
    hasObjectives: points.every(({ goodShare }) => goodShare !== undefined),
    groups: all,
    notes: [
      ...incompleteNotes(all),
      ...shardNotes(all),
      workNote(runs.map(({ summary }) => summary.results)),
      settingsNote(runs.map(({ facts }) => facts)),
    ].filter((note) => note !== undefined),
  };
}

function keyOf({ sweepId = '', values }: SweepPoint): string {
  return JSON.stringify([sweepId, ...values]);
}

interface Names {
  /** What the short names are values of. */
  readonly subject: string;
  /** Short: its swept values, else its folder without what all folders begin with. */
  readonly names: readonly string[];
  readonly titles: readonly string[];
}

/** What each run is called. */
function namesOf(runs: readonly ComparedRun[]): Names {
  const points = runs.flatMap(({ facts }) => sweepPointOf(facts) ?? []);
  const sweeps = new Set(points.map(({ sweepId }) => sweepId));
  if (points.length < runs.length || sweeps.size > 1) {
    const folders = runs.map(({ name }) => name.split(/[\\/]/).flatMap((part) => part.split('-')));
    const [first = []] = folders;
    const common = first.findIndex((part, i) => folders.some((parts) => parts[i] !== part));
    return {
      subject: '',
      names: folders.map((parts) => parts.slice(Math.max(0, common)).join('-')),
      titles: runs.map(({ name }) => name),
    };
  }
  const keys = [...new Set(points.flatMap(({ values }) => [...values.keys()]))];
  const [only = ''] = keys;
  const titles = points.map(({ values }) => [...values].map((named) => named.join(' ')).join(', '));
  return keys.length === 1
    ? { subject: only, names: points.map(({ values }) => values.get(only) ?? ''), titles }
    : { subject: '', names: titles, titles };
}

/** Objectives of single requests as bounds of axes that show means. */
function limitsOf(slos: readonly Slo[]): Comparison['limits'] {
  const limit = (metric: Metric) => slos.find(({ tag }) => tag === metric.tag)?.limit;
  const itl = limit(interTokenLatency);
  const perUser = limit(outputTokenThroughputPerUser) ?? (itl === undefined ? undefined : 1000 / itl);
  const [ttft, latency] = [limit(timeToFirstToken), limit(requestLatency)];
  return {
    ...(perUser === undefined ? {} : { perUser }),
    ...(ttft === undefined ? {} : { ttft }),
    ...(latency === undefined ? {} : { latency }),
  };
}

/** A sentence for each run whose results cover only a part of its load. */
function incompleteNotes(
  groups: readonly { readonly title: string; readonly runs: readonly ComparedRun[] }[],
) {
  return groups.flatMap(({ title, runs }) =>
    runs.flatMap(({ facts: { incompleteReason } }) =>
      incompleteReason === undefined
        ? []
        : [`${title} is not weighed, since its results are incomplete: ${incompleteReason}`],
    ),
  );
}

/** A sentence for each shard of a run that is taken for a run. */
function shardNotes(groups: readonly { readonly title: string; readonly runs: readonly ComparedRun[] }[]) {
  return groups.flatMap(({ title, runs }) =>
    runs.flatMap(({ facts: { shard } }) =>
      shard === undefined
        ? []
        : [
            `${title} is shard ${shard.index} of ${shard.count}, with a part of the load of its run: aiperf merge makes the run.`,
          ],
    ),
  );
}

/** Points of one frontier do the same work. */
function workNote(runs: readonly Results[]): string | undefined {
  const lengths = runs.flatMap((results) => statsOf(results, inputSequenceLength)?.avg ?? []);
  const [least, most] = [Math.min(...lengths), Math.max(...lengths)];
  if (lengths.length === 0 || most <= ALIKE * least) return undefined;
  return (
    `These runs do not do the same work: their mean prompt lengths are ${withCommas(least)} to ${withCommas(most)} tokens, ` +
    'so the frontier does not compare like with like.'
  );
}
