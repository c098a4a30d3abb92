import type { LogLevel } from '../util/log.js';

/** Passes a line on to the log of the run. */
export type LogLine = (level: LogLevel, message: string) => void;

interface Notice {
  readonly level: LogLevel;
  readonly summary: string;
  count: number;
}

/** What is wrong with a source: each kind is logged when it happens first, and counted from then on. */
export class Notices {
  readonly #log: LogLine;
  readonly #seen = new Map<string, Notice>();

  constructor(log: LogLine) {
    this.#log = log;
  }

  /**
   * @param kind of the notice, which is logged once. @param summary completes "12 times in all: …". @param times how often
   * it happened now.
   */
  note(kind: string, level: LogLevel, message: string, summary: string, times = 1): void {
    const seen = this.#seen.get(kind);
    if (seen !== undefined) {
      seen.count += times;
      return;
    }
    this.#seen.set(kind, { level, summary, count: times });
    this.#log(level, message);
  }

  /** Logs how often each happened, if more than once: no second warning. */
  end(): void {
    for (const { level, summary, count } of this.#seen.values())
      if (count > 1) this.#log(level === 'DEBUG' ? level : 'INFO', `${count} times in all: ${summary}`);
    this.#seen.clear();
  }
}
