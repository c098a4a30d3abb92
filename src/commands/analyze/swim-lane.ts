import { join, parse } from 'node:path';
import { ChartRun, chartMetrics } from '../../charts/chart-run.js';
import { swimLane } from '../../charts/swim-lane.js';
import { type ThemeName, themes } from '../../charts/theme.js';
import type { Check, Findings } from '../../config/load.js';
import type { OptionTable } from '../../config/option.js';
import { choice, flag, integer, list, number, path } from '../../config/option-kinds.js';
import { profileOptions } from '../../config/options.js';
import { everything } from '../../metrics/filter.js';
import { picturePage } from '../../report/page/picture-page.js';
import { findRun } from '../../run/find.js';
import { UserError } from '../../util/errors.js';
import type { Io } from '../../util/io.js';
import { oneLine } from '../../util/plain-text.js';
import { writeWithFolder } from '../../util/write-whole.js';
import type { Command, Invocation } from '../command.js';
import { readRequests } from '../report/read-requests.js';

const laneOptions = {
  runs: list({
    argument: 'dir',
    flags: ['--run-dirs'],
    group: 'Input',
    greedy: true,
    items: 'artifact directories',
    default: ['artifacts'],
    help: 'Artifact directories of runs.',
  }),
  profileExportPrefix: { ...profileOptions.profileExportPrefix, group: 'Input' },
  out: path({
    flags: ['-o', '--out'],
    group: 'Output',
    defaultText: '<dir>/swim_lane.png',
    help: 'Picture to write; of one run only.',
  }),
  concurrency: integer({
    flags: ['-c', '--concurrency'],
    group: 'Output',
    min: 1,
    defaultText: 'no line',
    help: 'Draw a line at N requests in flight.',
  }),
  ramp: number({
    flags: ['--ramp'],
    group: 'Output',
    min: 0,
    defaultText: 'no line',
    help: 'Draw a line at the end of a ramp of N seconds.',
  }),
  html: flag({
    flags: ['--html'],
    group: 'Output',
    help: 'Also write a page with the picture and the sessions as a table.',
  }),
  theme: choice(['light', 'dark'], {
    flags: ['--theme'],
    group: 'Output',
    default: 'light',
    help: 'Theme of the picture.',
  }),
} satisfies OptionTable;

/** `aiperf analyze swim-lane`: draws the sessions of runs over time. */
export const command: Command<typeof laneOptions> = { options: laneOptions, check, run };

function check(...[{ config }, isValid]: Parameters<Check<typeof laneOptions>>): Findings {
  const isAmbiguous = isValid('out', 'runs') && config.out !== undefined && config.runs.length > 1;
  return { errors: isAmbiguous ? ['--out needs a single run directory.'] : [], warnings: [] };
}

async function run({ config }: Invocation<typeof laneOptions>, io: Io): Promise<number> {
  const { runs, out, concurrency, ramp: rampSeconds, html, theme, profileExportPrefix } = config;
  const chart = swimLane({ concurrency, rampSeconds });
  // Large, and only needed by commands that draw.
  const { chartSvg } = await import('../../charts/svg.js');
  const { svgToPng } = await import('../../charts/png.js');
  let failed = false;
  for (const dir of runs) {
    try {
      const drawn = readRun(dir, profileExportPrefix);
      const svg = svgOf(drawn, theme);
      const picture = out ?? join(dir, 'swim_lane.png');
      save(picture, svgToPng(svg), io);
      if (!html) continue;
      const { dir: folder, name } = parse(picture);
      save(
        join(folder, `${name}.html`),
        picturePage(`Sessions of ${dir}`, chart.title, svg, drawn.table),
        io,
      );
    } catch (thrown) {
      if (!(thrown instanceof UserError)) throw thrown;
      io.stderr.write(`skip ${oneLine(dir)}: ${oneLine(thrown.message)}\n`);
      failed = true;
    }
  }
  return failed ? 1 : 0;

  function svgOf(drawn: ChartRun, name: ThemeName): string {
    const data = chart.data(drawn);
    if (data === undefined) throw new UserError('no request took any time');
    return chartSvg(chart.option(data, themes[name]));
  }
}

function readRun(dir: string, prefix: string | undefined): ChartRun {
  const { records } = findRun(dir, prefix);
  const { table } = readRequests(records, { metrics: chartMetrics, filter: everything });
  return new ChartRun(table, { objectives: [], sliced: undefined, series: [] });
}

function save(path: string, content: string | Buffer, io: Io): void {
  for (const trouble of writeWithFolder(path, content)) throw new UserError(trouble);
  io.stdout.write(`saved ${oneLine(path)}\n`);
}
