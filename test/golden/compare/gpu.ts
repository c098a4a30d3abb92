import { formOf, leaves, listDifferences, valueDifference } from './lists.js';

/** Figures that move while a run lasts, and statistics that depend on how many samples there are. */
const measured = /(power_usage|energy_consumption|power_violation)(\.|$)|\.(count|sum|avg|std)$/;

/** `telemetry_data` of two summaries: keys, their order, and all that does not depend on the time of a run. */
export function telemetryDifferences(theirText: string, ourText: string): string[] {
  const block = (text: string) => /^ {2}"telemetry_data": (\{[\s\S]*?^ {2}\})/m.exec(text)?.[1] ?? '{}';
  return fixedDifferences('telemetry', block(theirText), block(ourText));
}

/** The first line of each GPU. */
export function gpuLineDifferences(theirText: string, ourText: string): string[] {
  const first = (text: string, gpu: string) => text.split('\n').find((line) => line.includes(gpu)) ?? '{}';
  const gpus = new Set(theirText.match(/"gpu_index":\d+,/g));
  return [...gpus].flatMap((gpu) => fixedDifferences('a line', first(theirText, gpu), first(ourText, gpu)));
}

function fixedDifferences(what: string, theirText: string, ourText: string): string[] {
  const [theirs, ours] = [fixedLeaves(theirText), fixedLeaves(ourText)];
  return [
    ...listDifferences(`key of ${what}`, [...theirs.keys()], [...ours.keys()]),
    ...[...theirs].flatMap(([path, value]) =>
      valueDifference(`value of ${what} ${path}`, value, ours.get(path) ?? value),
    ),
  ];
}

/** Path and value of each leaf: the server by one name, numbers as the file has them, what was measured as its form. */
function fixedLeaves(json: string): Map<string, string> {
  const text = json
    .replace(/127\.0\.0\.1:\d+/g, 'SERVER')
    .replace(/(":\s*)(-?\d[\d.e+-]*)(?=\s*[,}\n])/g, '$1"$2"');
  return new Map(
    leaves(JSON.parse(text)).map(([path, value]) => {
      if (/_time$/.test(path)) return [path, value.replace(/\d/g, '9')];
      return [path, measured.test(path) ? formOf(value.replaceAll('"', '')) : value];
    }),
  );
}
