import { randomBytes } from 'node:crypto';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { checkDatasetType, checkProfile } from '../config/conflicts.js';
import type { Check, Findings } from '../config/load.js';
import { type Config, profileOptions } from '../config/options.js';
import { estimateBytes } from '../dataset/plan.js';
import { endpoints } from '../endpoint/endpoints.js';
import { writeInputs } from '../export/inputs-json.js';
import { runConfigJson, runConfigName } from '../export/run-config.js';
import { layoutOn } from '../report/layout.js';
import { ledgerLine } from '../report/ledger.js';
import { cancellationPanel, forceQuitPanel, ledgerPanel } from '../report/panels.js';
import { openProgress, type Progress } from '../ui/progress.js';
import { openClock, takeOrigin } from '../util/clock.js';
import { messageOf, UserError } from '../util/errors.js';
import { type Log, type LogLevel, openLog } from '../util/log.js';
import { version } from '../util/version.js';
import type { Command, Invocation, Io } from './command.js';
import { type Artifacts, makeArtifacts } from './profile/artifacts.js';
import { inputConfig } from './profile/input-config.js';
import { inputSessions } from './profile/inputs.js';
import { INTERRUPTED, listenForInterrupt } from './profile/interrupt.js';
import { type PreparedRun, prepareRun } from './profile/prepare.js';
import type { RecordsPlan } from './profile/records.js';
import { publishResults, type ResultFacts } from './profile/results.js';
import { type RunOutcome, runLoad } from './profile/run.js';
import { traitsOf } from './profile/traits.js';
import { sloErrors, slosOf } from './slos.js';
import { sliceNsOf } from './timeslices.js';

/** `aiperf profile`: sends load to a server and reports how fast it answers. */
export const command: Command<typeof profileOptions> = { options: profileOptions, check, run };

/** Above this `inputs.json` is left out unless it is asked for. */
const LARGEST_INPUTS_BYTES = 200e6;

/** The rules of the options, and those of the metrics that they name. */
function check(...[loaded, sound]: Parameters<Check<typeof profileOptions>>): Findings {
  const { errors, warnings } = checkProfile(loaded, sound);
  const { config, given } = loaded;
  const slos = sound('goodput', 'endpointType', 'streaming') ? slosOf(config.goodput) : [];
  const name = given.get('goodput')?.name ?? '--goodput';
  return {
    errors: [...errors, ...(slos.length > 0 ? sloErrors(slos, traitsOf(config), name) : [])],
    warnings,
  };
}

async function run(invocation: Invocation<typeof profileOptions>, io: Io): Promise<number> {
  const { config } = invocation;
  const stderrLayout = layoutOn(io.stderr, config.consoleExportWidth);
  const progress = openProgress(config.uiType === 'none' ? 'none' : 'simple', io.stderr);
  const interrupt = listenForInterrupt((which) => {
    progress.clear();
    const panel = which === 'first' ? cancellationPanel(stderrLayout) : forceQuitPanel(stderrLayout);
    io.stderr.write(`${panel.join('\n')}\n`);
  });
  try {
    const artifacts = makeArtifacts(config);
    const log = openRunLog(config, io.stderr, artifacts, progress);
    for (const warning of [...invocation.warnings, ...runWarnings(config)]) log('WARNING', 'config', warning);
    const origin = takeOrigin();
    const prepared = await prepareRun(config, version, origin, log);
    requireFittingType(invocation, prepared, log);
    await exportInputs(config, prepared, artifacts, log);
    const plan = recordsPlan(config, prepared, artifacts);
    const facts: ResultFacts = {
      config,
      benchmarkId: randomBytes(6).toString('hex'),
      recordedCommand: invocation.recordedCommand,
      inputConfig: inputConfig(config, prepared, artifacts.folder),
      origin,
      artifacts,
    };
    leaveRunConfig(facts, plan, log);
    const outcome = await runLoad(prepared, plan, {
      progress,
      clock: openClock(origin),
      interrupt,
      log,
      stallSeconds: config.stallTimeoutSeconds,
      drainSeconds: config.timingCancelDrainTimeoutSeconds,
    });
    for (const trouble of outcome.troubles) log('ERROR', 'export', trouble);
    if (outcome.stalled !== undefined)
      log('ERROR', 'load', `The run was ended because it was stuck: ${outcome.stalled}`);
    const allWritten = publishResults(outcome, facts, io.stdout, log);
    if (outcome.failure !== undefined) throw outcome.failure;
    const mismatches = ledgerLines(outcome, prepared);
    for (const line of mismatches)
      io.stdout.write(`${ledgerPanel(line, layoutOn(io.stdout, config.consoleExportWidth)).join('\n')}\n`);
    if (outcome.interrupted) return INTERRUPTED;
    const sound =
      allWritten && outcome.troubles.length === 0 && outcome.stalled === undefined && mismatches.length === 0;
    return outcome.summary.validCount > 0 && sound ? 0 : 1;
  } finally {
    interrupt.close();
  }
}

/** What is wrong with the count of requests, by phase: each request that was issued must have ended once. */
function ledgerLines(
  { summary, warmup, interrupted, stalled }: RunOutcome,
  { phases }: PreparedRun,
): string[] {
  const wasCut = interrupted || stalled !== undefined;
  return phases.flatMap(({ plan, counters, expectedRequests }) => {
    const results = plan.name === 'warmup' ? warmup : summary;
    if (results === undefined) return [];
    return ledgerLine(results.outcomes, counters.issued, wasCut ? undefined : expectedRequests) ?? [];
  });
}

/** The rules between options and a dataset whose type was told from its file. @throws UserError */
function requireFittingType(
  invocation: Invocation<typeof profileOptions>,
  prepared: PreparedRun,
  log: Log,
): void {
  const { dataset } = prepared.load;
  if (invocation.config.customDatasetType !== undefined || dataset.kind === 'synthetic') return;
  const type = dataset.kind === 'pool' ? 'random_pool' : dataset.type;
  const { errors, warnings } = checkDatasetType(invocation, type);
  if (errors.length > 0) throw new UserError(errors.join('\n'));
  for (const warning of warnings) log('WARNING', 'config', warning);
}

/** Logs go to the run's file, and to stderr, where `--ui none` lets through only what makes the exit code 1. */
function openRunLog(config: Config, stderr: Writable, artifacts: Artifacts, progress: Progress): Log {
  const level: LogLevel = config.extraVerbose ? 'TRACE' : config.verbose ? 'DEBUG' : config.logLevel;
  const show = (line: string, of: LogLevel) => {
    if (config.uiType === 'none' && of !== 'ERROR') return;
    progress.clear();
    stderr.write(`${line}\n`);
  };
  return openLog({ level, file: artifacts.log, show });
}

/** What a user should know before the run, though nothing is wrong. */
function runWarnings(config: Config): string[] {
  const warnings: string[] = [];
  if (config.tlsInsecure || !config.httpSslVerify)
    warnings.push('The certificates of https servers are not checked.');
  if (config.streaming && !endpoints[config.endpointType].canStream) {
    warnings.push(`The endpoint type ${config.endpointType} cannot stream: --streaming is off.`);
  }
  return warnings;
}

/** What `aiperf report` needs to know of a run that was killed before its summary. */
function leaveRunConfig(facts: ResultFacts, { thresholds }: RecordsPlan, log: Log): void {
  const { config, artifacts, benchmarkId, recordedCommand, inputConfig: resolved } = facts;
  if (artifacts.records === undefined) return;
  const json = runConfigJson(
    {
      benchmarkId,
      title: endpoints[config.endpointType].title,
      thresholds,
      ...(config.randomSeed === undefined ? {} : { randomSeed: config.randomSeed }),
      cliCommand: recordedCommand,
      inputConfig: resolved,
    },
    artifacts.records,
  );
  try {
    writeFileSync(join(artifacts.folder, runConfigName), json);
  } catch (thrown) {
    log('WARNING', 'export', `${runConfigName} could not be written: ${messageOf(thrown)}`);
  }
}

async function exportInputs(
  config: Config,
  prepared: PreparedRun,
  artifacts: Artifacts,
  log: Log,
): Promise<void> {
  if (config.exportInputs === 'never') return;
  const bytes = estimateBytes(prepared.load.dataset);
  if (config.exportInputs === 'auto' && bytes > LARGEST_INPUTS_BYTES) {
    log(
      'NOTICE',
      'export',
      `inputs.json is left out: it would have about ${Math.round(bytes / 1e6)} MB; --export-inputs always writes it`,
    );
    return;
  }
  // Whole or not at all: an interrupt in the middle leaves no half file under the name.
  const unfinished = `${artifacts.inputs}.partial`;
  const removeUnfinished = () => rmSync(unfinished, { force: true });
  process.once('exit', removeUnfinished);
  try {
    await writeInputs(unfinished, inputSessions(prepared.load));
    renameSync(unfinished, artifacts.inputs);
    log('INFO', 'export', `the inputs are in ${artifacts.inputs}`);
  } catch (thrown) {
    removeUnfinished();
    if (thrown instanceof UserError) throw thrown;
    log('WARNING', 'export', `inputs.json could not be written: ${messageOf(thrown)}`);
  } finally {
    process.off('exit', removeUnfinished);
  }
}

function recordsPlan(config: Config, prepared: PreparedRun, artifacts: Artifacts): RecordsPlan {
  const { load, tokenizers } = prepared;
  const hasWarmup = load.phases.some(({ name }) => name === 'warmup');
  return {
    origin: load.origin,
    traits: traitsOf(config),
    thresholds: {
      oslMismatchPct: config.oslMismatchPctThreshold,
      oslMismatchTokens: config.oslMismatchMaxTokenThreshold,
      usageDiffPct: config.usagePctDiffThreshold,
    },
    sliceNs: sliceNsOf(config.sliceDuration),
    tokenizers,
    recordsFile: artifacts.records,
    rawFile: artifacts.raw,
    warmupFile: hasWarmup ? artifacts.warmup : undefined,
    hasWarmup,
  };
}
