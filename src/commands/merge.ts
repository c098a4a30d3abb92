import { exitCodes } from '../config/exit-codes.js';
import { layoutOn } from '../report/layout.js';
import { sideTables } from '../report/report.js';
import type { Io } from '../util/io.js';
import { oneLine } from '../util/plain-text.js';
import type { Command, Invocation } from './command.js';
import { lacksRecords, leftOutNotes, type MergeView, mergeRun } from './merge/merge-run.js';
import { openShards } from './merge/open-shards.js';
import { mergeOptions } from './merge/options.js';
import { mergeSeriesOfRuns, seriesOfShards } from './merge/series.js';
import { requireNewFolder } from './merge/target.js';
import { completeLeftovers } from './report/complete-records.js';
import { thresholdsOf } from './view.js';

/** `aiperf merge`: puts the shards of a run together, as if one machine had made it. */
export const command: Command<typeof mergeOptions> = { options: mergeOptions, run };

async function run({ config }: Invocation<typeof mergeOptions>, io: Io): Promise<number> {
  const { dirs, artifactDir, allowMissing } = config;
  const page = config.report ? (await import('../report/page/run-page.js')).runPage : undefined;
  const view: MergeView = {
    view: { slos: undefined, sliceSeconds: undefined, thresholds: thresholdsOf(config) },
    maxSkewSeconds: config.maxSkew,
    tables: sideTables(config.tables),
    consoleWidth: config.consoleExportWidth,
    layout: layoutOn(io.stdout, config.consoleExportWidth, io.env),
    page,
  };
  const tell = (notes: readonly string[]) => {
    for (const note of notes) io.stderr.write(`${oneLine(note)}\n`);
  };
  const series = seriesOfShards(dirs);
  if (series !== undefined) {
    const { notes, isComplete } = await mergeSeriesOfRuns(
      series,
      artifactDir,
      { ...config, view, allowMissing },
      io,
    );
    tell(notes);
    return isComplete ? exitCodes.success : exitCodes.failure;
  }
  // What a killed shard has left of its records.
  tell((await completeLeftovers(dirs)).notes);
  const opened = openShards(dirs, allowMissing);
  requireNewFolder(artifactDir, dirs);
  const { section, validCount, troubles, leftOut } = mergeRun(opened, artifactDir, view, io.stdout);
  tell(troubles);
  for (const reason of section.reasons ?? []) tell([`Degraded: ${reason}.`]);
  tell(leftOutNotes(leftOut));
  return troubles.length === 0 && validCount > 0 && !lacksRecords(section)
    ? exitCodes.success
    : exitCodes.failure;
}
