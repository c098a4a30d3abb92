import { isatty } from 'node:tty';
import type { Config } from '../../config/options.js';
import { isTerminal } from '../../ui/screen.js';
import type { Io } from '../../util/io.js';

/** The smallest terminal that the dashboard is drawn on. */
const LEAST_COLUMNS = 80;
const LEAST_ROWS = 24;

/** False until the dashboard is there. */
const HAS_DASHBOARD = false;

interface ChosenUi {
  readonly ui: NonNullable<Config['uiType']>;
  /** Why it is not the one that was asked for. */
  readonly warning: string | undefined;
}

/** The UI of a run: what was asked for, or the best that the terminal allows. */
export function chooseUi(
  { uiType, verbose, extraVerbose }: Pick<Config, 'uiType' | 'verbose' | 'extraVerbose'>,
  io: Pick<Io, 'stdout' | 'stderr' | 'env'>,
): ChosenUi {
  if (uiType === 'simple' || uiType === 'none') return { ui: uiType, warning: undefined };
  const fault = verbose || extraVerbose ? 'it has no room for the log of -v' : terminalFault(io);
  if (fault === undefined) return { ui: 'dashboard', warning: undefined };
  return {
    ui: 'simple',
    warning: uiType === undefined ? undefined : `--ui dashboard is shown as simple: ${fault}.`,
  };
}

/** Why the dashboard cannot be drawn; undefined where it can. */
function terminalFault({ stdout, stderr, env }: Pick<Io, 'stdout' | 'stderr' | 'env'>): string | undefined {
  if (!HAS_DASHBOARD) return 'the dashboard is not available yet';
  if (!isTerminal(stdout)) return 'stdout is not a terminal';
  if (!isTerminal(stderr)) return 'stderr is not a terminal';
  if (!isatty(0)) return 'stdin is not a terminal';
  if (env.TERM === 'dumb') return 'the terminal cannot move its cursor (TERM=dumb)';
  const { columns, rows } = stdout;
  return columns < LEAST_COLUMNS || rows < LEAST_ROWS
    ? `the terminal has ${columns} x ${rows} characters, and the dashboard needs ${LEAST_COLUMNS} x ${LEAST_ROWS}`
    : undefined;
}
