import { join } from 'node:path';
import type { Config } from '../../config/options.js';
import type { LoadPlan } from '../../load/plan.js';
import { type RunFacts, readOwnFacts } from '../../run/facts.js';
import { filesIn, previousFolder, type RunFiles } from '../../run/files.js';
import type { RunOutcome } from '../../run/outcome.js';
import { removeScrapeLogs } from '../../telemetry/scrape-logs.js';
import { startTelemetry, type Telemetry, type TelemetryReading } from '../../telemetry/telemetry.js';
import type { ClockOrigin } from '../../util/clock.js';
import { packageFile } from '../../util/package-file.js';
import { sleep } from '../../util/timeout.js';
import { version } from '../../util/version.js';
import type { Interrupt } from './interrupt.js';
import type { RunContext } from './measure.js';
import type { ServerFilesRequest } from './server-files.js';
import { telemetryPlan } from './telemetry-plan.js';
import type { TelemetryRequest, TelemetryResults, TelemetryWindow } from './telemetry-results.js';

/** An interrupted run must end within two seconds, of which the report needs some. */
const HURRIED_MS = 1200;
/** The least time that it gets for its telemetry. */
const LEAST_MS = 200;

/** The telemetry of one run. */
export interface RunTelemetry {
  /** Starts to read. */
  readonly open: () => TelemetryReading | undefined;
  /** Runs the load, then makes files and results of what was read. */
  during(run: () => Promise<RunOutcome | undefined>): Promise<ServedRun>;
}

interface ServedRun {
  /** As `runLoad` returns it. */
  readonly outcome: RunOutcome | undefined;
  /** Undefined without telemetry, or if there was no time for it. */
  readonly telemetry: TelemetryResults | undefined;
}

/** Prepares to read servers and GPUs during a run. @param former as `formerFiles` returns it. */
export function runTelemetry(
  config: Config,
  load: LoadPlan,
  origin: ClockOrigin,
  files: RunFiles,
  facts: RunFacts,
  { log, env, interrupt, views }: Pick<RunContext, 'log' | 'env' | 'interrupt' | 'views'>,
  former: RunFiles | undefined,
): RunTelemetry {
  let telemetry: Telemetry<TelemetryRequest, TelemetryResults> | undefined;
  return {
    open: () => {
      const plan = telemetryPlan(config, load, origin, files, {
        ...{ env, former, isWatched: views !== undefined },
      });
      if (plan === undefined) return undefined;
      telemetry = startTelemetry(packageFile('dist/commands/profile/telemetry-entry.js'), plan, log);
      return telemetry;
    },
    during: async (run) => {
      let isLate = false;
      try {
        const outcome = await run();
        isLate = outcome === undefined;
        const request = outcome && {
          ...windowsOf(outcome, origin),
          origin,
          models: config.models,
          seriesFile: config.exportLevel === 'summary' ? undefined : files.series,
          server: serverRequest(outcome, config, origin, files, facts),
        };
        const finished = request && telemetry?.finish(request);
        const results = await inTime(finished, interrupt);
        if (results === 'no time') {
          isLate = true;
          const what = 'there was no time to write what was read of servers and GPUs';
          log('WARNING', 'telemetry', `${what}; aiperf report ${files.folder} writes the server metrics`);
          return { outcome, telemetry: undefined };
        }
        if (results !== undefined) {
          const { configured, reached, scrapes } = results;
          const read = `${reached.length} of ${configured.length} pages were read, ${scrapes} times in all`;
          log('DEBUG', 'telemetry', read);
        }
        return { outcome, telemetry: results };
      } finally {
        await telemetry?.terminate();
        // Left for `aiperf report` where there was no time.
        if (!isLate) removeScrapeLogs(files.telemetrySpool);
      }
    },
  };
}

/** The results, unless an interrupt leaves no time for them. */
async function inTime<Results>(
  results: Promise<Results> | undefined,
  interrupt: Interrupt,
): Promise<Results | 'no time' | undefined> {
  const waiting = new AbortController();
  let release = () => {};
  const interrupted = new Promise<void>((resolve) => {
    release = interrupt.onFirst(() => {
      resolve();
      return 'load is over';
    });
  });
  const noTime = interrupted.then(async () => {
    await sleep(Math.max(LEAST_MS, HURRIED_MS - (interrupt.agoMs ?? 0)), waiting.signal);
    return 'no time' as const;
  });
  try {
    return await Promise.race([results, noTime]);
  } finally {
    release();
    waiting.abort();
  }
}

/**
 * The files of a coordinator that is gone, which has begun the measurement in the same folder: they have been moved out
 * of the way. Undefined: there are none.
 */
export function formerFiles(
  { folder }: RunFiles,
  prefix: string | undefined,
  benchmarkId: string,
): RunFiles | undefined {
  const former = filesIn(join(folder, previousFolder), prefix);
  return readOwnFacts(former.config).benchmarkId === benchmarkId ? former : undefined;
}

function serverRequest(
  { summary: { firstStartNs }, interrupted, failedTooOften }: RunOutcome,
  { sliceDuration, serverMetricsFormats }: Config,
  origin: ClockOrigin,
  files: RunFiles,
  { benchmarkId = '', inputConfig = {} }: RunFacts,
): ServerFilesRequest {
  return {
    ...{ version, benchmarkId, inputConfig, files },
    // The grid of the requests.
    slices:
      sliceDuration === undefined || firstStartNs === undefined
        ? undefined
        : { fromNs: Number(firstStartNs - origin.epochNs), lengthNs: Math.round(sliceDuration * 1e9) },
    formats: serverMetricsFormats,
    wasCancelled: interrupted || failedTooOften,
  };
}

function windowsOf(
  { summary, warmup, startNs, warmupStartNs }: RunOutcome,
  origin: ClockOrigin,
): Pick<TelemetryRequest, 'profiling' | 'warmup'> {
  return {
    profiling: windowOf(startNs, summary.lastEndNs, origin),
    warmup: windowOf(warmupStartNs, warmup?.lastEndNs, origin),
  };
}

/** @param lastEndNs wall clock. */
function windowOf(
  startNs: number | undefined,
  lastEndNs: bigint | undefined,
  origin: ClockOrigin,
): TelemetryWindow | undefined {
  if (startNs === undefined || lastEndNs === undefined) return undefined;
  return { startNs, endNs: Number(lastEndNs - origin.epochNs) };
}
