import type { Json } from '../../util/json.js';

/** A value of a row, as Parquet or JSON holds it. */
export type Cell =
  | string
  | number
  | boolean
  | null
  | bigint
  | Date
  | Uint8Array
  | readonly Cell[]
  | { readonly [key: string]: Cell };

/** A row by its columns. */
export type Cells = Readonly<Record<string, Cell | undefined>>;

/** Whether a cell holds members by name. */
export function isStruct(cell: Cell | undefined): cell is { readonly [key: string]: Cell } {
  return (
    typeof cell === 'object' &&
    cell !== null &&
    !Array.isArray(cell) &&
    !(cell instanceof Date) &&
    !(cell instanceof Uint8Array)
  );
}

/** A cell as JSON. Integers of 64 bits that a number cannot hold become texts; bytes are left out. */
export function jsonOf(cell: Cell | undefined): Json {
  if (cell === undefined || cell === null || cell instanceof Uint8Array) return null;
  if (typeof cell === 'bigint') return Number.isSafeInteger(Number(cell)) ? Number(cell) : String(cell);
  if (cell instanceof Date) return cell.toISOString();
  if (Array.isArray(cell)) return cell.map(jsonOf);
  if (isStruct(cell))
    return Object.fromEntries(Object.entries(cell).map(([key, value]) => [key, jsonOf(value)]));
  return cell as Json;
}

/** The text of a cell without surrounding white space; numbers are written out. '' for anything else. */
export function textOf(cell: Cell | undefined): string {
  if (typeof cell === 'string') return cell;
  return typeof cell === 'number' || typeof cell === 'bigint' ? String(cell) : '';
}
