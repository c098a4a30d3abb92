import { setDifferences } from './lists.js';

/** What an error message names: an option, a number. Ours must name them too; its words are its own. */
export function messageDifferences(theirs: string, ours: string): string[] {
  return [
    ...setDifferences('panel', panelTitles(theirs), panelTitles(ours)),
    ...setDifferences('fact', facts(theirs), facts(ours)).filter((line) => line.endsWith('missing')),
  ];
}

function panelTitles(text: string): string[] {
  return [...text.matchAll(/^╭─ (.*?) ─*╮$/gm)].map(([, title = '']) => title);
}

function facts(panel: string): string[] {
  const text = [...panel.matchAll(/^│ (.*?) *│$/gm)].map(([, line]) => line).join(' ');
  // The first reason of an exit panel; what follows in one says which services fell with it.
  const reason = /Reason: (.*?)(?: {2,}• | Cause: |$)/.exec(text)?.[1] ?? text;
  // What pydantic and Python add: places in a model, types, prints of values and exceptions.
  const plain = reason
    .replaceAll(/\d+ validation errors? for \w+|\w+(?:\.\w+){2,}|\w\[\d+\]/g, '')
    .replaceAll(
      /\w+Error\(.*?\): .*|\[type=.*?input_type=\w+\]|For further information visit \S+|http:\S+/g,
      '',
    )
    .replaceAll(/- +(?=\w)/g, '-');
  return [...new Set(plain.match(/--[a-z][a-z-]+[a-z]|\d+(?:\.\d*[1-9])?/g))];
}
