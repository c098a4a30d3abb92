import { appendFileSync } from 'node:fs';

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

/** Takes one line to where logs go. `logger` names the part of the program that speaks. */
export type Log = (level: LogLevel, logger: string, message: string) => void;

/** Where lines of at least `level` go: a file once it is known, and a terminal stream. */
export interface LogTarget {
  level: LogLevel;
  /** Lines written before the file is known are kept and written then. */
  file?: string;
  /** Takes a finished line for people; absent with `--ui none`. */
  show?: (line: string) => void;
}

/** A log whose file may be set later: `openLog(target).log(...)`, then `target.file = path; flush()`. */
export function openLog(target: LogTarget): { log: Log; flush: () => void } {
  let waiting = '';
  const flush = () => {
    if (waiting !== '' && target.file !== undefined) {
      appendFileSync(target.file, waiting);
      waiting = '';
    }
  };
  const log: Log = (level, logger, message) => {
    if (logLevels.indexOf(level) < logLevels.indexOf(target.level)) return;
    const stamp = new Date().toISOString().replace('T', ' ').slice(0, 23);
    waiting += `${stamp} - ${logger} - ${level} - ${message}\n`;
    flush();
    target.show?.(`${stamp.slice(11)} ${level.padEnd(8)} ${message}`);
  };
  return { log, flush };
}
