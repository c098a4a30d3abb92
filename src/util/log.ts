import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { epochMs } from './clock.js';
import { oneLine } from './plain-text.js';
import { withoutSecrets } from './secrets.js';

/** From most to least verbose. */
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

/** Logs a message as one line, without secrets or terminal control sequences. `logger` names the part of the program. */
export type Log = (level: LogLevel, logger: string, message: string) => void;

/** A logged message: plain data, without secrets and control sequences. */
export interface LogEntry {
  /** Wall clock, ms since 1970. */
  readonly unixMs: number;
  readonly level: LogLevel;
  readonly logger: string;
  readonly message: string;
}

/** Level and destination of a log. */
export interface LogTarget {
  /** Lines below this level are dropped. */
  readonly level: LogLevel;
  /** Shows an entry, formatted as a line. */
  readonly show: (line: string, entry: LogEntry) => void;
}

/** A log whose file is set later: until then lines are buffered. */
export interface FileLog {
  readonly log: Log;
  /** Appends all lines so far, and later ones, to this file. */
  readonly writeTo: (file: string) => void;
}

// Do not block on a named pipe without a reader, and do not follow a symbolic link.
const APPEND =
  constants.O_WRONLY |
  constants.O_APPEND |
  constants.O_CREAT |
  (constants.O_NOFOLLOW ?? 0) |
  (constants.O_NONBLOCK ?? 0);

/** A log that shows its lines and appends them to a file. Write errors are ignored: logging must not stop a run. */
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
      // The disk may be full; results are still shown on screen.
    }
  };
  return {
    log: (level, logger, message) => {
      if (logLevels.indexOf(level) < logLevels.indexOf(least)) return;
      const text = oneLine(withoutSecrets(message));
      const unixMs = epochMs();
      const stamp = new Date(unixMs).toISOString().replace('T', ' ').slice(0, 23);
      show(`${stamp.slice(11)} ${level.padEnd(8)} ${text}`, {
        ...{ unixMs, level, logger },
        message: text,
      });
      append(`${stamp} - ${logger} - ${level} - ${text}\n`);
    },
    writeTo: (file) => {
      path = file;
      append(kept);
      kept = '';
    },
  };
}
