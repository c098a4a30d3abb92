import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { exitCodes } from '../config/exit-codes.js';
import { type ConfigOf, nameOf } from '../config/option.js';
import { andList, orList } from '../config/words.js';
import { summaryCsv } from '../export/summary-csv.js';
import { type SummaryFacts, summaryJson } from '../export/summary-json.js';
import type { RunSummary } from '../metrics/compute.js';
import { capacity } from '../report/capacity.js';
import { type FooterFacts, footer } from '../report/footer.js';
import { layoutOn } from '../report/layout.js';
import { report, sideTables } from '../report/report.js';
import { UserError } from '../util/errors.js';
import type { Io } from '../util/io.js';
import { oneLine } from '../util/plain-text.js';
import { version } from '../util/version.js';
import type { Command, Invocation } from './command.js';
import { inUse } from './profile/folder-lock.js';
import { answer } from './report/answer.js';
import { completeLeftovers } from './report/complete-records.js';
import { checkReport, questionKeys, reportOptions, singleRunKeys } from './report/options.js';
import type { Recovered } from './report/recovered.js';
import { findRuns, type NamedFolder, openRunFolder, type RunFolder } from './report/run-folder.js';
import { lookAt, type StoredRun, sumUp, sumUpWarmup } from './report/stored-run.js';
import { dueTimesTold, fidelityTold, incompleteReason, notes, type Told } from './report/told.js';
import { thresholdsOf } from './thresholds.js';
import { timesliceFiles } from './timeslices.js';
import { writeWhole } from './write-whole.js';

/** `aiperf report`: the results of a finished run, or of one that was killed, from its records. */
export const command: Command<typeof reportOptions> = { options: reportOptions, check: checkReport, run };

async function run({ config, given }: Invocation<typeof reportOptions>, io: Io): Promise<number> {
  const [dir = '', ...others] = config.dirs;
  const leftovers = completeLeftovers(config.dirs);
  for (const note of leftovers.notes) io.stderr.write(`${oneLine(note)}\n`);
  if (config.html !== undefined) {
    const runs = findRuns(config.dirs, config.profileExportPrefix);
    if (runs.length > 1) return await compareRuns(runs, config.html, { config, given }, io);
  } else if (others.length > 0) {
    throw new UserError(
      `${config.dirs.length} folders are named, and a report on the console is that of one.`,
      'Several runs stand side by side on a page: --html report.html.',
    );
  }
  const files = openRunFolder(dir, config.profileExportPrefix);
  if (questionKeys.some((key) => given.has(key))) {
    answer(config, files.records, layoutOn(io.stdout, config.consoleExportWidth, io.env), io);
    return 0;
  }
  const view = { ...config, thresholds: thresholdsOf(config) };
  const pages = config.html === undefined ? undefined : await import('./report/page.js');
  const run = lookAt(files, view);
  const material = pages && new pages.PageMaterial();
  const stored = sumUp(run, material?.add);
  const { recovered, left, slos } = stored;
  if (config.goodput !== undefined) requireMeasured(recovered.summary);
  if (config.targetGoodput !== undefined && slos.length === 0) {
    throw new UserError(
      '--target-goodput needs objectives, and the run had none.',
      'Name them with --goodput, e.g. --goodput "time_to_first_token:370 request_latency:648".',
    );
  }
  const { writer } = left;
  if (writer !== undefined && config.rewrite) throw inUse(files.folder, writer);
  for (const note of notes(recovered, left.summary)) io.stderr.write(`${oneLine(note)}\n`);
  const troubles = material ? (pages?.writePage(config.html ?? '', material.of(stored)) ?? []) : [];
  for (const trouble of troubles) io.stderr.write(`${oneLine(trouble)}\n`);
  const isStale = leftovers.added > 0;
  return Math.max(publish(stored, isStale, config, io), troubles.length === 0 ? 0 : 1);
}

/** Writes the page of several runs, and only that. @returns the exit code. */
async function compareRuns(
  runs: readonly NamedFolder[],
  page: string,
  { config, given }: Pick<Invocation<typeof reportOptions>, 'config' | 'given'>,
  io: Io,
): Promise<number> {
  const alone = singleRunKeys.filter((key) => given.has(key)).map((key) => nameOf(reportOptions[key]));
  if (alone.length > 0) {
    throw new UserError(
      `${andList(alone)} cannot be combined with ${runs.length} runs: that is for a report of one.`,
    );
  }
  for (const note of completeLeftovers(runs.map((run) => run.dir)).notes)
    io.stderr.write(`${oneLine(note)}\n`);
  const { comparisonPage } = await import('./report/page.js');
  const view = { ...config, thresholds: thresholdsOf(config) };
  const troubles = writeWhole(resolve(page), comparisonPage(runs, config.profileExportPrefix, view));
  for (const trouble of troubles) io.stderr.write(`${oneLine(trouble)}\n`);
  if (troubles.length > 0) return 1;
  io.stdout.write(`HTML Report of ${runs.length} runs: ${oneLine(resolve(page))}\n`);
  return 0;
}

/**
 * Writes the files that are missing and prints the report.
 * @param isStale the files that are there lack records. @returns the exit code.
 */
function publish(
  stored: StoredRun,
  isStale: boolean,
  {
    consoleExportWidth: width,
    html,
    rewrite,
    sliceDuration,
    tables,
    targetRate,
    targetGoodput,
  }: ConfigOf<typeof reportOptions>,
  io: Io,
): number {
  const { recovered, files, told } = stored;
  const { summary } = recovered;
  const layout = layoutOn(io.stdout, width, io.env);
  const facts = summaryFacts(recovered, told);
  const page = html === undefined ? undefined : resolve(html);
  const reportFacts = {
    title: told.config.title ?? 'LLM Metrics',
    ...dueTimesTold(told),
    tables: sideTables(tables),
    ...(facts.incompleteReason === undefined ? {} : { incompleteReason: facts.incompleteReason }),
  };
  const troubles: string[] = [];
  const write = (path: string, text: string) => troubles.push(...writeWhole(path, text));
  // The files of a run in progress are its own to write.
  const isEnded = told.writer === undefined;
  const isWanted = isEnded && (told.summary === undefined || rewrite || isStale);
  if (isWanted || (isEnded && sliceDuration !== undefined)) {
    for (const { path, text } of timesliceFiles(summary.sliced, files, facts.inputConfig))
      write(path, text());
  }
  if (isWanted) {
    write(files.csv, summaryCsv(summary.results));
    write(files.console, report(summary, reportFacts, { width, colours: false }));
    // Last, because it is what the next report knows a finished run by.
    const warmup = sumUpWarmup(stored);
    write(files.json, summaryJson(summary, warmup === undefined ? facts : { ...facts, warmup }));
  }
  io.stdout.write(report(summary, reportFacts, layout));
  if (targetRate !== undefined && summary.validCount > 0) {
    io.stdout.write(capacity(summary, { ratePerSecond: targetRate, goodShare: targetGoodput }, layout));
  }
  io.stdout.write(footer(summary, footerFacts(recovered.summary, { ...files, page }, facts), layout));
  for (const trouble of troubles) io.stderr.write(`${oneLine(trouble)}\n`);
  return troubles.length === 0 && summary.validCount > 0 ? exitCodes.success : exitCodes.failure;
}

function summaryFacts(recovered: Recovered, told: Told): SummaryFacts {
  const { summary } = recovered;
  const { config, summary: earlier } = told;
  const randomSeed = config.randomSeed ?? earlier?.randomSeed;
  const cliCommand = config.cliCommand ?? earlier?.cliCommand;
  const reason = incompleteReason(recovered, told);
  const firstStartNs = summary.firstStartNs ?? 0n;
  return {
    version,
    benchmarkId: config.benchmarkId ?? earlier?.benchmarkId ?? randomBytes(6).toString('hex'),
    inputConfig: config.inputConfig ?? earlier?.inputConfig ?? {},
    ...(randomSeed === undefined ? {} : { randomSeed }),
    ...(cliCommand === undefined ? {} : { cliCommand }),
    ...(earlier === undefined ? {} : { place: earlier.place }),
    wasCancelled: earlier?.wasCancelled ?? false,
    ...(reason === undefined ? {} : { incompleteReason: reason }),
    startedAtNs: earlier?.startedAtNs ?? firstStartNs,
    endedAtNs: summary.lastEndNs ?? firstStartNs,
    ...(earlier?.fidelity === undefined ? {} : { fidelity: earlier.fidelity }),
    ...(earlier === undefined ? {} : { responseWarnings: earlier.responseWarnings }),
  };
}

function footerFacts(
  { sliced }: RunSummary,
  files: RunFolder & { readonly page: string | undefined },
  { cliCommand, wasCancelled, fidelity }: SummaryFacts,
): FooterFacts {
  const exports = [
    { label: 'CSV Export', path: files.csv },
    { label: 'JSON Export', path: files.json },
    { label: 'Records Export', path: files.records },
    ...timesliceFiles(sliced, files, {}),
    ...(files.page === undefined ? [] : [{ label: 'HTML Report', path: files.page }]),
  ];
  return {
    ...(cliCommand === undefined ? {} : { cliCommand }),
    files: exports.filter(({ path }) => existsSync(path)),
    ...(fidelity === undefined ? {} : { fidelity: fidelityTold(fidelity) }),
    ...(existsSync(files.log) ? { logFile: files.log } : {}),
    wasCancelled,
  };
}

/** Objectives that nobody could keep say nothing of the server. @throws UserError */
function requireMeasured({ slos, validCount }: RunSummary): void {
  const missing = slos.filter(({ measured }) => measured === 0).map(({ tag }) => tag);
  if (validCount === 0 || missing.length === 0) return;
  throw new UserError(
    `--goodput: no request of this run has ${orList(missing)}.`,
    'Metrics of single tokens need a run with --streaming.',
  );
}
