import type { Writable } from 'node:stream';
import pc from 'picocolors';
import { allowsColors } from '../util/terminal-colors.js';

/** Where a report is shown. */
export interface Layout {
  /** Columns of the terminal or file. */
  readonly width: number;
  /** With ANSI colours. */
  readonly colours: boolean;
}

/** How reports are laid out on a stream: its own width and colours on a terminal, `width` and none elsewhere. */
export function layoutOn(
  stream: Writable & { isTTY?: boolean; columns?: number },
  width: number,
  env: Readonly<Record<string, string | undefined>>,
): Layout {
  return { width: (stream.isTTY && stream.columns) || width, colours: allowsColors(stream, env) };
}

/** Marks up a finished piece of text; never changes its width. */
export type Style = (text: string) => string;

/** The styles of a layout; all of them leave the text alone where no colours are wanted. */
export function stylesOf({ colours }: Layout) {
  return pc.createColors(colours);
}
