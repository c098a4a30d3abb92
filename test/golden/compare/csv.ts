import { listDifferences, valueDifference } from './lists.js';

export function csvDifferences(theirText: string, ourText: string): string[] {
  const [theirs, ours] = [csvSections(theirText), csvSections(ourText)];
  return [
    ...valueDifference('line end', lineEnds(theirText), lineEnds(ourText)),
    ...listDifferences('section', [...theirs.keys()], [...ours.keys()]),
    ...[...theirs].flatMap(([header, rows]) => {
      const own = ours.get(header);
      if (own === undefined) return [];
      return [
        ...listDifferences('row', [...rows.keys()], [...own.keys()]),
        ...[...rows].flatMap(([label, cells]) =>
          valueDifference(`cells of ${label}`, cells, own.get(label) ?? cells),
        ),
      ];
    }),
  ];
}

/** Header line to rows; a row is its label, of a GPU all in front of its figures, to the form of each other cell. */
function csvSections(text: string): Map<string, Map<string, string>> {
  const blocks = text.split(/(?:\r?\n){2,}/).filter((block) => block.trim() !== '');
  return new Map(
    blocks.map((block) => {
      const [header = '', ...rows] = block.split(/\r?\n/);
      const labels = header.startsWith('Endpoint,') ? header.split(',').indexOf('avg') : 1;
      return [
        header,
        new Map(
          rows
            .filter((row) => row !== '')
            .map((row) => {
              const words = row.replace(/^127\.0\.0\.1:\d+/, 'SERVER').split(',');
              const cells = words.splice(labels);
              return [
                words.join(),
                cells.map((cell) => (cell === '' ? '' : /^-?\d+\.\d\d$/.test(cell) ? '9.99' : cell)).join(),
              ];
            }),
        ),
      ];
    }),
  );
}

export function lineEnds(text: string): string {
  return text.replaceAll('\r\n', '').includes('\n') ? 'LF' : 'CRLF';
}
