import { resolve } from 'node:path';
import { exitCodes } from '../config/exit-codes.js';
import { type ConfigOf, nameOf } from '../config/option.js';
import type { RunSummary } from '../metrics/metric-store.js';
import { layoutOn } from '../report/layout.js';
import { sideTables } from '../report/report.js';
import { readFacts } from '../run/facts.js';
import type { FileKey } from '../run/files.js';
import { findRun, findRuns, type NamedFolder } from '../run/find.js';
import { inUse } from '../run/folder-lock.js';
import { type OpenedRun, openRun, type View } from '../run/open.js';
import { UserError } from '../util/errors.js';
import type { Io } from '../util/io.js';
import { andList, orList } from '../util/lists.js';
import { oneLine } from '../util/plain-text.js';
import { writeWhole } from '../util/write-whole.js';
import type { Command, Invocation } from './command.js';
import { type Publication, publish } from './publish.js';
import { answer } from './report/answer.js';
import { completeLeftovers } from './report/complete-records.js';
import { checkReport, questionKeys, reportOptions, singleRunKeys } from './report/options.js';
import { thresholdsOf, viewTraitsOf } from './view.js';

/** `aiperf report`: the results of a finished run, or of one that was killed, from its records. */
export const command: Command<typeof reportOptions> = { options: reportOptions, check: checkReport, run };

async function run({ config, sources }: Invocation<typeof reportOptions>, io: Io): Promise<number> {
  const [dir = '', ...others] = config.dirs;
  const leftovers = await completeLeftovers(config.dirs);
  for (const note of leftovers.notes) io.stderr.write(`${oneLine(note)}\n`);
  if (config.html !== undefined) {
    const runs = findRuns(config.dirs, config.profileExportPrefix);
    if (runs.length > 1) return await compareRuns(runs, config.html, { config, sources }, io);
  } else if (others.length > 0) {
    throw new UserError(
      `${config.dirs.length} folders are named, and a report on the console is that of one.`,
      'Several runs stand side by side on a page: --html report.html.',
    );
  }
  const files = findRun(dir, config.profileExportPrefix);
  if (questionKeys.some((key) => sources.has(key))) {
    const { incompleteReason } = readFacts(files).facts;
    const layout = layoutOn(io.stdout, config.consoleExportWidth, io.env);
    answer(config, { recordsFile: files.records, incompleteReason }, layout, io);
    return 0;
  }
  const { html } = config;
  const run = openRun(html === undefined ? files : { ...files, page: resolve(html) }, viewOf(config));
  if (config.goodput !== undefined) requireMeasured(run.summary);
  if (config.targetGoodput !== undefined && run.summary.slos.length === 0) {
    throw new UserError(
      '--target-goodput needs objectives, and the run had none.',
      'Name them with --goodput, e.g. --goodput "time_to_first_token:370 request_latency:648".',
    );
  }
  if (run.writer !== undefined && config.rewrite) throw inUse(files.folder, run.writer);
  for (const note of run.notes) io.stderr.write(`${oneLine(note)}\n`);
  const page = html === undefined ? undefined : (await import('../report/page/run-page.js')).runPage;
  const publication = { ...publicationOf(run, leftovers.added > 0, config, io), page };
  const troubles = publish(run, publication, io.stdout);
  for (const trouble of troubles) io.stderr.write(`${oneLine(trouble)}\n`);
  return troubles.length === 0 && run.summary.validCount > 0 ? exitCodes.success : exitCodes.failure;
}

function viewOf(config: ConfigOf<typeof reportOptions>): View {
  return { ...viewTraitsOf(config), thresholds: thresholdsOf(config) };
}

/** Writes the page of several runs, and only that. @returns the exit code. */
async function compareRuns(
  runs: readonly NamedFolder[],
  page: string,
  { config, sources }: Pick<Invocation<typeof reportOptions>, 'config' | 'sources'>,
  io: Io,
): Promise<number> {
  const alone = singleRunKeys.filter((key) => sources.has(key)).map((key) => nameOf(reportOptions[key]));
  if (alone.length > 0) {
    throw new UserError(
      `${andList(alone)} cannot be combined with ${runs.length} runs: that is for a report of one.`,
    );
  }
  const { notes } = await completeLeftovers(runs.map((run) => run.dir));
  for (const note of notes) io.stderr.write(`${oneLine(note)}\n`);
  const { comparisonPage } = await import('./report/page.js');
  const html = comparisonPage(runs, config.profileExportPrefix, viewOf(config));
  const troubles = writeWhole(resolve(page), html);
  for (const trouble of troubles) io.stderr.write(`${oneLine(trouble)}\n`);
  if (troubles.length > 0) return 1;
  io.stdout.write(`HTML Report of ${runs.length} runs: ${oneLine(resolve(page))}\n`);
  return 0;
}

/** What is written and printed of a run. @param isStale the files that are there lack records. */
function publicationOf(
  { stored, writer, summary, isSlicedAnew }: OpenedRun,
  isStale: boolean,
  config: ConfigOf<typeof reportOptions>,
  io: Io,
): Omit<Publication, 'page'> {
  const { consoleExportWidth, html, rewrite, tables, targetRate, targetGoodput } = config;
  // The files of a run in progress are its own to write.
  const isEnded = writer === undefined;
  const isWanted = isEnded && (stored === undefined || rewrite || isStale);
  const slices: ReadonlySet<FileKey> = new Set(['timeslicesCsv', 'timeslicesJson']);
  const summaries: ReadonlySet<FileKey> = new Set(['csv', 'console', 'json']);
  const withSlices = isWanted || (isEnded && isSlicedAnew);
  return {
    write: (key) =>
      (isWanted && summaries.has(key)) ||
      (withSlices && slices.has(key)) ||
      (html !== undefined && key === 'page'),
    list: (key) =>
      key !== 'raw' &&
      (html !== undefined || key !== 'page') &&
      (summary.sliced !== undefined || !slices.has(key)),
    tables: sideTables(tables),
    consoleWidth: consoleExportWidth,
    layout: layoutOn(io.stdout, consoleExportWidth, io.env),
    target: targetRate === undefined ? undefined : { ratePerSecond: targetRate, goodShare: targetGoodput },
  };
}

/** SLOs on metrics that no request has say nothing about the server. @throws UserError */
function requireMeasured({ slos, validCount }: RunSummary): void {
  const missing = slos.filter(({ measured }) => measured === 0).map(({ tag }) => tag);
  if (validCount === 0 || missing.length === 0) return;
  throw new UserError(
    `--goodput: no request of this run has ${orList(missing)}.`,
    'Metrics of single tokens need a run with --streaming.',
  );
}
