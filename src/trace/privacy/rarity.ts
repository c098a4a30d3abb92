import type { RowColumns } from './columns.js';

/** Ways in which a row can be one of few. */
export const rarities = ['input_length', 'output_length', 'turns'] as const;
export type Rarity = (typeof rarities)[number];

/** Counts what the kept rows have in common. */
export class Rareness {
  readonly #columns: RowColumns;
  readonly #fewest: number;
  readonly #inputs = new Map<number, number>();
  readonly #outputs = new Map<number, number>();
  /** Turns of each conversation, and conversations by their number of turns. */
  readonly #turns = new Map<number, number>();
  readonly #shapes = new Map<number, number>();

  /** @param fewest a value is rare if fewer rows, or conversations, have it. @param isKept absent: all rows. */
  constructor(columns: RowColumns, fewest: number, isKept: (row: number) => boolean = () => true) {
    this.#columns = columns;
    this.#fewest = fewest;
    for (let row = 0; row < columns.size; row++) {
      if (!isKept(row)) continue;
      countUp(this.#inputs, columns.inputLength(row));
      countUp(this.#outputs, columns.outputLength(row));
      const conversation = columns.conversation(row);
      if (conversation !== -1) countUp(this.#turns, conversation);
    }
    for (const turns of this.#turns.values()) countUp(this.#shapes, turns);
  }

  /** Whether fewer than `fewest` rows have its length, or conversations as many turns. */
  isRare(row: number, rarity: Rarity): boolean {
    return this.#countOf(row, rarity) < this.#fewest;
  }

  isRareAtAll(row: number): boolean {
    return rarities.some((rarity) => this.isRare(row, rarity));
  }

  #countOf(row: number, rarity: Rarity): number {
    const columns = this.#columns;
    if (rarity === 'input_length') return this.#inputs.get(columns.inputLength(row)) ?? 0;
    if (rarity === 'output_length') return this.#outputs.get(columns.outputLength(row)) ?? 0;
    const turns = this.#turns.get(columns.conversation(row));
    return turns === undefined ? Number.POSITIVE_INFINITY : (this.#shapes.get(turns) ?? 0);
  }
}

/**
 * Drops rows until none is rare: a dropped row makes others rarer. A conversation is dropped as a whole.
 * @returns whether each row is kept.
 */
export function withoutRare(columns: RowColumns, fewest: number): Uint8Array {
  const kept = new Uint8Array(columns.size).fill(1);
  for (;;) {
    const rareness = new Rareness(columns, fewest, (row) => kept[row] === 1);
    const dropped = new Set<number>();
    let isChanged = false;
    for (let row = 0; row < columns.size; row++) {
      if (kept[row] === 0 || !rareness.isRareAtAll(row)) continue;
      kept[row] = 0;
      isChanged = true;
      dropped.add(columns.conversation(row));
    }
    if (!isChanged) return kept;
    dropped.delete(-1);
    for (let row = 0; row < columns.size; row++) if (dropped.has(columns.conversation(row))) kept[row] = 0;
  }
}

function countUp(counts: Map<number, number>, value: number): void {
  counts.set(value, (counts.get(value) ?? 0) + 1);
}
