import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeMachine, packageFolder, watchNoise } from './machine.js';

/** A cell of a result table; undefined: not measured. */
type Cell = string | number | undefined;
type Row = Readonly<Record<string, Cell>>;

/** Gathers the rows of one bench; prints each as it comes, and at the end the table, and writes the JSON. */
export interface Report {
  /** Says what is going on, on stderr. */
  say(text: string): void;
  /** A measurement. All rows of one table have the same keys. */
  add(table: string, row: Row): void;
  /** A remark that stands under the tables. */
  note(text: string): void;
  /** Prints all tables on stdout and writes `bench/results/<name>.json`. */
  finish(): void;
}

export function openReport(name: string): Report {
  const machine = describeMachine();
  const noise = watchNoise();
  const tables = new Map<string, Row[]>();
  const notes: string[] = [];
  return {
    say: (text) => process.stderr.write(`${text}\n`),
    add(table, row) {
      tables.set(table, [...(tables.get(table) ?? []), row]);
      process.stderr.write(
        `${table}: ${Object.entries(row)
          .map(([key, cell]) => `${key} ${shown(cell)}`)
          .join(', ')}\n`,
      );
    },
    note: (text) => void notes.push(text),
    finish() {
      const { stolen, busy } = noise();
      const facts = { ...machine, stolenPercent: round(100 * stolen), busyPercent: round(100 * busy) };
      const folder = join(packageFolder, 'bench', 'results');
      mkdirSync(folder, { recursive: true });
      const file = join(folder, `${name}.json`);
      writeFileSync(
        file,
        `${JSON.stringify({ bench: name, machine: facts, tables: Object.fromEntries(tables), notes }, null, 2)}\n`,
      );
      const head = `${name}: ${facts.cpu}, ${facts.cores} cores, ${facts.memoryGb} GB, Linux ${facts.kernel}, Node ${facts.node}, commit ${facts.commit}, ${facts.date}`;
      const state = `niceness ${facts.niceness}, load ${facts.loadAtStart.toFixed(1)} at start; over the run ${facts.stolenPercent} % of CPU time stolen, ${facts.busyPercent} % busy`;
      const blocks = [...tables].map(([title, rows]) => `${title}\n${tableText(rows)}`);
      process.stdout.write(
        `\n${head}\n${state}\n\n${[...blocks, ...notes].join('\n\n')}\n\nwritten to ${file}\n`,
      );
    },
  };
}

function tableText(rows: readonly Row[]): string {
  const keys = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const lines = [keys, ...rows.map((row) => keys.map((key) => shown(row[key])))];
  const widths = keys.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const texts = lines.map(
    (line) => `| ${line.map((cell, column) => pad(cell, widths[column] ?? 0)).join(' | ')} |`,
  );
  texts.splice(1, 0, `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`);
  return texts.join('\n');
}

function pad(text: string, width: number): string {
  return /^-?[\d.,]+$/.test(text) ? text.padStart(width) : text.padEnd(width);
}

function shown(cell: Cell): string {
  if (cell === undefined || (typeof cell === 'number' && Number.isNaN(cell))) return '-';
  if (typeof cell === 'string') return cell;
  return round(cell).toLocaleString('en-US', { maximumFractionDigits: 3 });
}

/** Three significant digits, or whole above that: what a noisy machine can tell. */
function round(value: number): number {
  return Math.abs(value) >= 1000 ? Math.round(value) : Number(value.toPrecision(3));
}
