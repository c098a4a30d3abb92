import type { Writable } from 'node:stream';
import picocolors from 'picocolors';
import type { Snapshot } from '../collect/snapshot.js';
import type { PhaseName } from '../records/record.js';
import type { Screen } from './screen.js';
import { shown } from './snapshot-text.js';

const redrawMs = 100;
const barCells = 20;
/** Of a terminal that does not know its size, such as that of a container. */
const UNKNOWN_COLUMNS = 80;
const eraseLine = '\r\u001b[K';

/** Redraws one line of a terminal, at most ten times a second; removes it at the end. */
export function openBar(
  terminal: Writable & { readonly columns: number },
  colored: boolean,
  nowMs: () => number,
): Screen {
  const colors = picocolors.createColors(colored);
  const paint = {
    warmup: colors.yellow,
    profiling: colors.green,
  } satisfies Record<PhaseName, (text: string) => string>;
  let drawnMs = Number.NEGATIVE_INFINITY;
  let visible = false;
  const clear = () => {
    if (visible) terminal.write(eraseLine);
    visible = false;
    drawnMs = Number.NEGATIVE_INFINITY;
  };
  return {
    snapshotMs: redrawMs,
    onSnapshot(snapshot) {
      if (nowMs() - drawnMs < redrawMs) return;
      drawnMs = nowMs();
      visible = true;
      // The last column stays free: some terminals wrap as soon as it is written.
      const color = snapshot.processing === undefined ? paint[snapshot.phase] : colors.blue;
      terminal.write(eraseLine + barText(snapshot, (terminal.columns || UNKNOWN_COLUMNS) - 1, color));
    },
    clear,
    onEnd: clear,
  };
}

/**
 * A snapshot in at most `columns` columns: `Profiling: 250/1,000 |█████      |  25% [00:05<00:16]`, then as many of
 * rate, errors, TTFT and ITL as fit. `paint` colours the bar and may only add escape sequences.
 */
export function barText(
  snapshot: Snapshot,
  columns: number,
  paint: (text: string) => string = (text) => text,
): string {
  const { done, share, elapsed, eta = '?', figures } = shown(snapshot, false);
  if (share === undefined) return withFigures(`${done} [${elapsed}]`, figures, columns);

  const right = `${String(Math.round(share * 100)).padStart(3)}% [${elapsed}<${eta}]`;
  const narrow = `${done} ${right}`;
  const wide = `${done} |${cells(share)}| ${right}`;
  if (wide.length > columns) return narrow.slice(0, Math.max(columns, 0));
  return withFigures(wide, figures, columns).replace(/\|.*?\|/, paint);
}

/** Appends the figures as long as they fit. */
function withFigures(text: string, figures: readonly string[], columns: number): string {
  let line = text;
  let separator = ' ';
  for (const figure of figures) {
    if (line.length + separator.length + figure.length > columns) break;
    line += separator + figure;
    separator = ', ';
  }
  return line.slice(0, Math.max(columns, 0));
}

/** Full cells, then one that is filled to an eighth. */
function cells(share: number): string {
  const eighths = Math.floor(share * barCells * 8);
  const part = [...'▏▎▍▌▋▊▉'][(eighths % 8) - 1] ?? '';
  return ('█'.repeat(Math.floor(eighths / 8)) + part).padEnd(barCells);
}
