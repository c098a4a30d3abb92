import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { Writable } from 'node:stream';
import type { Coordinator } from '../cluster/coordinator/coordinator.js';
import { Sinks } from '../collect/sink.js';
import { checkProfile, optionNames } from '../config/conflicts.js';
import { gpuSources } from '../config/gpu-options.js';
import type { Check, Findings } from '../config/load.js';
import { withRequests } from '../config/load-mode.js';
import { type Config, profileOptions } from '../config/options.js';
import { unsupportedOption } from '../config/unsupported.js';
import type { Endpoint } from '../endpoint/endpoint.js';
import { endpoints } from '../endpoint/endpoints.js';
import { layoutOn } from '../report/layout.js';
import { type FolderLock, holderOf, lockFolder } from '../run/folder-lock.js';
import { readCustomMetrics } from '../telemetry/gpu/custom-metrics.js';
import { epochMs } from '../util/clock.js';
import { messageOf } from '../util/errors.js';
import type { Io } from '../util/io.js';
import { type FileLog, type LogEntry, type LogLevel, openLog } from '../util/log.js';
import { wasStartedByNohup } from '../util/nohup.js';
import type { ViewProcess } from '../views/view-process.js';
import type { Command, Invocation } from './command.js';
import { makeArtifacts, takeFolder } from './profile/artifacts.js';
import { chooseUi } from './profile/choose-ui.js';
import { endpointErrors } from './profile/endpoint-errors.js';
import { holdOutput } from './profile/held-output.js';
import { listenForInterrupt } from './profile/interrupt.js';
import { measureRun } from './profile/measure.js';
import { openScreens } from './profile/sinks.js';
import { judgeStart, waitText } from './profile/start-at.js';
import { textWarnings } from './profile/text-warnings.js';
import { traitsOf } from './profile/traits.js';
import { closeViews, startViews } from './profile/views.js';
import { sloErrors, slosOf } from './slos.js';

/** `aiperf profile`: sends load to a server and reports how fast it answers. */
export const command: Command<typeof profileOptions> = {
  options: profileOptions,
  check,
  refuse: unsupportedOption,
  run,
};

/** The rules of the options, and those of the metrics that they name. */
function check(...[loaded, isValid]: Parameters<Check<typeof profileOptions>>): Findings {
  const { errors, warnings } = checkProfile(loaded, isValid);
  const { config, sources } = loaded;
  const slos = isValid('goodput', 'endpointType', 'streaming') ? slosOf(config.goodput) : [];
  const name = optionNames(sources);
  const start = judgeStart(config.startAt, epochMs(), name('startAt'));
  const endpoint: Endpoint | undefined = isValid(
    'endpointType',
    'extraInputs',
    'osl',
    'useServerTokenCount',
    'useLegacyMaxTokens',
  )
    ? endpoints[config.endpointType]
    : undefined;
  return {
    // The title that AIPerf has for it.
    title: 'Error Running AIPerf System',
    errors: [
      ...errors,
      ...(endpoint === undefined ? [] : endpointErrors(loaded, endpoint, name)),
      ...(isValid('gpuTelemetry') ? customMetricErrors(config) : []),
      ...(isValid('startAt') ? start.errors : []),
      ...(slos.length > 0 ? sloErrors(slos, traitsOf(config), name('goodput')) : []),
    ],
    warnings: [
      ...warnings,
      ...(isValid('startAt') ? start.warnings : []),
      ...(endpoint === undefined ? [] : textWarnings(loaded, endpoint, name)),
      ...(endpoint?.warnings(config, name) ?? []),
    ],
  };
}

/** What is wrong with a file of GPU metrics. */
function customMetricErrors({ gpuTelemetry = [] }: Config): string[] {
  const [file] = gpuSources(gpuTelemetry).files;
  if (file === undefined || !existsSync(file)) return [];
  try {
    readCustomMetrics(file);
    return [];
  } catch (thrown) {
    return [messageOf(thrown)];
  }
}

async function run(given: Invocation<typeof profileOptions>, outside: Io): Promise<number> {
  const { ui, warning } = chooseUi(given.config, outside);
  const withUi = (config: Config): Config => ({ ...config, uiType: ui });
  const invocation = {
    ...given,
    config: withUi(given.config),
    points: given.points.map((point) => ({ ...point, config: withUi(point.config) })),
  };
  const { config } = invocation;
  const held = ui === 'dashboard' ? holdOutput(outside) : undefined;
  const io = { ...outside, ...held };
  const stderrLayout = layoutOn(io.stderr, config.consoleExportWidth, io.env);
  const screens = await openScreens(config, io);
  const clear = () => {
    for (const screen of screens) screen.clear();
  };
  const interrupt = listenForInterrupt(io, wasStartedByNohup(io.env), async (what) => {
    // Loaded when it is needed: it takes a twentieth of the time before the first request.
    const { cancellationPanel, forceQuitPanel, wrapUpPanel } = await import('../report/panels.js');
    clear();
    const panel = { cancels: cancellationPanel, leaves: forceQuitPanel, 'load is over': wrapUpPanel }[what];
    io.stderr.write(`${panel(stderrLayout).join('\n')}\n`);
  });
  let lock: FolderLock | undefined;
  let views: ViewProcess | undefined;
  let cluster: Coordinator | undefined;
  try {
    const artifacts = makeArtifacts(config);
    const isSeries = invocation.points.length > 1 || config.numProfileRuns > 1;
    const runId = config.nats === undefined ? undefined : (config.runId ?? newRunId());
    const leased = (isHeld: boolean) => (runId === undefined ? undefined : { id: runId, isHeld });
    // The folder of a coordinator that is gone is free once its run has been taken over.
    const waitsForRun = runId !== undefined && holderOf(artifacts.folder)?.run === runId;
    if (!waitsForRun) lock = lockFolder(artifacts.folder, isSeries, leased(false));
    const openLog = (of: Config) =>
      openRunLog(of, io.stderr, clear, (entry) => views?.send({ kind: 'log', entry }));
    const { log, writeTo } = openLog(config);
    // Without a log on the screen, hours of waiting would look like a run that hangs.
    if (ui === 'none' && config.startAt !== undefined)
      io.stderr.write(`${waitText(config.startAt, epochMs())}\n`);
    views = await startViews(config, io, interrupt, log, () => held?.release());
    const warnings = [
      ...(warning === undefined ? [] : [warning]),
      ...invocation.warnings,
      ...runWarnings(config),
    ];
    for (const message of warnings) log('WARNING', 'config', message);
    const sinks = new Sinks(
      [...screens, views?.sink].flatMap((sink) => (sink === undefined ? [] : [() => sink])),
      (message) => log('ERROR', 'ui', `The progress display failed: ${message}`),
    );
    const { stdout, env, onExit } = io;
    if (runId !== undefined)
      cluster = await (await import('./profile/cluster.js')).openCluster(config, runId, io, log);
    lock ??= lockFolder(artifacts.folder, isSeries, leased(true));
    const shared = { stdout, env, onExit, sinks, interrupt, views };
    let exitCode: number;
    if (isSeries) {
      const { runSeries } = await import('./profile/series/run.js');
      exitCode = await runSeries(invocation, { ...shared, cluster, artifacts, log, writeTo, openLog });
    } else {
      const round = cluster && (await (await import('./profile/cluster.js')).openOnlyRound(cluster, log));
      if (typeof round === 'number') return round;
      const context = {
        ...{ ...shared, artifacts, log, round },
        begin: () => takeFolder(config, artifacts, { log, writeTo }),
      };
      ({ exitCode } = await measureRun({ ...invocation, config: withRequests(config) }, context));
    }
    return exitCode;
  } finally {
    await cluster?.finish();
    await closeViews(views, interrupt);
    held?.release();
    lock?.release();
    interrupt.close();
  }
}

function newRunId(): string {
  return `aiperf-${randomBytes(4).toString('hex')}`;
}

/** Logs go to the views and to stderr, and later to the run's file. */
function openRunLog(
  config: Config,
  stderr: Writable,
  clear: () => void,
  toViews: (entry: LogEntry) => void,
): FileLog {
  const level: LogLevel = config.extraVerbose ? 'TRACE' : config.verbose ? 'DEBUG' : config.logLevel;
  const show = (line: string, entry: LogEntry) => {
    toViews(entry);
    if (!isShown(entry.level, config.uiType)) return;
    clear();
    stderr.write(`${line}\n`);
  };
  return openLog({ level, show });
}

/** `--ui none` lets through only what makes the exit code 1; below a dashboard, what it may have scrolled past stays. */
function isShown(level: LogLevel, ui: Config['uiType']): boolean {
  if (ui === 'simple') return true;
  return level === 'ERROR' || (ui === 'dashboard' && level === 'WARNING');
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
