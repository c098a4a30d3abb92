import { exitCodes } from '../../config/exit-codes.js';

/** What the first interrupt does: ends the load, or comes when all requests have ended and results are being made. */
export type InterruptEffect = 'cancels' | 'load is over';

/** The user's wish to end: Ctrl-C, a signal from outside, or a closed terminal. */
export interface Interrupt {
  /** It has come at least once. */
  readonly happened: boolean;
  /**
   * Sets what to do at the first one, in place of what was set before; done at once where it has come already.
   * @returns takes it back: what has ended is not to be ended again.
   */
  onFirst(act: () => InterruptEffect): () => void;
  /** Stops listening. */
  close(): void;
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Signals that come so soon after the first are part of it: `timeout` of the GNU coreutils sends two SIGTERM. */
const TOGETHER_MS = 1000;

/**
 * Listens for SIGINT, SIGTERM and SIGHUP. Until `onFirst` is called, an interrupt ends the process at once: nothing
 * has been measured. Later the first one calls what was set; another one more than a second later leaves.
 * @param say tells the user which one it was; the second leaves when that is told.
 * @param ignoresHangup the process is to survive its terminal.
 */
export function listenForInterrupt(
  say: (what: InterruptEffect | 'leaves') => Promise<void>,
  ignoresHangup = false,
): Interrupt {
  let firstMs: number | undefined;
  let isArmed = false;
  let act: (() => InterruptEffect) | undefined;
  const leave = () => process.exit(exitCodes.interrupted);
  const onSignal = () => {
    if (!isArmed) leave();
    else if (firstMs === undefined) {
      firstMs = performance.now();
      void say(act?.() ?? 'cancels');
    } else if (performance.now() - firstMs >= TOGETHER_MS) void say('leaves').finally(leave);
  };
  const listened = signals.filter((signal) => !(signal === 'SIGHUP' && ignoresHangup));
  for (const signal of listened) process.on(signal, onSignal);
  return {
    get happened() {
      return firstMs !== undefined;
    },
    onFirst: (first) => {
      isArmed = true;
      act = first;
      if (firstMs !== undefined) act();
      return () => {
        if (act === first) act = undefined;
      };
    },
    close: () => {
      for (const signal of listened) process.off(signal, onSignal);
    },
  };
}
