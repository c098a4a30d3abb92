import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { epochMs } from './clock.js';
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

/** Which lines a log takes, and who sees them. */
export interface LogTarget {
  /** Lines below this level are dropped. */
  readonly level: LogLevel;
  /** Takes a finished line for people. */
  readonly show: (line: string, level: LogLevel) => void;
}

/** A log whose file is named later: until then lines are kept for it. */
export interface FileLog {
  readonly log: Log;
  /** Appends all lines so far to this file, and every later one. */
  readonly writeTo: (file: string) => void;
}

// A named pipe that nobody reads must not make the program wait, and a symbolic link must not lead it elsewhere.
const APPEND =
  constants.O_WRONLY |
  constants.O_APPEND |
  constants.O_CREAT |
  (constants.O_NOFOLLOW ?? 0) |
  (constants.O_NONBLOCK ?? 0);

/** A log that shows its lines and appends them to a file. A file that cannot be written is ignored: logs stop no run. */
export function openLog({ level: least, show }: LogTarget): FileLog {
  let path: string | undefined;
  let kept = '';
  const append = (lines: string) => {
    if (path === undefined) {
      kept += lines;
      return;
    }
    try {
      const file = openSync(path, APPEND);
      try {
        writeSync(file, lines);
      } finally {
        closeSync(file);
      }
    } catch {
      // The disk may be full: what was measured still goes to the screen.
    }
  };
  return {
    log: (level, logger, message) => {
      if (logLevels.indexOf(level) < logLevels.indexOf(least)) return;
      const text = oneLine(withoutSecrets(message));
      const stamp = new Date(epochMs()).toISOString().replace('T', ' ').slice(0, 23);
      show(`${stamp.slice(11)} ${level.padEnd(8)} ${text}`, level);
      append(`${stamp} - ${logger} - ${level} - ${text}\n`);
    },
    writeTo: (file) => {
      path = file;
      append(kept);
      kept = '';
    },
  };
}
