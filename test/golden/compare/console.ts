import { listDifferences, setDifferences, valueDifference } from './lists.js';

interface Table {
  readonly header: string;
  readonly rules: string;
  /** Label to the form of each cell. */
  readonly rows: Map<string, string>;
}

/** Tables, panels and sentences. */
export function consoleDifferences(theirPage: string, ourPage: string): string[] {
  // Decision 1: no company name.
  const [theirText = '', ourText = ''] = [theirPage, ourPage].map((page) =>
    page.replaceAll('NVIDIA AIPerf |', 'AIPerf |'),
  );
  const [theirs, ours] = [consoleTables(theirText), consoleTables(ourText)];
  return [
    ...listDifferences('title', [...theirs.keys()], [...ours.keys()]),
    ...[...theirs].flatMap(([title, table]) => {
      const own = ours.get(title);
      if (own === undefined) return [];
      const name = title.replace(/.*\| /, '');
      return [
        ...valueDifference(`columns of ${name}`, table.header, own.header),
        ...valueDifference(`lines of ${name}`, table.rules, own.rules),
        ...listDifferences(`row of ${name}`, [...table.rows.keys()], [...own.rows.keys()]),
        ...[...table.rows].flatMap(([label, cells]) =>
          valueDifference(`cells of ${label}`, cells, own.rows.get(label) ?? cells),
        ),
      ];
    }),
    ...setDifferences('panel', panelTitles(theirText), panelTitles(ourText)),
    ...setDifferences('sentence', sentences(theirText), sentences(ourText)),
  ];
}

function consoleTables(text: string): Map<string, Table> {
  const lines = text.split('\n');
  const tables = new Map<string, Table>();
  lines.forEach((line, i) => {
    if (!line.startsWith('┏')) return;
    const body = lines.slice(
      i + 3,
      lines.findIndex((other, j) => j > i && other.startsWith('└')),
    );
    const rules = [i, i + 2, i + 3 + body.length].map((j) =>
      lines[j]?.replace(/━+/g, '━').replace(/─+/g, '─'),
    );
    tables.set(lines[i - 1]?.trim() ?? '', {
      header: columns(lines[i + 1] ?? '', '┃').join(' | '),
      rules: rules.join(' '),
      rows: tableRows(body.map((row) => columns(row, '│'))),
    });
  });
  return tables;
}

function columns(line: string, border: string): string[] {
  return line
    .split(border)
    .slice(1, -1)
    .map((cell) => cell.trim());
}

/** A line whose other cells are blank carries on the label above it, one without a label its other cells. */
function tableRows(lines: readonly string[][]): Map<string, string> {
  const rows: [string, string][] = [];
  for (const [label = '', ...cells] of lines) {
    const last = rows.at(-1);
    if (last !== undefined && label === '') continue;
    if (last !== undefined && cells.every((cell) => cell === '')) last[0] = `${last[0]}\n${label}`;
    else
      rows.push([
        label,
        cells.map((cell) => (/^-?\d{1,3}(,\d{3})*\.\d\d$/.test(cell) ? '9.99' : cell)).join(' '),
      ]);
  }
  return new Map(rows);
}

function panelTitles(text: string): string[] {
  return [...text.matchAll(/^╭─* (.*?) ─*╮$/gm)].map(([, title = '']) => title);
}

/** First words of each paragraph that is neither table nor panel. */
function sentences(text: string): string[] {
  return text
    .split('\n\n')
    .filter((paragraph) => paragraph.trim() !== '' && !/[│┃]/.test(paragraph))
    .map((paragraph) => paragraph.trim().split(/\s+/).slice(0, 5).join(' '));
}

/** Tables that were cut from an output: those of ours by the same titles, and which others it has. */
export function cutTableDifferences(theirText: string, ourText: string): string[] {
  return consoleDifferences(theirText, ourText).filter(
    (line) => !/^(sentence|panel) .* is new$/.test(line) && !/^lines of /.test(line),
  );
}

/** Lines that are no log lines, on either side. */
export function logDifferences(theirText: string, ourText: string): string[] {
  const form = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} - [\w.]+ - [A-Z]+ - ./;
  const odd = [theirText, ourText].flatMap((text) =>
    text.split('\n').filter((line) => line !== '' && !form.test(line)),
  );
  return odd.map((line) => `line ${line}`);
}
