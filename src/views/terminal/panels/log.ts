import type { LogEntry, LogLevel } from '../../../util/log.js';
import { type Row, span, type Tone } from '../rows.js';
import type { Panel } from './panel.js';

const tones: { readonly [Level in LogLevel]?: Tone } = {
  TRACE: 'dim',
  DEBUG: 'dim',
  SUCCESS: 'good',
  WARNING: 'warn',
  ERROR: 'bad',
  CRITICAL: 'bad',
};

/** From this width the part of the program that logs is shown. */
const WIDE = 120;

/** The latest lines of the log at its end; `scroll` goes back. */
export const logPanel: Panel = {
  name: 'log',
  title: ({ log }, _width) => [span('Log', 'title'), log.length === 0 ? span('  empty', 'dim') : ''],
  rows: () => ({ least: 2, most: Number.POSITIVE_INFINITY }),
  draw: ({ log }, width, height, scroll) => {
    const end = Math.max(Math.min(height, log.length), log.length - scroll);
    return log.slice(Math.max(0, end - height), end).map((entry) => logRow(entry, width));
  },
};

function logRow({ unixMs, level, logger, message }: LogEntry, width: number): Row {
  const tone = tones[level];
  return [
    span(`${new Date(unixMs).toISOString().slice(11, 23)} `, 'dim'),
    span(level.padEnd(9), tone),
    ...(width < WIDE ? [] : [span(`${logger.padEnd(10)} `, 'dim')]),
    tone === 'bad' || tone === 'warn' ? span(message, tone) : message,
  ];
}
