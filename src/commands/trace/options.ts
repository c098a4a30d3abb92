import { datasetTypes } from '../../config/dataset-types.js';
import { durationOption } from '../../config/duration.js';
import type { Findings } from '../../config/load.js';
import type { ConfigOf } from '../../config/option.js';
import { choice, integer, path } from '../../config/option-kinds.js';

// Options that several trace commands share.

/** The trace to read. @param example a complete command line. */
export function traceFile(example: string) {
  return path({
    argument: 'file',
    group: 'Trace',
    existing: 'file',
    required: true,
    missing: `name a trace and a file to write, e.g. ${example}`,
    help: 'Trace, sorted by time; may be .gz.',
  });
}

/** The file to write. */
export const outFile = path({
  argument: 'out',
  group: 'Trace',
  required: true,
  missing: 'name the file to write',
  help: 'File to write; may be .gz.',
});

export const timeRange = {
  start: durationOption({
    flags: ['--start'],
    group: 'Trace',
    default: 0,
    help: 'Start of the time range, after the first row.',
  }),
  end: durationOption({
    flags: ['--end'],
    group: 'Trace',
    defaultText: 'the end of the trace',
    help: 'End of the time range (exclusive), after the first row.',
  }),
};

/** Refuses a time range that ends before it starts. */
export function checkTimeRange(
  { config: { start, end } }: { readonly config: ConfigOf<typeof timeRange> },
  isValid: (...keys: ('start' | 'end')[]) => boolean,
): Findings {
  const isUpsideDown = isValid('start', 'end') && end !== undefined && end <= start;
  const error = `--end must be after --start, ${start / 1000} s, got ${(end ?? 0) / 1000} s.`;
  return { errors: isUpsideDown ? [error] : [], warnings: [] };
}

/** @param what the options that draw. */
export function seed(what: string) {
  return integer({
    flags: ['--random-seed', '--seed'],
    group: 'Trace',
    min: 0,
    default: 0,
    help: `Seed of ${what}.`,
  });
}

export const blockSize = integer({
  flags: ['--block-size'],
  group: 'Trace',
  min: 1,
  defaultText: '512; 16 for Bailian and OpenTelemetry; as in the file for Baseten and Weka',
  help: 'Tokens per hash id.',
});

/** The type of the file to read. */
export const fileType = choice(datasetTypes, {
  flags: ['--custom-dataset-type', '--from'],
  group: 'Trace',
  defaultText: 'detected',
  help: 'File type, as for aiperf profile.',
});
