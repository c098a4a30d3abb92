import type { Display, Screen } from './keys.js';
import { clientPanel } from './panels/client.js';
import { errorsPanel } from './panels/errors.js';
import { logPanel } from './panels/log.js';
import { metricsPanel } from './panels/metrics.js';
import type { Panel } from './panels/panel.js';
import { progressPanel } from './panels/progress.js';
import { seriesPanel } from './panels/series.js';
import { serversPanel } from './panels/servers.js';
import { shardsPanel } from './panels/shards.js';
import { slosPanel } from './panels/slos.js';
import { THREADS_WIDTH, threadsPanel } from './panels/threads.js';
import { trendsPanel } from './panels/trends.js';
import type { Watched } from './state.js';

/** Columns and rows of the terminal. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** A panel with its place: rows without its title. */
export interface PlacedPanel {
  readonly panel: Panel;
  readonly height: number;
}

/** A stack of panels from top to bottom. */
export interface Stack {
  readonly width: number;
  readonly panels: readonly PlacedPanel[];
}

/** Stacks side by side, and the log below them. */
export interface Layout {
  readonly stacks: readonly Stack[];
  readonly log: PlacedPanel | undefined;
}

/** From this width on panels are in two columns. */
const WIDE = 120;
export const COLUMN_GAP = 2;

/** The parts of each screen but the overview, the first with what is scrolled. */
const parts: Readonly<Record<Exclude<Screen, 'overview'>, readonly Panel[]>> = {
  progress: [errorsPanel, progressPanel, clientPanel, slosPanel],
  metrics: [metricsPanel, trendsPanel],
  threads: [threadsPanel],
  servers: [serversPanel],
  log: [logPanel],
  sweep: [seriesPanel],
  shards: [shardsPanel],
};

/** What a screen says that has nothing to show. */
export const nothingToShow: { readonly [Name in Screen]?: string } = {
  threads: 'No load thread has reported yet.',
  servers: 'No server metrics and no GPUs have been read.',
  sweep: 'This is not a sweep.',
  shards: 'This run is on one machine.',
};

/** What is drawn where. @param height rows below the header. */
export function layoutOf(watched: Watched, display: Display, width: number, height: number): Layout {
  const { screen, showsLog } = display;
  if (screen !== 'overview') {
    const panels = place(watched, parts[screen], width, height);
    return { stacks: [{ width, panels }], log: undefined };
  }
  if (width < WIDE) {
    const log = showsLog ? [logPanel] : [];
    const panels = place(
      watched,
      [
        ...[progressPanel, slosPanel, seriesPanel, shardsPanel, metricsPanel, trendsPanel],
        ...[serversPanel, errorsPanel, ...log],
      ],
      width,
      height,
    );
    return { stacks: [{ width, panels }], log: undefined };
  }
  const logRows = showsLog ? Math.max(4, Math.floor(height / 5)) : 0;
  const above = height - (showsLog ? logRows + 1 : 0);
  const left = Math.min(64, Math.max(38, Math.floor(width / 3) - 2));
  const right = width - left - COLUMN_GAP;
  return {
    stacks: [
      { width: left, panels: place(watched, leftPanels(left), left, above) },
      {
        width: right,
        panels: place(
          watched,
          [seriesPanel, shardsPanel, metricsPanel, trendsPanel, errorsPanel],
          right,
          above,
        ),
      },
    ],
    log: showsLog ? { panel: logPanel, height: logRows } : undefined,
  };
}

function leftPanels(width: number): readonly Panel[] {
  const threads = width < THREADS_WIDTH ? [] : [threadsPanel];
  return [progressPanel, slosPanel, serversPanel, ...threads, clientPanel];
}

/** Left out first where there is no room for all. */
const expendable: readonly Panel[] = [
  clientPanel,
  threadsPanel,
  trendsPanel,
  serversPanel,
  slosPanel,
  seriesPanel,
  shardsPanel,
  errorsPanel,
];

/** Shares `height` rows among panels: first the fewest that each can use, then one by one. */
function place(
  watched: Watched,
  panels: readonly Panel[],
  width: number,
  height: number,
): readonly PlacedPanel[] {
  const wanted = panels
    .map((panel) => ({ panel, ...panel.rows(watched, width) }))
    .filter(({ most }) => most > 0)
    .map((part) => ({ ...part, height: part.least }));
  const used = () => wanted.reduce((sum, part) => sum + part.height + 1, 0);
  for (const panel of expendable) {
    const at = wanted.findIndex((part) => part.panel === panel);
    if (at !== -1 && used() > height) wanted.splice(at, 1);
  }
  let left = height - used();
  for (let hasGrown = true; hasGrown; ) {
    hasGrown = false;
    for (const part of wanted) {
      const { step = 1 } = part;
      if (step > left || part.height + step > part.most) continue;
      part.height += step;
      left -= step;
      hasGrown = true;
    }
  }
  return wanted;
}

/** How far the chosen screen can be scrolled. */
export function scrollLimit(watched: Watched, { screen }: Display, { columns, rows }: Size): number {
  if (screen === 'overview') return 0;
  if (screen === 'log') return Math.max(0, watched.log.length - rows);
  const [panel] = parts[screen];
  return panel === undefined ? 0 : Math.max(0, panel.rows(watched, columns).most - rows);
}
