import { textWidth } from '../util/text-width.js';
import { type Layout, type Style, stylesOf } from './layout.js';
import { pad, wrap } from './wrap.js';

/** Longer lines are broken on wide terminals, too. */
const LONGEST_LINE = 96;

/** Column where the text of a line starts, after a bullet and a label; wrapped lines are indented to it. */
function textStart(line: string): number {
  return /^ *(?:[-•] )?(?:[A-Z][a-z]+: )?/.exec(line)?.[0].length ?? 0;
}

/** A yellow panel as wide as its text, its title in the middle. */
export function warningPanel(title: string, lines: readonly string[], layout: Layout): string[] {
  const { bold, yellow } = stylesOf(layout);
  const wrapped = lines.flatMap((line) =>
    wrap(line, Math.min(LONGEST_LINE, layout.width - 6), textStart(line)),
  );
  const inner = wrapped.reduce((widest, line) => Math.max(widest, textWidth(line)), title.length);
  const body = wrapped.map((line) => `  ${pad(line, inner, 'left')}  `);
  const space = inner + 4 - title.length - 2;
  return box(body, `${'─'.repeat(Math.floor(space / 2))} ${title} `, (text) => bold(yellow(text)));
}

/** A red panel as wide as the console, its title at the left. */
export function widePanel(title: string, lines: readonly string[], layout: Layout): string[] {
  const inner = layout.width - 4;
  const body = lines
    .flatMap((line) => wrap(line, inner, textStart(line)))
    .map((line) => ` ${pad(line, inner, 'left')} `);
  return box(body, `─ ${title} `, stylesOf(layout).red);
}

/** Puts a frame around lines of equal width; `top` begins the upper edge. */
function box(body: readonly string[], top: string, style: Style): string[] {
  const width = textWidth(body[0] ?? '');
  const edge = style('│');
  return [
    style(`╭${top}${'─'.repeat(Math.max(0, width - textWidth(top)))}╮`),
    ...body.map((line) => edge + line + edge),
    style(`╰${'─'.repeat(width)}╯`),
  ];
}
