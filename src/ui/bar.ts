import type { Writable } from 'node:stream';
import picocolors from 'picocolors';
import type { Progress, ProgressState } from './progress.js';
import { doneShare, doneText, durationText, figures } from './state-text.js';

const redrawMs = 100;
const barCells = 20;
const eraseLine = '\r\u001b[K';

/** Draws one line of a terminal anew, ten times a second at most; it vanishes at the end. */
export function openBar(
  terminal: Writable & { readonly columns: number },
  colored: boolean,
  nowMs: () => number = () => performance.now(),
): Progress {
  const colors = picocolors.createColors(colored);
  const paint = {
    Warmup: colors.yellow,
    Profiling: colors.green,
  } satisfies Record<ProgressState['phase'], (text: string) => string>;
  let drawnMs = Number.NEGATIVE_INFINITY;
  let visible = false;
  const clear = () => {
    if (visible) terminal.write(eraseLine);
    visible = false;
    drawnMs = Number.NEGATIVE_INFINITY;
  };
  return {
    update(state) {
      if (nowMs() - drawnMs < redrawMs) return;
      drawnMs = nowMs();
      visible = true;
      // The last column stays free: some terminals wrap as soon as it is written.
      terminal.write(eraseLine + barText(state, terminal.columns - 1, paint[state.phase]));
    },
    clear,
    stop: clear,
  };
}

/**
 * A run's state in at most `columns` columns: `Profiling: 250/1,000 |█████      |  25% [00:05<00:16]`, then as many
 * of rate, errors, TTFT and ITL as there is room for. `paint` colours the bar and may only add escape sequences.
 */
export function barText(
  state: ProgressState,
  columns: number,
  paint: (text: string) => string = (text) => text,
): string {
  const share = doneShare(state);
  const left = `${state.phase}: ${doneText(state)}`;
  const elapsed = durationText(state.elapsedSeconds);
  if (share === undefined) return withFigures(`${left} [${elapsed}]`, state, columns);

  const eta = state.etaSeconds === undefined ? '?' : durationText(state.etaSeconds);
  const right = `${String(Math.round(share * 100)).padStart(3)}% [${elapsed}<${eta}]`;
  const narrow = `${left} ${right}`;
  const wide = `${left} |${cells(share)}| ${right}`;
  if (wide.length > columns) return narrow.slice(0, Math.max(columns, 0));
  return withFigures(wide, state, columns).replace(/\|.*?\|/, paint);
}

/** Appends the state's figures as long as they fit. */
function withFigures(text: string, state: ProgressState, columns: number): string {
  let line = text;
  let separator = ' ';
  for (const figure of figures(state)) {
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
