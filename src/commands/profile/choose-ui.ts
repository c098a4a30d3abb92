import { isatty } from 'node:tty';
import type { Config } from '../../config/options.js';
import { isTerminal, smallestDashboard } from '../../ui/screen.js';
import type { Io } from '../../util/io.js';

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
  // Who asks for it can enlarge the terminal.
  if (fault === undefined && (uiType === 'dashboard' || isLargeEnough(io)))
    return { ui: 'dashboard', warning: undefined };
  return {
    ui: 'simple',
    warning: uiType === undefined ? undefined : `--ui dashboard is shown as simple: ${fault}.`,
  };
}

/** Why the dashboard cannot be drawn; undefined where it can. */
function terminalFault({ stdout, stderr, env }: Pick<Io, 'stdout' | 'stderr' | 'env'>): string | undefined {
  if (!isTerminal(stdout)) return 'stdout is not a terminal';
  if (!isTerminal(stderr)) return 'stderr is not a terminal';
  if (!isatty(0)) return 'stdin is not a terminal';
  return env.TERM === 'dumb' ? 'the terminal cannot move its cursor (TERM=dumb)' : undefined;
}

function isLargeEnough({ stdout }: Pick<Io, 'stdout'>): boolean {
  if (!isTerminal(stdout)) return false;
  return stdout.columns >= smallestDashboard.columns && stdout.rows >= smallestDashboard.rows;
}
