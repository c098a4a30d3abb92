import type { Config } from '../../config/options.js';
import { isTerminal } from '../../ui/screen.js';
import { epochMs } from '../../util/clock.js';
import { messageOf } from '../../util/errors.js';
import type { Io } from '../../util/io.js';
import type { Log } from '../../util/log.js';
import { learnSecrets } from '../../util/secrets.js';
import { Timeout } from '../../util/timeout.js';
import type { ViewAddress } from '../../views/messages.js';
import type { ViewProcess } from '../../views/view-process.js';
import type { Interrupt } from './interrupt.js';
import { viewPlan } from './view-plan.js';

/** An interrupted run must end within two seconds: exports get the rest of them, other views only this. */
const INTERRUPTED_MS = 1500;
const LEAST_MS = 200;

/** Starts the live views that the options ask for, and prints their addresses; undefined where they ask for none, or the system refuses a process. */
export async function startViews(
  config: Config,
  { env, stdout, stderr, nowMs, onExit }: Pick<Io, 'env' | 'stdout' | 'stderr' | 'nowMs' | 'onExit'>,
  interrupt: Interrupt,
  log: Log,
  onTerminalFree: () => void,
): Promise<ViewProcess | undefined> {
  const plan = viewPlan(config, isTerminal(stdout) && stdout.hasColors());
  if (plan === undefined) return undefined;
  // Loaded only if it is asked for.
  const { ViewProcess } = await import('../../views/view-process.js');
  const warn = (message: string) => log('WARNING', 'views', message);
  try {
    const views = new ViewProcess(plan, {
      ...{ env, nowMs, onExit, warn, onStop: interrupt.trigger, onTerminalFree },
    });
    const announce = (addresses: readonly ViewAddress[]) => {
      for (const { what, url, token } of addresses) {
        log('NOTICE', 'views', `The ${what} is at ${url}`);
        // Not in the log, which keeps no token and shows nothing with --ui none.
        const full = `The ${what} is at ${url}${token === undefined ? '' : `?t=${token}`}`;
        if (token !== undefined || config.uiType === 'none') stderr.write(`${full}\n`);
        // The dashboard covers stderr, but has a log pane.
        if (token !== undefined && plan.dashboard !== undefined) {
          const entry = { unixMs: epochMs(), level: 'NOTICE', logger: 'views', message: full } as const;
          views.send({ kind: 'log', entry });
        }
        // From now on, all output masks it.
        learnSecrets(token === undefined ? [] : [token]);
      }
    };
    // Whoever waits for the views learns why they were refused.
    views.opened().then(announce, () => {});
    return views;
  } catch (thrown) {
    warn(`The live views cannot be started (${messageOf(thrown)}). The run goes on without them.`);
    return undefined;
  }
}

/** Waits until the views have done their last work; an interrupt cuts this short. */
export async function closeViews(views: ViewProcess | undefined, interrupt: Interrupt): Promise<void> {
  if (views === undefined) return;
  const hurry = new AbortController();
  if (interrupt.happened) {
    // Time for viewers that wait for the report, but not for late ones.
    const restMs = views.isExporting ? INTERRUPTED_MS - (interrupt.agoMs ?? 0) : 0;
    const leftMs = Math.max(LEAST_MS, restMs);
    const timer = new Timeout(() => hurry.abort(), leftMs);
    await views.close(hurry.signal, false);
    timer.clear();
    return;
  }
  const release = interrupt.onFirst(() => {
    hurry.abort();
    return 'load is over';
  });
  await views.close(hurry.signal, true);
  release();
}
