import { appendFileSync } from 'node:fs';
import { oneLine } from './plain-text.js';
import { withoutSecrets } from './secrets.js';

/** From most to least talkative. */
export const logLevels = [
  'TRACE',
  'DEBUG',
  'INFO',
  'NOTICE',
  'WARNING',
  'SUCCESS',
  'ERROR',
  'CRITICAL',
] as const;
export type LogLevel = (typeof logLevels)[number];

/**
 * Takes a message to where logs go, as one line without secrets and without what could steer a terminal. `logger` names
 * the part of the program that speaks.
 */
export type Log = (level: LogLevel, logger: string, message: string) => void;

/** Where lines of at least `level` go. */
export interface LogTarget {
  readonly level: LogLevel;
  readonly file: string;
  /** Takes a finished line for people. */
  readonly show: (line: string, level: LogLevel) => void;
}

/** A log that appends to a file and shows its lines. A file that cannot be written is passed over: logs stop no run. */
export function openLog({ level: least, file, show }: LogTarget): Log {
  return (level, logger, message) => {
    if (logLevels.indexOf(level) < logLevels.indexOf(least)) return;
    const text = oneLine(withoutSecrets(message));
    const stamp = new Date().toISOString().replace('T', ' ').slice(0, 23);
    show(`${stamp.slice(11)} ${level.padEnd(8)} ${text}`, level);
    try {
      appendFileSync(file, `${stamp} - ${logger} - ${level} - ${text}\n`);
    } catch {
      // The disk may be full: what was measured still goes to the screen.
    }
  };
}
