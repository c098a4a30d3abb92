import { telemetryDifferences } from './gpu.js';
import {
  formOf,
  keyPaths,
  listDifferences,
  setDifferences,
  treeDifferences,
  valueDifference,
} from './lists.js';

export function summaryDifferences(theirText: string, ourText: string): string[] {
  const [theirs, ours] = [JSON.parse(theirText), JSON.parse(ourText)];
  const isMetric = (of: Record<string, unknown>) => (key: string) =>
    typeof of[key] === 'object' && of[key] !== null && 'unit' in of[key];
  // Behind end_time the original's metrics come in an order that changes from run to run.
  const head = (of: object) => {
    const keys = Object.keys(of);
    return keys.slice(0, keys.indexOf('end_time') + 1);
  };
  const tail = (of: object) => Object.keys(of).slice(head(of).length);
  const metrics = Object.keys(theirs)
    .filter(isMetric(theirs))
    .filter((tag) => isMetric(ours)(tag));
  const command = (of: { run_info: { cli_command: string } }) =>
    of.run_info.cli_command
      .replace(/127\.0\.0\.1:\d+/g, 'SERVER')
      .replace(/\/bench\/token\/qwen3|tokenizers\/qwen3|builtin/, 'Qwen/Qwen3-0.6B')
      .replace(/--artifact-dir '[^']*'/, '--artifact-dir DIR');
  const errorShapes = (of: { error_summary: { error_details: { code?: number; type: string } }[] }) =>
    new Map(of.error_summary.map((item) => [item.error_details.type, keyPaths(item)]));
  const ourErrors = errorShapes(ours);
  return [
    ...listDifferences('key', head(theirs), head(ours)),
    // Two of the recorded copies end behind end_time.
    ...(tail(theirs).length === 0 ? [] : setDifferences('key', tail(theirs), tail(ours))),
    ...metrics.flatMap((tag) => [
      ...valueDifference(`unit of ${tag}`, theirs[tag].unit, ours[tag].unit),
      ...listDifferences(`statistic of ${tag}`, Object.keys(theirs[tag]), Object.keys(ours[tag])),
      ...statisticForms(theirText, tag).flatMap(([name, form]) =>
        valueDifference(
          `form of ${tag}.${name}`,
          form,
          new Map(statisticForms(ourText, tag)).get(name) ?? form,
        ),
      ),
    ]),
    ...listDifferences('key of run_info', Object.keys(theirs.run_info), Object.keys(ours.run_info)),
    ...treeDifferences('input_config', theirs.input_config, ours.input_config),
    ...telemetryDifferences(theirText, ourText),
    ...valueDifference('cli_command', command(theirs), command(ours)),
    ...[...errorShapes(theirs)].flatMap(([type, shape]) =>
      listDifferences(`key of error ${type}`, shape, ourErrors.get(type) ?? []),
    ),
    ...['start_time', 'end_time'].flatMap((key) =>
      valueDifference(`form of ${key}`, digitsAsNines(theirs[key]), digitsAsNines(ours[key])),
    ),
    ...valueDifference('indentation', indentation(theirText), indentation(ourText)),
    ...valueDifference('end', theirText.slice(-2), ourText.slice(-2)),
  ];
}

/** Name and form of each statistic of a metric, as its lines in the file have them. */
function statisticForms(text: string, tag: string): [string, string][] {
  const block = new RegExp(`^  "${tag}": \\{\n((?:    .*\n)*)`, 'm').exec(text)?.[1] ?? '';
  return [...block.matchAll(/^ {4}"(\w+)": ([^",\n]+),?$/gm)].map(([, name = '', number]) => [
    name,
    formOf(number),
  ]);
}

export function indentation(text: string): string {
  const depths = [...text.matchAll(/^( *)\S/gm)].map(([, spaces = '']) => spaces.length);
  return depths.every((depth) => depth % 2 === 0) ? '2 spaces' : 'other';
}

function digitsAsNines(text: string): string {
  return text.replace(/\d/g, '9');
}
