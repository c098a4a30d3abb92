/** The user's wish to end: Ctrl-C, or a signal from outside. */
export interface Interrupt {
  /** It has come at least once. */
  readonly happened: boolean;
  /** What to do at the first one, in place of what was set before; done at once where it has come already. */
  onFirst(act: () => void): void;
  /** Stops listening. */
  close(): void;
}

/** Exit code after an interrupt. */
export const INTERRUPTED = 130;

/**
 * Listens for SIGINT and SIGTERM. Until `onFirst` is called, an interrupt ends the process at once: nothing has been
 * measured. Later the first one calls `act`, the second leaves.
 * @param say tells the user which one it was; the second leaves when that is told.
 */
export function listenForInterrupt(say: (which: 'first' | 'second') => Promise<void>): Interrupt {
  let happened = false;
  let act: (() => void) | undefined;
  const leave = () => process.exit(INTERRUPTED);
  const onSignal = () => {
    if (act === undefined) leave();
    else if (happened) {
      void say('second').finally(leave);
    } else {
      happened = true;
      void say('first');
      act();
    }
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    get happened() {
      return happened;
    },
    onFirst: (first) => {
      act = first;
      if (happened) act();
    },
    close: () => {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}
