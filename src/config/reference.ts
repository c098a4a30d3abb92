import { defaultText, exitCodeList, grouped, metavarOf } from './help.js';
import { nameOf, type OptionRow, type OptionTable } from './option.js';

/** A command on the reference page. */
export interface ReferenceCommand {
  readonly name: string;
  readonly summary: string;
  readonly options: OptionTable;
}

const introduction = `# Command line

<!-- Generated from the tables of options. Do not edit. -->

- \`--opt value\`, \`--opt=value\`, \`-m value\`, \`-m=value\` and \`-mvalue\` are the same; so are \`_\` and \`-\` in names.
- Flags take no word; \`--flag=true\` and \`--flag=false\` may be written.
- Options marked *list* or *words* may be given again; *words* take every word up to the next option. Values shown as
  \`text,…\` are split at commas. Any other option may be given once. Of \`integer,…\` and \`number,…\` a list makes a
  sweep: a run for each item.
- Choices may be written in upper or lower case, with \`-\` or \`_\`.
- Numbers are plain: no units, and no exponent in an integer.
- \`key:value\` pairs are split at commas, and at their first colon; \`true\`, \`none\` and numbers keep their types. A word
  that starts with \`{\` is a JSON object. Headers are split at their first colon only, and are always text.
- A flag goes before an environment variable, that before the file named by \`--config\`, that before the default.
- Everything that is wrong is reported at once, before anything is sent; the exit code is then 1.
`;

/** The Markdown reference page of commands and their options. */
export function commandsReference(commands: readonly ReferenceCommand[]): string {
  return introduction + exitCodeSection() + commands.map((command) => commandSection(command)).join('');
}

function exitCodeSection(): string {
  const rows = exitCodeList().map(([code, meaning]) => `| ${code} | ${meaning} |\n`);
  return `\n## Exit codes\n\n| code | meaning |\n|---|---|\n${rows.join('')}`;
}

function commandSection({ name, summary, options }: ReferenceCommand): string {
  const groups = grouped(options).map(([group, rows]) => {
    const lines = rows.map((row) => `| ${cells(row).map(escaped).join(' | ')} |\n`).join('');
    return `\n### ${group}\n\n| option | value | default | meaning |\n|---|---|---|---|\n${lines}`;
  });
  return `\n## \`aiperf ${name}\`\n\n${summary}\n${groups.join('')}`;
}

function cells(row: OptionRow): string[] {
  const named = row.argument === undefined ? [] : [nameOf(row)];
  const written = [...named, ...(row.flags ?? []), ...(row.off ?? [])];
  const names = [...written, ...(row.env === undefined ? [] : [row.env])];
  const usual = row.required ? '*required*' : (defaultText(row) ?? '');
  return [names.map((name) => `\`${name}\``).join(' '), value(row), usual, row.help];
}

function value(row: OptionRow): string {
  if (row.choices !== undefined) return row.choices.map((choice) => `\`${choice}\``).join(' ');
  if (row.takes === 'nothing') return row.flags === undefined ? '`true` `false`' : '';
  const what = metavarOf(row).replace(/^<(.*)>$/, '$1');
  const sort = row.takes === 'many' ? ' (words)' : row.repeats ? ' (list)' : '';
  return `${what}${sort}${row.range === undefined ? '' : `, ${row.range}`}`;
}

/** Entities are not decoded within backticks. */
function escaped(cell: string): string {
  return cell.replaceAll('|', '\\|').replaceAll(/`[^`]*`|</g, (part) => (part === '<' ? '&lt;' : part));
}
