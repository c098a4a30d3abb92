import { existsSync } from 'node:fs';
import { relative } from 'node:path';
import { withScheme } from '../../config/base-url.js';
import type { Config } from '../../config/options.js';
import { metricOf } from '../../metrics/table.js';
import type { RunFacts } from '../../run/facts.js';
import { labelledFiles, type RunFiles } from '../../run/files.js';
import type { RunOutcome } from '../../run/outcome.js';
import { loadText } from '../../run/phase-log.js';
import { epochMs } from '../../util/clock.js';
import { withoutSecrets } from '../../util/secrets.js';
import { version } from '../../util/version.js';
import type { SeriesPlace, WatchedResult, WatchedRun, WatchedSlo } from '../../views/messages.js';
import type { ViewProcess } from '../../views/view-process.js';
import { slosOf } from '../slos.js';
import type { PreparedRun } from './prepare.js';
import type { RunEnd } from './run-end.js';

interface RunToWatch {
  readonly config: Config;
  readonly prepared: PreparedRun;
  readonly facts: RunFacts;
  readonly files: RunFiles;
  readonly place: SeriesPlace | undefined;
}

/** Tells the views that a run begins. @returns tells them how it ended. */
export function watchRun(
  views: ViewProcess,
  run: RunToWatch,
): { readonly end: (outcome: RunOutcome, end: RunEnd) => void } {
  views.send({ kind: 'run', run: watchedRun(run) });
  return { end: (outcome, end) => views.send({ kind: 'result', result: watchedResult(run, outcome, end) }) };
}

function watchedRun({ config, prepared, facts, place }: RunToWatch): WatchedRun {
  const { load, datasetSize, threads } = prepared;
  const { title = '', benchmarkId = '', folder = '', command = '', inputConfig = {} } = facts;
  return {
    ...{ title, benchmarkId, folder, command, version, threads, place },
    models: config.models,
    urls: config.urls.map((url) => withoutSecrets(withScheme(url))),
    endpointType: config.endpointType,
    streaming: load.body.streaming,
    load: load.phases.map(loadText).at(-1) ?? '',
    concurrency: config.concurrency,
    requestRate: config.requestRate,
    phases: load.phases.map(({ name, expectedRequests, durationNs }) => ({
      ...{ name, requests: expectedRequests },
      seconds: Number.isFinite(durationNs) ? durationNs / 1e9 : undefined,
    })),
    slos: slosOf(config.goodput).map(({ tag, limit }): WatchedSlo => {
      const { label, displayUnit: unit, largerIsBetter } = metricOf(tag);
      return { tag, label, limit, unit, largerIsBetter };
    }),
    config: inputConfig,
    datasetSize: Number.isFinite(datasetSize) ? datasetSize : undefined,
    startedMs: epochMs(),
  };
}

function watchedResult(
  { facts, files }: RunToWatch,
  { summary, interrupted, fidelity }: RunOutcome,
  { exitCode, failure }: RunEnd,
): WatchedResult {
  const written = (path: string) => (existsSync(path) ? relative(files.folder, path) : undefined);
  return {
    benchmarkId: facts.benchmarkId ?? '',
    results: summary.results,
    requests: {
      succeeded: summary.validCount,
      failed: summary.failedCount,
      cancelled: summary.outcomes.cancelled,
    },
    wasCancelled: interrupted,
    failure,
    verdict: fidelity?.verdict,
    folder: files.folder,
    files: labelledFiles(files).flatMap(({ path }) => written(path) ?? []),
    summaryFile: written(files.json),
    page: existsSync(files.page) ? files.page : undefined,
    exitCode,
  };
}
