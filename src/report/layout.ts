import pc from 'picocolors';

/** Where a report is shown. */
export interface Layout {
  /** Columns of the terminal or file. */
  readonly width: number;
  /** With ANSI colours. */
  readonly colours: boolean;
}

/** Marks up a finished piece of text; never changes its width. */
export type Style = (text: string) => string;

/** The styles of a layout; all of them leave the text alone where no colours are wanted. */
export function stylesOf({ colours }: Layout) {
  return pc.createColors(colours);
}
