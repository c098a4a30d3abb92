import type { Config } from '../../config/options.js';
import { isTerminal } from '../../ui/screen.js';
import { messageOf } from '../../util/errors.js';
import type { Io } from '../../util/io.js';
import type { Log } from '../../util/log.js';
import type { ViewProcess } from '../../views/view-process.js';
import type { Interrupt } from './interrupt.js';
import { viewPlan } from './view-plan.js';

/** Starts the live views that the options ask for; undefined where they ask for none, or the system refuses a process. */
export async function startViews(
  config: Config,
  { stdout, nowMs, onExit }: Pick<Io, 'stdout' | 'nowMs' | 'onExit'>,
  interrupt: Interrupt,
  log: Log,
): Promise<ViewProcess | undefined> {
  const plan = viewPlan(config, isTerminal(stdout) && stdout.hasColors());
  if (plan === undefined) return undefined;
  // Loaded only if it is asked for.
  const { ViewProcess } = await import('../../views/view-process.js');
  const warn = (message: string) => log('WARNING', 'views', message);
  try {
    return new ViewProcess(plan, { nowMs, onExit, warn, onStop: interrupt.trigger });
  } catch (thrown) {
    warn(`The live views cannot be started (${messageOf(thrown)}). The run goes on without them.`);
    return undefined;
  }
}

/** Waits until the views have done their last work; an interrupt cuts this short. */
export async function closeViews(views: ViewProcess | undefined, interrupt: Interrupt): Promise<void> {
  if (views === undefined) return;
  const hurry = new AbortController();
  const release = interrupt.onFirst(() => {
    hurry.abort();
    return 'load is over';
  });
  await views.close(hurry.signal);
  release();
}
