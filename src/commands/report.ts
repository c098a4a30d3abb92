import { randomBytes } from 'node:crypto';
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { environment } from '../config/environment.js';
import { type ConfigOf, flag, type OptionTable, path } from '../config/option.js';
import { profileOptions } from '../config/options.js';
import { readSummary, type StoredSummary } from '../export/read-summary.js';
import { type RunConfig, readRunConfig } from '../export/run-config.js';
import { summaryCsv } from '../export/summary-csv.js';
import { type SummaryFacts, summaryJson } from '../export/summary-json.js';
import { type FooterFacts, footer } from '../report/footer.js';
import { layoutOn } from '../report/layout.js';
import { failedRunReport, report } from '../report/report.js';
import { messageOf, UserError } from '../util/errors.js';
import { version } from '../util/version.js';
import type { Command, Invocation, Io } from './command.js';
import { type Recovered, recoverRun } from './report/recovered.js';
import { openRunFolder, type RunFolder } from './report/run-folder.js';

/** Every option of `aiperf report`. */
export const reportOptions = {
  dir: path({
    argument: 'dir',
    group: 'Run',
    required: true,
    missing: 'name the artifact directory of a run',
    help: 'Artifact directory of a run: the folder that holds its profile_export.jsonl.',
  }),
  profileExportPrefix: { ...profileOptions.profileExportPrefix, group: 'Run' },
  rewrite: flag({
    flags: ['--rewrite'],
    group: 'Run',
    help: 'Write summary, CSV and console file anew; without it only where the run left no summary.',
  }),
  consoleExportWidth: environment.consoleExportWidth,
  usagePctDiffThreshold: environment.usagePctDiffThreshold,
  oslMismatchPctThreshold: environment.oslMismatchPctThreshold,
  oslMismatchMaxTokenThreshold: environment.oslMismatchMaxTokenThreshold,
} satisfies OptionTable;

/** `aiperf report`: the results of a finished run, or of one that was killed, from its records. */
export const command: Command<typeof reportOptions> = { options: reportOptions, run };

async function run({ config }: Invocation<typeof reportOptions>, io: Io): Promise<number> {
  const files = openRunFolder(config.dir, config.profileExportPrefix);
  const told = whatIsTold(files);
  const recovered = recoverRun(files.records, told.config.thresholds ?? thresholdsOf(config));
  if (recovered === undefined) {
    throw new UserError(
      `${files.records} holds no record of a profiling request.`,
      'The run ended before its first answer: there is nothing to report.',
    );
  }
  for (const note of notes(recovered, told.summary)) io.stderr.write(`${note}\n`);
  return publish(recovered, files, told, config.consoleExportWidth, config.rewrite, io);
}

/** What a run has said of itself. */
interface Told {
  readonly config: Partial<RunConfig>;
  /** Undefined where the run left no summary; that of an earlier run in the same folder does not count. */
  readonly summary: StoredSummary | undefined;
}

function whatIsTold({ folder, records, json }: RunFolder): Told {
  const config = readRunConfig(folder, records) ?? {};
  const summary = readSummary(json);
  const isOfAnotherRun = config.benchmarkId !== undefined && config.benchmarkId !== summary?.benchmarkId;
  return { config, summary: isOfAnotherRun ? undefined : summary };
}

function notes({ records, warmups, isCut }: Recovered, summary: StoredSummary | undefined): string[] {
  const found: string[] = [];
  if (isCut) found.push('The last line of the records is cut off: 1 record is left out.');
  if (warmups > 0) found.push(`${warmups} warm-up records are left out.`);
  if (summary !== undefined && summary.requests !== records) {
    found.push(
      `The summary of the run counts ${summary.requests} requests, and there are ${records} records: ` +
        'the figures below are those of the records.',
    );
  }
  return found;
}

/** Writes the files that are missing and prints the report. @returns the exit code. */
function publish(
  recovered: Recovered,
  files: RunFolder,
  told: Told,
  width: number,
  rewrite: boolean,
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
    ...(incompleteReason === undefined ? {} : { incompleteReason }),
  };
  const troubles: string[] = [];
  if (told.summary === undefined || rewrite) {
    const write = (path: string, text: string) => troubles.push(...writeWhole(path, text));
    write(files.csv, summaryCsv(summary.results));
    write(files.console, report(summary, reportFacts, { width, colours: false }));
    // Last, because it is what the next report knows a finished run by.
    write(files.json, summaryJson(summary, facts));
  }
  io.stdout.write(report(summary, reportFacts, layout));
  io.stdout.write(footer(summary, footerFacts(files, facts), layout));
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

function footerFacts(files: RunFolder, { cliCommand, wasCancelled }: SummaryFacts): FooterFacts {
  const exports = [
    { label: 'CSV Export', path: files.csv },
    { label: 'JSON Export', path: files.json },
    { label: 'Records Export', path: files.records },
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

function thresholdsOf(config: ConfigOf<typeof reportOptions>) {
  return {
    oslMismatchPct: config.oslMismatchPctThreshold,
    oslMismatchTokens: config.oslMismatchMaxTokenThreshold,
    usageDiffPct: config.usagePctDiffThreshold,
  };
}
