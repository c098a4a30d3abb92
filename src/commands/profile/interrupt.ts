import { exitCodes } from '../../config/exit-codes.js';
import type { InterruptEffect } from '../../run/run-options.js';
import type { Io } from '../../util/io.js';

/** The user's wish to end: Ctrl-C, a signal from outside, or a closed terminal. */
export interface Interrupt {
  /** It has come at least once. */
  readonly happened: boolean;
  /** Milliseconds since the first one; undefined before it. */
  readonly agoMs: number | undefined;
  /**
   * Sets what to do at the first one, in place of what was set before; done at once where it has come already.
   * @returns takes it back: what has ended is not to be ended again.
   */
  onFirst(act: () => InterruptEffect): () => void;
  /** Does what Ctrl-C does: a person asked for it in another way. */
  trigger(): void;
  /** Stops listening. */
  close(): void;
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Signals that come so soon after the first are part of it: `timeout` of the GNU coreutils sends two SIGTERM. */
const TOGETHER_MS = 1000;

/**
 * Listens for SIGINT, SIGTERM and SIGHUP. Until `onFirst` is called, an interrupt ends the process at once: nothing
 * has been measured. Later the first one calls what was set; another one more than a second later leaves.
 * @param ignoresHangup the process is to survive its terminal.
 * @param say tells the user which interrupt it was; after the second the process exits when the message is out.
 */
export function listenForInterrupt(
  io: Pick<Io, 'onSignals' | 'exit' | 'nowMs'>,
  ignoresHangup: boolean,
  say: (what: InterruptEffect | 'leaves') => Promise<void>,
): Interrupt {
  let firstMs: number | undefined;
  let isArmed = false;
  let act: (() => InterruptEffect) | undefined;
  const leave = () => io.exit(exitCodes.interrupted);
  const listened = signals.filter((signal) => !(signal === 'SIGHUP' && ignoresHangup));
  const trigger = () => {
    if (!isArmed) leave();
    else if (firstMs === undefined) {
      firstMs = io.nowMs();
      void say(act?.() ?? 'cancels');
    } else if (io.nowMs() - firstMs >= TOGETHER_MS) void say('leaves').finally(leave);
  };
  const close = io.onSignals(listened, trigger);
  return {
    get happened() {
      return firstMs !== undefined;
    },
    get agoMs() {
      return firstMs === undefined ? undefined : io.nowMs() - firstMs;
    },
    onFirst: (first) => {
      isArmed = true;
      act = first;
      if (firstMs !== undefined) act();
      return () => {
        if (act === first) act = undefined;
      };
    },
    trigger,
    close,
  };
}
