import { keyPaths, listDifferences, valueDifference } from './lists.js';
import { withoutContent } from './texts.js';

/** Line by line, prompts apart: the same command must make the same bodies in the same layout. */
export function inputDifferences(theirText: string, ourText: string): string[] {
  const lines = (text: string) => withoutContent(text.trimEnd()).split('\n');
  const [theirs, ours] = [lines(theirText), lines(ourText)];
  const at = theirs.findIndex((line, i) => line !== ours[i]);
  if (at >= 0) return [`line ${at + 1} is ${ours[at]}, there ${theirs[at]}`];
  return valueDifference('number of lines', String(theirs.length), String(ours.length));
}

/** Of `outputs.json`: the keys of the file, and of each response. */
export function outputDifferences(theirText: string, ourText: string): string[] {
  const [theirs, ours] = [JSON.parse(theirText), JSON.parse(ourText)];
  return [
    ...listDifferences('key', Object.keys(theirs), Object.keys(ours)),
    ...valueDifference('number of responses', String(theirs.data.length), String(ours.data.length)),
    ...theirs.data.flatMap((response: object, i: number) =>
      listDifferences(`key of response ${i}`, keyPaths(response), keyPaths(ours.data[i])),
    ),
  ];
}
