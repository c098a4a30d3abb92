import type { Comparison } from '../../charts/comparison-charts.js';
import type { ConfigOf } from '../../config/option.js';
import { compare } from '../../report/compared-runs.js';
import { viewed } from '../../run/configuration.js';
import { readFacts } from '../../run/facts.js';
import type { RunFiles } from '../../run/files.js';
import { UserError } from '../../util/errors.js';
import type { Io } from '../../util/io.js';
import { oneLine } from '../../util/plain-text.js';
import { viewTraitsOf } from '../view.js';
import type { plotOptions } from './options.js';

/** Compares runs by their summaries. @throws UserError if none has one. */
export function comparisonOf(
  folders: readonly RunFiles[],
  config: ConfigOf<typeof plotOptions>,
  io: Io,
): Comparison {
  const view = viewTraitsOf(config);
  const runs = folders.flatMap((files) => {
    const { facts, results } = readFacts(files);
    const { slos = [] } = viewed(facts, view).traits;
    if (results !== undefined)
      return { name: files.folder, facts, slos, summary: { results: results.metrics } };
    io.stderr.write(`${oneLine(files.folder)} is skipped: it has no summary; aiperf report creates it.\n`);
    return [];
  });
  if (runs.length === 0) {
    throw new UserError(
      'None of these runs has a summary.',
      'aiperf report <dir> creates it from the records.',
    );
  }
  const compared = compare(runs, {
    slos: runs.find(({ slos }) => slos.length > 0)?.slos ?? [],
    targetShare: config.targetGoodput,
    gpus: config.numGpus,
  });
  for (const note of compared.notes) io.stderr.write(`${oneLine(note)}\n`);
  return compared;
}
