import { mapHidden } from '../util/secret-names.js';
import { redacted } from '../util/secrets.js';

/** Formats a value for an error message; values of keys that `hides` matches are masked. */
export function valueWords(value: unknown, hides: (key: string) => boolean = () => false): string {
  if (value === undefined || value === null) return 'nothing';
  if (typeof value === 'string') return `'${value}'`;
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return `'${value.join(',')}'`;
  return JSON.stringify(mapHidden(value, { hides, hidden: () => redacted, shown: (text) => text }));
}

/** The candidate with the smallest edit distance: at most one edit per three letters, else undefined. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length < 3) return;
  let best: string | undefined;
  const letters = word.replace(/^-+/, '').length;
  let fewest = Math.max(1, Math.floor(letters / 3)) + 1;
  for (const candidate of candidates) {
    // The difference in length is a lower bound; the full distance costs the product of the lengths.
    if (Math.abs(candidate.length - word.length) >= fewest) continue;
    const edits = editDistance(word, candidate);
    if (edits < fewest) {
      fewest = edits;
      best = candidate;
    }
  }
  return best;
}

/** Damerau-Levenshtein distance: insertions, deletions, substitutions and swaps of neighbors. */
function editDistance(a: string, b: string): number {
  let twoAbove: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      const options = [(above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (above[j - 1] ?? 0) + (same ? 0 : 1)];
      if (a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) options.push((twoAbove[j - 2] ?? Number.NaN) + 1);
      row.push(Math.min(...options.filter((n) => !Number.isNaN(n))));
    }
    twoAbove = above;
    above = row;
  }
  return above[b.length] ?? 0;
}
