import type { ComponentChildren } from 'preact';

/** A part of the page with its heading; keys jump to its id. */
export function Part({ id, title, note, children }: PartProps) {
  return (
    <section id={id} aria-labelledby={`${id}-title`} tabIndex={-1}>
      <h2 id={`${id}-title`}>
        {title}
        {note !== undefined && <small>{note}</small>}
      </h2>
      {children}
    </section>
  );
}

interface PartProps {
  readonly id: string;
  readonly title: string;
  /** Small print after the title. */
  readonly note?: string | undefined;
  readonly children: ComponentChildren;
}

/** A large figure with its label above and a note below. */
export function Tile({ label, value, note, tone }: TileProps) {
  return (
    <li class={tone}>
      <span class="label">{label}</span>
      <strong>{value}</strong>
      <span class="note">{note}</span>
    </li>
  );
}

interface TileProps {
  readonly label: string;
  readonly value: string;
  readonly note: string;
  readonly tone?: 'good' | 'bad' | 'caution' | undefined;
}

/** A column of a table. */
export interface Column<Row> {
  readonly title: string;
  /** Texts are aligned to the left, numbers to the right. */
  readonly isText?: boolean;
  readonly cell: (row: Row) => ComponentChildren;
}

/** A table whose first column names its rows. It scrolls sideways, by keyboard too. */
export function Table<Row>({ caption, columns, rows, keyOf, toneOf }: TableProps<Row>) {
  const [head, ...others] = columns;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a part that scrolls must be reached by keyboard.
    <section class="scroll" aria-label={caption} tabIndex={0}>
      <table>
        <caption class="hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ title, isText }) => (
              <th key={title} scope="col" class={isText ? 'text' : undefined}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)} class={toneOf?.(row)}>
              <th scope="row">{head?.cell(row)}</th>
              {others.map(({ title, isText, cell }) => (
                <td key={title} class={isText ? 'text' : undefined}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

interface TableProps<Row> {
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string | number;
  readonly toneOf?: (row: Row) => string | undefined;
}
