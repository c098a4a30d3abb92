import { dirname, join } from 'node:path';
import { comparisonCharts } from '../charts/comparison-charts.js';
import { runCharts } from '../charts/run-charts.js';
import { traceCharts } from '../charts/trace-charts.js';
import { UserError } from '../util/errors.js';
import type { Io } from '../util/io.js';
import { oneLine } from '../util/plain-text.js';
import type { Command, Invocation } from './command.js';
import { comparisonOf } from './plot/compare.js';
import { checkPlot, plotOptions } from './plot/options.js';
import { writePictures } from './plot/pictures.js';
import { readRun } from './plot/read-run.js';
import { sourceOf } from './plot/source.js';
import { readTraceSource } from './plot/trace.js';
import { completeLeftovers } from './report/complete-records.js';

/** `aiperf plot`: draws charts of a run, of several runs, or of a trace. */
export const command: Command<typeof plotOptions> = { options: plotOptions, check: checkPlot, run };

async function run({ config }: Invocation<typeof plotOptions>, io: Io): Promise<number> {
  const complete = async (folders: readonly string[]) => {
    for (const note of (await completeLeftovers(folders)).notes) io.stderr.write(`${note}\n`);
  };
  await complete(config.paths);
  const source = sourceOf(config.paths, config.profileExportPrefix);
  if (source.kind === 'runs') await complete(source.runs.map((run) => run.folder));
  if (source.kind !== 'run' && config.where !== undefined) {
    throw new UserError(
      `--where looks at the requests of one run, and here ${source.kind === 'trace' ? 'is a trace' : `are ${source.runs.length} runs`}.`,
    );
  }
  const [first = '.'] = config.paths;
  const folder = config.output ?? join(source.kind === 'trace' ? dirname(first) : first, 'plots');
  const out = { folder, theme: config.theme, formats: config.format };
  const paths = await (async () => {
    switch (source.kind) {
      case 'trace':
        return writePictures(traceCharts, await readTraceSource(source.file), out);
      case 'run':
        return writePictures(runCharts, readRun(source.run, config, io), out);
      case 'runs':
        return writePictures(comparisonCharts, comparisonOf(source.runs, config, io), out);
    }
  })();
  for (const path of paths) io.stdout.write(`${oneLine(path)}\n`);
  return 0;
}
