import { environment } from '../../config/environment.js';
import type { Check, Findings } from '../../config/load.js';
import { numbers } from '../../config/numbers.js';
import { nameOf, type OptionTable } from '../../config/option.js';
import { choice, flag, list, number, path, paths, text } from '../../config/option-kinds.js';
import { profileOptions } from '../../config/options.js';
import { metricAbbreviations, metricTag } from '../../metrics/abbreviations.js';
import { everyTrait } from '../../run/configuration.js';
import { andList } from '../../util/lists.js';
import { sloErrors, slosOf } from '../slos.js';
import { viewKeys, viewOptions } from '../view.js';

/** Every option of `aiperf report`. */
export const reportOptions = {
  dirs: paths({
    argument: 'dir',
    group: 'Run',
    required: true,
    missing: 'name the artifact directory of a run',
    help: 'Artifact directory of a run: the folder that holds its profile_export.jsonl. With --html several, or that of a sweep.',
  }),
  profileExportPrefix: { ...profileOptions.profileExportPrefix, group: 'Run' },
  rewrite: flag({
    flags: ['--rewrite'],
    group: 'Run',
    help: 'Write summary, CSV and console file anew; without it only where the run left no summary.',
  }),
  html: path({
    flags: ['--html'],
    group: 'Run',
    help: 'Write the report as one page that opens in a browser without a network.',
  }),
  tables: { ...profileOptions.tables, group: 'Run' },
  ...viewOptions({ goodput: 'Goodput', slices: 'Run' }),
  targetRate: number({
    flags: ['--target-rate'],
    group: 'Goodput',
    above: 0,
    help: 'Estimate how many servers a request rate needs, by throughput and by goodput.',
  }),
  targetGoodput: number({
    flags: ['--target-goodput'],
    group: 'Goodput',
    min: 0,
    max: 1,
    help: 'Share of the requests that must be good, e.g. 0.95; needs --target-rate.',
  }),
  percentiles: numbers({
    flags: ['--percentiles'],
    group: 'Requests',
    items: 'percentages',
    min: 0,
    max: 100,
    default: [25, 50, 75, 90, 99],
    help: 'Percentiles to print, computed from every value by linear interpolation.',
  }),
  metric: list({
    flags: ['--metric'],
    group: 'Requests',
    items: 'tags of metrics',
    as: metricTag,
    greedy: true,
    defaultText: 'those of the main table',
    help: `Metrics to print: any that the records hold. Abbreviations: ${metricAbbreviations}.`,
  }),
  where: text({
    flags: ['--where'],
    group: 'Requests',
    metavar: '<condition>',
    help: `Select requests, e.g. 'isl > 8000 and (turn_index = 0 or not osl < 10)': metrics or numbers of the metadata compared with numbers; not binds before and, and before or. Abbreviations: ${metricAbbreviations}.`,
  }),
  confidence: flag({
    flags: ['--confidence'],
    group: 'Requests',
    help: 'Print a 95 % confidence interval for each percentile, from order statistics.',
  }),
  format: choice(['table', 'json', 'csv'], {
    flags: ['--format'],
    group: 'Requests',
    default: 'table',
    help: 'Form of what is printed.',
  }),
  consoleExportWidth: environment.consoleExportWidth,
  usagePctDiffThreshold: environment.usagePctDiffThreshold,
  oslMismatchPctThreshold: environment.oslMismatchPctThreshold,
  oslMismatchMaxTokenThreshold: environment.oslMismatchMaxTokenThreshold,
} satisfies OptionTable;

/** With any of these, statistics of single requests are printed in place of the report. */
export const questionKeys = ['percentiles', 'metric', 'where', 'confidence', 'format'] as const;
const reportKeys = ['rewrite', 'html', 'tables', ...viewKeys, 'targetRate', 'targetGoodput'] as const;

/** Nothing to say of several runs. */
export const singleRunKeys = ['rewrite', 'tables', 'targetRate', 'targetGoodput'] as const;

/** All that the options of `report` get wrong together. */
export function checkReport(
  ...[{ config, sources }, isValid]: Parameters<Check<typeof reportOptions>>
): Findings {
  const name = (key: 'goodput' | 'targetGoodput', flag: string) => sources.get(key)?.name ?? flag;
  const slos = isValid('goodput') ? slosOf(config.goodput) : [];
  const errors = sloErrors(slos, { ...everyTrait, slos }, name('goodput', '--goodput'));
  if (config.targetGoodput !== undefined && !sources.has('targetRate')) {
    errors.push(`${name('targetGoodput', '--target-goodput')} needs --target-rate, the requests to carry.`);
  }
  const asked = questionKeys.filter((key) => sources.has(key));
  const reported = reportKeys.filter((key) => sources.has(key));
  if (asked.length > 0 && reported.length > 0) {
    const names = (keys: readonly (keyof typeof reportOptions)[]) =>
      andList(keys.map((key) => sources.get(key)?.name ?? nameOf(reportOptions[key])));
    errors.push(
      `${names(reported)} cannot be combined with ${names(asked)}: statistics of requests are printed in place of the report.`,
    );
  }
  return { errors, warnings: [] };
}
