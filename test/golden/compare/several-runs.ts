import { lineEnds } from './csv.js';
import { listDifferences, setDifferences, treeDifferences, valueDifference } from './lists.js';
import { indentation } from './summary.js';

export function aggregateDifferences(theirText: string, ourText: string): string[] {
  const [theirs, ours] = [JSON.parse(theirText), JSON.parse(ourText)];
  return [
    ...listDifferences('key', Object.keys(theirs), Object.keys(ours)),
    ...treeDifferences('metadata', theirs.metadata, ours.metadata),
    // The recorded copies hold a few metrics only.
    ...metricShapes(theirs.metrics, ours.metrics),
    ...valueDifference('indentation', indentation(theirText), indentation(ourText)),
    ...valueDifference('end', theirText.slice(-2), ourText.slice(-2)),
  ];
}

type Metrics = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Units and keys of the metrics that the recorded file has. */
function metricShapes(theirs: Metrics, ours: Metrics): string[] {
  return Object.entries(theirs).flatMap(([name, metric]) => {
    const own = ours[name];
    if (own === undefined) return [`metric ${name} is missing`];
    return [
      ...listDifferences(`key of ${name}`, Object.keys(metric), Object.keys(own)),
      ...valueDifference(`unit of ${name}`, String(metric.unit), String(own.unit)),
    ];
  });
}

export function aggregateCsvDifferences(theirText: string, ourText: string): string[] {
  const [theirs, ours] = [theirText, ourText].map((text) => {
    const [table = '', facts = ''] = text.split(/(?:\r?\n){2,}/);
    const [header = '', ...rows] = table.split(/\r?\n/);
    return { header, rows: labelledUnits(rows), facts: facts.trim().split(/\r?\n/) };
  });
  if (theirs === undefined || ours === undefined) return ['one of the files is empty'];
  return [
    ...valueDifference('header', theirs.header, ours.header),
    ...setDifferences('row', theirs.rows, ours.rows),
    ...listDifferences('fact', theirs.facts, ours.facts),
    ...valueDifference('line end', lineEnds(theirText), lineEnds(ourText)),
  ];
}

/** Name and unit of each row of a table. */
function labelledUnits(rows: readonly string[]): string[] {
  return rows.map((row) => `${row.split(',')[0]} in ${row.split(',').at(-1)}`);
}

export function sweepDifferences(theirText: string, ourText: string): string[] {
  const [theirs, ours] = [JSON.parse(theirText), JSON.parse(ourText)];
  const [a, b] = [theirs.per_combination_metrics[0], ours.per_combination_metrics[0]];
  return [
    ...listDifferences('key', Object.keys(theirs), Object.keys(ours)),
    ...treeDifferences('metadata', theirs.metadata, ours.metadata),
    ...['num_profile_runs', 'num_successful_runs', 'failed_runs'].flatMap((key) =>
      valueDifference(`value of ${key}`, JSON.stringify(theirs[key]), JSON.stringify(ours[key])),
    ),
    ...valueDifference('parameters', JSON.stringify(a.parameters), JSON.stringify(b.parameters)),
    ...metricShapes(a.metrics, b.metrics),
    ...listDifferences(
      'best configuration',
      Object.entries(theirs.best_configurations).map(
        ([name, best]) => `${name}: ${Object.keys(best as object)}`,
      ),
      Object.entries(ours.best_configurations).map(
        ([name, best]) => `${name}: ${Object.keys(best as object)}`,
      ),
    ),
    ...valueDifference(
      'pareto_optimal',
      theirs.pareto_optimal.length > 0 ? 'points' : 'none',
      ours.pareto_optimal.length > 0 ? 'points' : 'none',
    ),
    ...valueDifference('indentation', indentation(theirText), indentation(ourText)),
    ...valueDifference('end', theirText.slice(-2), ourText.slice(-2)),
  ];
}

export function sweepCsvDifferences(theirText: string, ourText: string): string[] {
  const sections = (text: string) =>
    text
      .trimEnd()
      .split(/(?:\r?\n){2,}/)
      .map((block) => block.split(/\r?\n/));
  const [theirs, ours] = [sections(theirText), sections(ourText)];
  const columnsOf = (all: string[][]) => (all[0]?.[0] ?? '').split(',').filter((name) => name !== '');
  // The recorded copy of several runs a point has the first columns only.
  const isCut = theirs[0]?.[1]?.endsWith(',') === true;
  const titles = (all: string[][]) => all.slice(1).map(([title = '']) => title);
  return [
    ...setDifferences('column', columnsOf(theirs), columnsOf(ours)).filter(
      (line) => !isCut || line.endsWith('missing'),
    ),
    ...listDifferences('section', titles(theirs), titles(ours)),
    ...setDifferences('metadata', theirs.at(-1) ?? [], ours.at(-1) ?? []),
    ...valueDifference('line end', lineEnds(theirText), lineEnds(ourText)),
  ];
}
