const eighthsUp = ' ▁▂▃▄▅▆▇█';
const eighthsRight = ' ▏▎▍▌▋▊▉█';

/** A share from 0 to 1 as a bar of `width` columns, to an eighth of a column; `·` marks what is left. */
export function progressBar(share: number, width: number): { readonly done: string; readonly left: string } {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * width * 8);
  const part = eighthsRight[eighths % 8] ?? '';
  const done = '█'.repeat(Math.floor(eighths / 8)) + (part === ' ' ? '' : part);
  return { done, left: '·'.repeat(width - done.length) };
}

/**
 * Columns of the height of values from 0 to their maximum, the latest at the right edge; a column without a value is
 * blank, and a value above zero is visible.
 * @param values one per column, the latest last; undefined where there is none.
 * @returns `height` lines of `width` columns, from top to bottom.
 */
export function columnChart(
  values: readonly (number | undefined)[],
  width: number,
  height: number,
): readonly string[] {
  const shown = values.slice(-width);
  const most = shown.reduce<number>((max, value) => Math.max(max, value ?? 0), 0);
  const levels = shown.map((value) => {
    if (value === undefined) return 0;
    // Zero is a value: the lowest block.
    return most === 0 ? 1 : Math.max(1, Math.round((value / most) * height * 8));
  });
  return Array.from({ length: height }, (_, line) => {
    const floor = (height - 1 - line) * 8;
    const text = levels.map((level) => eighthsUp[Math.min(8, Math.max(0, level - floor))]).join('');
    return text.padStart(width);
  });
}
