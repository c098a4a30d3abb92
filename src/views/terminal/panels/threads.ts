import type { ThreadHealth } from '../../../collect/thread-health.js';
import { percent } from '../../../metrics/format.js';
import { short } from '../../../report/figures.js';
import { counted, withThousands } from '../../../util/counted.js';
import { bytesText } from '../quantities.js';
import { cell, type Row, span, type Tone } from '../rows.js';
import type { Panel } from './panel.js';

const columns = [
  { head: 'Thread', width: 7 },
  { head: 'CPU', width: 8 },
  { head: 'Loop delay', width: 12 },
  { head: 'Records', width: 12 },
  { head: 'Late sends', width: 12 },
  { head: 'Waiting', width: 10 },
] as const;

/** Columns of the table. */
export const THREADS_WIDTH = columns.reduce((sum, { width }) => sum + width, 0);

/** Loop delays from which a thread is slow, and late, ms: the limits of a late timestamp. */
const SLOW_MS = 5;
const LATE_MS = 10;

/** Load threads: CPU, delays of the event loop, late sends, records that wait for the record thread. */
export const threadsPanel: Panel = {
  name: 'threads',
  title: ({ snapshot }) => [
    span('Load threads', 'title'),
    '  ',
    span(summary(snapshot?.threads ?? []), 'dim'),
  ],
  rows: ({ snapshot }) => {
    const threads = snapshot?.threads.length ?? 0;
    return { least: Math.min(threads, 2), most: threads === 0 ? 0 : threads + 1 };
  },
  draw: ({ snapshot }, _width, height, scroll) => {
    const head = columns.map(({ head: name, width }) => span(cell(name, width, 'right'), 'dim'));
    const threads = snapshot?.threads ?? [];
    return [head, ...threads.slice(scroll, scroll + height - 1).map(threadRow)];
  },
};

function threadRow({ thread, cpuShare, loopDelayMs, records, lateSends, backlogBytes }: ThreadHealth): Row {
  const cells = [
    String(thread),
    cpuShare === undefined ? 'N/A' : percent(cpuShare, 0),
    loopDelayMs === undefined ? 'N/A' : `${short(loopDelayMs)} ms`,
    withThousands(records),
    withThousands(lateSends),
    bytesText(backlogBytes),
  ];
  const tones: readonly (Tone | undefined)[] = [
    undefined,
    undefined,
    (loopDelayMs ?? 0) >= LATE_MS ? 'bad' : (loopDelayMs ?? 0) >= SLOW_MS ? 'warn' : undefined,
    undefined,
    lateSends > 0 ? 'warn' : undefined,
    undefined,
  ];
  return cells.map((text, i) => span(cell(text, columns[i]?.width ?? 0, 'right'), tones[i]));
}

function summary(threads: readonly ThreadHealth[]): string {
  if (threads.length === 0) return 'none has reported yet';
  const slow = threads.filter(({ loopDelayMs = 0 }) => loopDelayMs >= SLOW_MS).length;
  return `${counted(threads.length, 'thread')}, ${slow === 0 ? 'none slow' : `${slow} slow`}`;
}
