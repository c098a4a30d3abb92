/** Splits text by each pattern in turn, into its matches and the text between them. */
export function splitWords(text: string, splits: readonly RegExp[]): readonly string[] {
  let words: readonly string[] = [text];
  for (const split of splits) {
    const [only] = words;
    words =
      words.length === 1 && only !== undefined
        ? isolate(only, split)
        : words.flatMap((word) => isolate(word, split));
  }
  return words;
}

function isolate(text: string, split: RegExp): readonly string[] {
  const matches = text.match(split) ?? [];
  let covered = 0;
  for (const match of matches) covered += match.length;
  return covered === text.length ? matches : withGaps(text, split);
}

function withGaps(text: string, split: RegExp): string[] {
  const words: string[] = [];
  let from = 0;
  for (const match of text.matchAll(split)) {
    if (match[0] === '') continue;
    if (match.index > from) words.push(text.slice(from, match.index));
    words.push(match[0]);
    from = match.index + match[0].length;
  }
  if (from < text.length) words.push(text.slice(from));
  return words;
}
