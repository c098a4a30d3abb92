import type { Comparison } from '../../charts/comparison-charts.js';
import type { ConfigOf } from '../../config/option.js';
import type { Slo } from '../../metrics/metric.js';
import type { Results } from '../../metrics/results.js';
import { type ComparedRun, compare } from '../../report/compared-runs.js';
import { recordedSlos } from '../../run/configuration.js';
import { readFacts } from '../../run/facts.js';
import type { RunFiles } from '../../run/files.js';
import { UserError } from '../../util/errors.js';
import type { Io } from '../../util/io.js';
import { oneLine } from '../../util/plain-text.js';
import { slosOf } from '../slos.js';
import type { plotOptions } from './options.js';

/** A run with its summary. */
interface SummarizedRun extends ComparedRun {
  readonly slos: readonly Slo[];
  readonly results: Results;
}

/** Compares runs by their summaries. @throws UserError if none has one. */
export function comparisonOf(
  folders: readonly RunFiles[],
  { goodput, numGpus, targetGoodput }: ConfigOf<typeof plotOptions>,
  io: Io,
): Comparison {
  const runs = folders.flatMap((files) => {
    const run = summarized(files);
    if (run !== undefined) return run;
    io.stderr.write(`${oneLine(files.folder)} is skipped: it has no summary; aiperf report creates it.\n`);
    return [];
  });
  if (runs.length === 0) {
    throw new UserError(
      'None of these runs has a summary.',
      'aiperf report <dir> creates it from the records.',
    );
  }
  const runSlos = runs.find(({ slos }) => slos.length > 0)?.slos ?? [];
  const slos = goodput === undefined ? runSlos : slosOf(goodput);
  const compared = compare(runs, {
    resultsOf: ({ results }) => results,
    slos,
    targetShare: targetGoodput,
    gpus: numGpus,
  });
  if (compared.workNote !== undefined) io.stderr.write(`${oneLine(compared.workNote)}\n`);
  return compared;
}

function summarized(files: RunFiles): SummarizedRun | undefined {
  const { facts, results } = readFacts(files);
  if (results === undefined) return undefined;
  return { name: files.folder, facts, slos: recordedSlos(facts), results: results.metrics };
}
