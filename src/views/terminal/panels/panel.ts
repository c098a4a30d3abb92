import type { Row } from '../rows.js';
import type { Watched } from '../state.js';

/** Rows below a title. */
interface Rows {
  /** The fewest that are of use. */
  readonly least: number;
  /** How many it can use; 0: it has nothing to show. */
  readonly most: number;
  /** It grows by this many at once; absent: 1. */
  readonly step?: number;
}

/** A part of the screen with a title line of its own. Rows are at most `width` columns wide, or cut to it. */
export interface Panel {
  /** Unique. */
  readonly name: string;
  readonly title: (watched: Watched, width: number) => Row;
  readonly rows: (watched: Watched, width: number) => Rows;
  /** At most `height` rows. @param scroll rows to skip, where the panel has the screen to itself. */
  readonly draw: (watched: Watched, width: number, height: number, scroll: number) => readonly Row[];
}
