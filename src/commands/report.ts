import { randomBytes } from 'node:crypto';
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { ConfigOf } from '../config/option.js';
import { orList } from '../config/words.js';
import { summaryCsv } from '../export/summary-csv.js';
import { type SummaryFacts, summaryJson } from '../export/summary-json.js';
import type { RunSummary } from '../metrics/compute.js';
import { capacity } from '../report/capacity.js';
import { type FooterFacts, footer } from '../report/footer.js';
import { layoutOn } from '../report/layout.js';
import { failedRunReport, report, sideTables } from '../report/report.js';
import { messageOf, UserError } from '../util/errors.js';
import { version } from '../util/version.js';
import type { Command, Invocation, Io } from './command.js';
import { answer } from './report/answer.js';
import { checkReport, questionKeys, reportOptions } from './report/options.js';
import { type Recovered, recoverRun, withoutRequests } from './report/recovered.js';
import { openRunFolder, type RunFolder } from './report/run-folder.js';
import { notes, sliceSecondsTold, slosTold, type Told, toldAnew, whatIsTold } from './report/told.js';
import { slosOf } from './slos.js';
import { sliceNsOf, timesliceFiles } from './timeslices.js';

/** `aiperf report`: the results of a finished run, or of one that was killed, from its records. */
export const command: Command<typeof reportOptions> = { options: reportOptions, check: checkReport, run };

async function run({ config, given }: Invocation<typeof reportOptions>, io: Io): Promise<number> {
  const files = openRunFolder(config.dir, config.profileExportPrefix);
  if (questionKeys.some((key) => given.has(key))) {
    answer(config, files.records, layoutOn(io.stdout, config.consoleExportWidth), io);
    return 0;
  }
  const told = whatIsTold(files);
  const slos = config.goodput === undefined ? slosTold(told) : slosOf(config.goodput);
  const recovered = recoverRun(files.records, told.config.thresholds ?? thresholdsOf(config), {
    slos,
    sliceNs: sliceNsOf(config.sliceDuration ?? sliceSecondsTold(told)),
  });
  if (recovered === undefined) {
    throw withoutRequests(files.records);
  }
  if (config.goodput !== undefined) requireMeasured(recovered.summary);
  if (config.targetGoodput !== undefined && slos.length === 0) {
    throw new UserError(
      '--target-goodput needs objectives, and the run had none.',
      'Name them with --goodput, e.g. --goodput "time_to_first_token:370 request_latency:648".',
    );
  }
  for (const note of notes(recovered, told.summary)) io.stderr.write(`${note}\n`);
  return publish(recovered, files, toldAnew(told, slos, config.sliceDuration), config, io);
}

/** Writes the files that are missing and prints the report. @returns the exit code. */
function publish(
  recovered: Recovered,
  files: RunFolder,
  told: Told,
  {
    consoleExportWidth: width,
    rewrite,
    sliceDuration,
    tables,
    targetRate,
    targetGoodput,
  }: ConfigOf<typeof reportOptions>,
  io: Io,
): number {
  const { summary } = recovered;
  const layout = layoutOn(io.stdout, width);
  const facts = summaryFacts(recovered, told);
  if (summary.validCount === 0) {
    io.stdout.write(failedRunReport(summary, told.summary?.incompleteReason, layout));
    return 1;
  }
  const { incompleteReason } = facts;
  const reportFacts = {
    title: told.config.title ?? 'LLM Metrics',
    tables: sideTables(tables),
    ...(incompleteReason === undefined ? {} : { incompleteReason }),
  };
  const troubles: string[] = [];
  const write = (path: string, text: string) => troubles.push(...writeWhole(path, text));
  const isWanted = told.summary === undefined || rewrite;
  if (isWanted || sliceDuration !== undefined) {
    for (const { path, text } of timesliceFiles(summary.sliced, files, facts.inputConfig))
      write(path, text());
  }
  if (isWanted) {
    write(files.csv, summaryCsv(summary.results));
    write(files.console, report(summary, reportFacts, { width, colours: false }));
    // Last, because it is what the next report knows a finished run by.
    write(files.json, summaryJson(summary, facts));
  }
  io.stdout.write(report(summary, reportFacts, layout));
  if (targetRate !== undefined) {
    io.stdout.write(capacity(summary, { ratePerSecond: targetRate, goodShare: targetGoodput }, layout));
  }
  io.stdout.write(footer(summary, footerFacts(recovered.summary, files, facts), layout));
  for (const trouble of troubles) io.stderr.write(`${trouble}\n`);
  return troubles.length === 0 ? 0 : 1;
}

function summaryFacts({ summary, records }: Recovered, { config, summary: earlier }: Told): SummaryFacts {
  const randomSeed = config.randomSeed ?? earlier?.randomSeed;
  const cliCommand = config.cliCommand ?? earlier?.cliCommand;
  const incompleteReason =
    earlier === undefined
      ? `The run ended without a summary: ${records === 1 ? '1 record was' : `${records} records were`} recovered.`
      : earlier.incompleteReason;
  const firstStartNs = summary.firstStartNs ?? 0n;
  return {
    version,
    benchmarkId: config.benchmarkId ?? earlier?.benchmarkId ?? randomBytes(6).toString('hex'),
    inputConfig: config.inputConfig ?? earlier?.inputConfig ?? {},
    ...(randomSeed === undefined ? {} : { randomSeed }),
    ...(cliCommand === undefined ? {} : { cliCommand }),
    wasCancelled: earlier?.wasCancelled ?? false,
    ...(incompleteReason === undefined ? {} : { incompleteReason }),
    startedAtNs: earlier?.startedAtNs ?? firstStartNs,
    endedAtNs: summary.lastEndNs ?? firstStartNs,
  };
}

function footerFacts(
  { sliced }: RunSummary,
  files: RunFolder,
  { cliCommand, wasCancelled }: SummaryFacts,
): FooterFacts {
  const exports = [
    { label: 'CSV Export', path: files.csv },
    { label: 'JSON Export', path: files.json },
    { label: 'Records Export', path: files.records },
    ...timesliceFiles(sliced, files, {}),
  ];
  return {
    ...(cliCommand === undefined ? {} : { cliCommand }),
    files: exports.filter(({ path }) => existsSync(path)),
    ...(existsSync(files.log) ? { logFile: files.log } : {}),
    wasCancelled,
  };
}

/** Writes a file whole or not at all. @returns a sentence where that cannot be done. */
function writeWhole(path: string, text: string): string[] {
  const unfinished = `${path}.partial`;
  try {
    writeFileSync(unfinished, text);
    renameSync(unfinished, path);
    return [];
  } catch (thrown) {
    rmSync(unfinished, { force: true });
    return [`${path} could not be written: ${messageOf(thrown)}`];
  }
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

function thresholdsOf(config: ConfigOf<typeof reportOptions>) {
  return {
    oslMismatchPct: config.oslMismatchPctThreshold,
    oslMismatchTokens: config.oslMismatchMaxTokenThreshold,
    usageDiffPct: config.usagePctDiffThreshold,
  };
}
