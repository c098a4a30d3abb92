import { Help } from 'commander';
import { exitCodeMeanings, exitCodes } from './exit-codes.js';
import { nameOf, type OptionRow, type OptionTable } from './option.js';

/** The text of `aiperf --help`. @param commands a summary for each command. @param width columns. */
export function programHelp(commands: Readonly<Record<string, string>>, width: number): string {
  const options = {
    '-h, --help': 'Show this help; aiperf COMMAND --help lists the options of a command.',
    '--version': 'Show the version.',
  };
  return page('aiperf COMMAND [options]', width, [
    ['Commands:', Object.entries(commands)],
    ['Options:', Object.entries(options)],
    ['Exit codes:', exitCodeList()],
  ]);
}

/** Exit codes with their meanings. */
export function exitCodeList(): [code: string, meaning: string][] {
  return Object.entries(exitCodeMeanings).map(([name, meaning]) => [
    String(exitCodes[name as keyof typeof exitCodes]),
    meaning,
  ]);
}

/** The text of `aiperf COMMAND --help`: every option by group. */
export function commandHelp(name: string, summary: string, table: OptionTable, width: number): string {
  const sections = grouped(table).map(
    ([group, rows]): Section => [
      `${group}:`,
      rows.map((row) => [term(row), [row.help, ...notes(row)].join(' ')]),
    ],
  );
  const places = Object.values(table).filter((row) => row.argument !== undefined);
  const usage = [
    'aiperf',
    name,
    ...places.map((row) => nameOf(row) + (row.takes === 'many' ? '…' : '')),
    '[options]',
  ].join(' ');
  return page(usage, width, sections, summary);
}

/** Rows by group, both in the order of the table. */
export function grouped(table: OptionTable): [string, OptionRow[]][] {
  const groups = new Map<string, OptionRow[]>();
  for (const row of Object.values(table)) groups.set(row.group, [...(groups.get(row.group) ?? []), row]);
  return [...groups];
}

/** The default as the help shows it; undefined if there is none. */
export function defaultText(row: OptionRow): string | undefined {
  if (row.defaultText !== undefined) return row.defaultText;
  const value = row.default;
  if (value === undefined || (row.takes === 'nothing' && value === false)) return;
  if (Array.isArray(value)) return value.join(',');
  if (typeof value !== 'object') return String(value);
  return Object.keys(value ?? {}).length === 0 ? undefined : JSON.stringify(value);
}

type Section = [heading: string, items: [term: string, text: string][]];

/** Terms wider than this get a line of their own. */
const TERM_COLUMNS = 34;

function page(usage: string, width: number, sections: readonly Section[], summary?: string): string {
  const help = new Help();
  help.helpWidth = width;
  const lines = [`Usage: ${usage}`, ''];
  if (summary !== undefined) lines.push(help.boxWrap(summary, width), '');
  const all = sections.flatMap(([, items]) => items.map(([name]) => name.length));
  const columns = Math.min(TERM_COLUMNS, Math.max(...all));
  for (const [heading, items] of sections) {
    lines.push(heading);
    for (const [name, text] of items) {
      if (name.length > columns) lines.push(`  ${name}`);
      lines.push(help.formatItem(name.length > columns ? '' : name, columns, text, help));
    }
    lines.push('');
  }
  return lines.join('\n');
}

/** The placeholder of an option's value: `<integer>`, or `<integer,…>` if a list is allowed. */
export function metavarOf(row: OptionRow): string {
  return row.sweeps === undefined ? row.metavar : row.metavar.replace(/>$/, ',…>');
}

/** The short and the first long spelling, with the placeholder. */
function term(row: OptionRow): string {
  if (row.argument !== undefined) return nameOf(row);
  if (row.flags === undefined) return `${row.env}=${row.metavar || '<true|false>'}`;
  const short = row.flags.find((flag) => !flag.startsWith('--'));
  const long = row.flags.find((flag) => flag.startsWith('--'));
  return [[short, long].filter((flag) => flag !== undefined).join(', '), metavarOf(row)].join(' ').trim();
}

/** Range, default, environment variable and other spellings, appended to the help sentence. */
function notes(row: OptionRow): string[] {
  const long = (row.flags ?? []).filter((flag) => flag.startsWith('--'));
  const [first, ...others] = row.argument === undefined ? long : [undefined, ...long];
  const value = defaultText(row);
  const facts = [
    row.range,
    row.required ? 'required' : undefined,
    value === undefined ? undefined : `default: ${value}`,
    row.env === undefined || first === undefined ? undefined : `variable: ${row.env}`,
    others.length === 0 ? undefined : `also ${others.join(', ')}`,
    row.off === undefined ? undefined : `off: ${row.off.join(', ')}`,
  ].filter((fact) => fact !== undefined);
  return facts.length === 0 ? [] : [`[${facts.join('; ')}]`];
}
