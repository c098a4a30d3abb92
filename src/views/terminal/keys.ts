/** Which part of the dashboard fills the screen: by AIPerf's keys 1 to 6, 7 for a sweep, 8 for several machines. */
const screens = {
  1: 'overview',
  2: 'progress',
  3: 'metrics',
  4: 'threads',
  5: 'servers',
  6: 'log',
  7: 'sweep',
  8: 'shards',
} as const;
export type Screen = (typeof screens)[keyof typeof screens];

/** What a person chose to see. */
export interface Display {
  readonly screen: Screen;
  readonly showsLog: boolean;
  readonly showsHelp: boolean;
  /** What is shown does not change; the run goes on. */
  readonly isFrozen: boolean;
  /** The question whether to stop the run is open. */
  readonly asksToStop: boolean;
  /** A person stopped the run. */
  readonly isStopping: boolean;
  /** Rows that the chosen part is scrolled by. */
  readonly scroll: number;
}

export const firstDisplay: Display = {
  ...{ screen: 'overview', showsLog: true, showsHelp: false },
  ...{ isFrozen: false, asksToStop: false, isStopping: false, scroll: 0 },
};

/** A key as ink names it, or the character typed. */
export type Key = 'escape' | 'up' | 'down' | 'page up' | 'page down' | 'ctrl+c' | 'ctrl+z' | (string & {});

/** What a key does besides changing the display. */
export type Action = 'stop' | 'suspend' | undefined;

const PAGE = 10;

/** The help, in the order of the screen. */
export const keyHelp: readonly (readonly [keys: string, effect: string])[] = [
  ['1', 'Overview'],
  ['2', 'Progress, load and errors'],
  ['3', 'Metrics'],
  ['4', 'Load threads'],
  ['5', 'Servers and GPUs'],
  ['6', 'Log'],
  ['7', 'Sweep'],
  ['8', 'Shards'],
  ['l', 'Show or hide the log'],
  ['↑ ↓ PgUp PgDn', 'Scroll'],
  ['esc', 'Back to the overview'],
  ['p', 'Freeze or resume the display; the run goes on'],
  ['q', 'Stop the run (asks first)'],
  ['Ctrl-C', 'Stop the run; results so far are written. Again: quit at once'],
  ['Ctrl-Z', 'Suspend the run; fg continues it'],
  ['?', 'Show or hide this help'],
];

/** What a key does. @param scrollLimit rows that the chosen part can be scrolled by. */
export function onKey(
  display: Display,
  key: Key,
  scrollLimit: number,
): {
  readonly display: Display;
  readonly action: Action;
} {
  if (key === 'ctrl+c')
    return { display: { ...display, asksToStop: false, isStopping: true }, action: 'stop' };
  if (key === 'ctrl+z') return { display, action: 'suspend' };
  if (display.asksToStop) {
    const isStopping = display.isStopping || key === 'y';
    const asksToStop = !['y', 'n', 'q', 'escape'].includes(key);
    return { display: { ...display, asksToStop, isStopping }, action: key === 'y' ? 'stop' : undefined };
  }
  return { display: { ...display, ...changes(display, key, scrollLimit) }, action: undefined };
}

function changes(display: Display, key: Key, scrollLimit: number): Partial<Display> {
  const { showsLog, showsHelp, isFrozen } = display;
  // The log begins at its end.
  const scrolled = (rows: number) => {
    const scroll = display.scroll + (display.screen === 'log' ? -rows : rows);
    return { scroll: Math.min(scrollLimit, Math.max(0, scroll)) };
  };
  const screen = Object.entries(screens).find(([digit]) => digit === key)?.[1];
  if (screen !== undefined) return { screen, scroll: 0, showsHelp: false };
  switch (key) {
    case 'escape':
      return { screen: 'overview', scroll: 0, showsHelp: false };
    case 'l':
      return { showsLog: !showsLog };
    case '?':
      return { showsHelp: !showsHelp };
    case 'p':
      return { isFrozen: !isFrozen };
    case 'q':
      return { asksToStop: true };
    case 'up':
      return scrolled(-1);
    case 'down':
      return scrolled(1);
    case 'page up':
      return scrolled(-PAGE);
    case 'page down':
      return scrolled(PAGE);
    default:
      return {};
  }
}
