import { lineEnds } from './csv.js';
import { listDifferences, setDifferences, treeDifferences, valueDifference } from './lists.js';

export function sliceDifferences(theirText: string, ourText: string): string[] {
  const [theirs, ours] = [JSON.parse(theirText), JSON.parse(ourText)];
  const [a, b] = [theirs.timeslices[0], ours.timeslices[0]];
  const metrics = Object.keys(a).filter((key) => typeof a[key] === 'object' && typeof b[key] === 'object');
  return [
    ...listDifferences('key', Object.keys(theirs), Object.keys(ours)),
    ...setDifferences('key of a slice', Object.keys(a), Object.keys(b)),
    ...metrics.flatMap((tag) => [
      ...valueDifference(`unit of ${tag}`, a[tag].unit, b[tag].unit),
      ...listDifferences(`statistic of ${tag}`, Object.keys(a[tag]), Object.keys(b[tag])),
    ]),
    ...listDifferences('key of the last slice', lastKeys(theirs.timeslices), lastKeys(ours.timeslices)),
    ...treeDifferences('input_config', theirs.input_config, ours.input_config),
  ];
}

function lastKeys(slices: readonly object[]): string[] {
  return Object.keys(slices.at(-1) ?? {}).filter((key) => /_ns$|^is_|index$/.test(key));
}

/** Header, and of the first slice the metric, unit and statistic of each row with the form of its value. */
export function sliceCsvDifferences(theirText: string, ourText: string): string[] {
  const rows = (text: string) =>
    text
      .split(/\r?\n/)
      .filter((row) => row.startsWith('0,'))
      .map((row) => row.replace(/^0,\d{19},\d{19},/, '0,START,END,').replace(/-?\d+\.\d\d$/, '9.99'));
  const [theirs, ours] = [theirText, ourText].map((text) => text.split(/\r?\n/)[0] ?? '');
  return [
    ...valueDifference('header', theirs ?? '', ours ?? ''),
    ...listDifferences('row', rows(theirText), rows(ourText)),
    ...valueDifference('line end', lineEnds(theirText), lineEnds(ourText)),
  ];
}
