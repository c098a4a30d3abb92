import { readFileSync } from 'node:fs';
import type { PageSample } from '../../../src/telemetry/gpu/dcgm.js';
import { goldenPath } from '../../metrics/golden.js';

/** The second set of recorded runs, beside the first. */
export const golden2 = '../golden2';

const text = (file: string) => readFileSync(goldenPath(`${golden2}/${file}`), 'utf8');

/** A line of a recorded `gpu_telemetry_export.jsonl`. */
export interface GpuLine extends Readonly<Record<string, unknown>> {
  readonly gpu_index: number;
  readonly telemetry_data: Readonly<Record<string, number>>;
}

/** A recorded file. */
export const goldenFile = text;

export function jsonLines(file: string): GpuLine[] {
  return text(file)
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** The samples of a recorded page, whose labels hold no escapes. */
export function pageSamples(file: string): PageSample[] {
  return [...text(file).matchAll(/^(\w+)\{(.*)\} (\S+)$/gm)].map(([, name = '', labels = '', value]) => ({
    name,
    labels: Object.fromEntries([...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, of]) => [key, of])),
    value: Number(value),
  }));
}

/** A recorded summary. */
export function summary(run: string) {
  return JSON.parse(text(`${run}/profile_export_aiperf.json`));
}
