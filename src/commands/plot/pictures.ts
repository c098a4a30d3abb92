import { basename, join } from 'node:path';
import type { Chart } from '../../charts/chart.js';
import { type ThemeName, themes } from '../../charts/theme.js';
import { messageOf, UserError } from '../../util/errors.js';
import { openLog } from '../../util/log.js';
import { writeWithFolder } from '../../util/write-whole.js';

/** Folder, format and style of the charts. */
export interface PictureOutput {
  readonly folder: string;
  readonly theme: ThemeName;
  readonly formats: readonly ('png' | 'svg')[];
}

/**
 * Draws the charts for which the source has data, and writes a list of them and a log into the same folder.
 * @returns the paths of the charts. @throws UserError if there is no such chart, or a file cannot be written.
 */
export async function writePictures<Source>(
  charts: readonly Chart<Source, unknown>[],
  source: Source,
  { folder, theme, formats }: PictureOutput,
): Promise<string[]> {
  // Large, and only needed by this command.
  const { chartSvg } = await import('../../charts/svg.js');
  const { svgToPng } = await import('../../charts/png.js');
  const { log, writeTo } = openLog({ level: 'INFO', show: () => {} });
  const paths: string[] = [];
  try {
    for (const chart of charts) {
      const data = chart.data(source);
      if (data === undefined) {
        log('INFO', 'plot', `${chart.name}: skipped, no data for it`);
        continue;
      }
      const svg = chartSvg(chart.option(data, themes[theme]));
      for (const format of new Set(formats)) {
        const path = join(folder, `${chart.name}.${format}`);
        write(path, format === 'svg' ? svg : svgToPng(svg));
        log('INFO', 'plot', `${basename(path)}: written`);
        paths.push(path);
      }
    }
    if (paths.length === 0)
      throw new UserError('Nothing to draw: no request has a metric that a chart shows.');
    write(join(folder, 'summary.txt'), listOf(paths, folder));
  } catch (thrown) {
    log('ERROR', 'plot', messageOf(thrown));
    throw thrown;
  } finally {
    writeTo(join(folder, 'aiperf_plot.log'));
  }
  return paths;
}

/** The list of charts in AIPerf's format. */
function listOf(paths: readonly string[], folder: string): string {
  const names = paths.map((path) => `  - ${basename(path)}\n`).join('');
  const title = `AIPerf Plot Export Summary\n${'='.repeat(50)}\n`;
  return `${title}\nGenerated ${paths.length} plots:\n\n${names}\nOutput directory: ${folder}\n`;
}

function write(path: string, content: string | Buffer): void {
  for (const trouble of writeWithFolder(path, content))
    throw new UserError(trouble, 'Name another folder with --output.');
}
