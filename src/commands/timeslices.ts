import { timeslicesCsv, timeslicesJson } from '../export/timeslices.js';
import type { SlicedRun } from '../metrics/slices.js';
import type { JsonObject } from '../util/json.js';

/** A file of results, made when it is written. */
export interface ResultFile {
  /** What the footer calls it. */
  readonly label: string;
  readonly path: string;
  readonly text: () => string;
}

/** What `--slice-duration` comes to: whole nanoseconds. */
export function sliceNsOf(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : Math.max(1, Math.round(seconds * 1e9));
}

/** The files of a run that was cut into slices; none for one that was not. */
export function timesliceFiles(
  sliced: SlicedRun | undefined,
  paths: { readonly timeslicesCsv: string; readonly timeslicesJson: string },
  inputConfig: JsonObject,
): readonly ResultFile[] {
  if (sliced === undefined) return [];
  const { slices } = sliced;
  return [
    { label: 'Timeslice CSV Export', path: paths.timeslicesCsv, text: () => timeslicesCsv(slices) },
    {
      label: 'Timeslice JSON Export',
      path: paths.timeslicesJson,
      text: () => timeslicesJson(slices, inputConfig),
    },
  ];
}
