import { datasetTypes } from '../config/dataset-types.js';
import type { OptionTable } from '../config/option.js';
import { choice, flag, integer, path } from '../config/option-kinds.js';
import { validateDataset } from '../dataset/validate/validate.js';
import type { Io } from '../util/io.js';
import { MAX_TOKENS } from '../util/limits.js';
import type { Command, Invocation } from './command.js';
import { validationText } from './validate/text.js';

const validateOptions = {
  file: path({
    argument: 'file',
    flags: ['--input-file'],
    group: 'Dataset',
    existing: 'file or directory',
    required: true,
    missing: 'name a file, e.g. aiperf validate trace.jsonl',
    help: 'File or folder as --input-file of aiperf profile takes it; may be .gz.',
  }),
  customDatasetType: choice(datasetTypes, {
    flags: ['--custom-dataset-type'],
    group: 'Dataset',
    metavar: '<type>',
    defaultText: 'detected from the content',
    help: 'Format of the file, such as mooncake_trace.',
  }),
  islBlockSize: integer({
    flags: ['--isl-block-size'],
    group: 'Dataset',
    min: 1,
    max: MAX_TOKENS,
    defaultText: "the trace type's",
    help: 'Tokens per hash id of a trace.',
  }),
  all: flag({ flags: ['--all'], group: 'Dataset', help: 'Show every bad row; without it the first 100.' }),
} satisfies OptionTable;

/** `aiperf validate`: names every bad row of a dataset, and says what it is. */
export const command: Command<typeof validateOptions> = { options: validateOptions, run };

async function run({ config }: Invocation<typeof validateOptions>, io: Io): Promise<number> {
  const { file, customDatasetType, islBlockSize, all } = config;
  const found = await validateDataset(file, {
    datasetType: customDatasetType,
    blockSize: islBlockSize,
    keepProblems: all ? Number.POSITIVE_INFINITY : 100,
  });
  io.stdout.write(validationText(file, found));
  return found.checks.problems.count === 0 && hasRequests(found.checks) ? 0 : 1;
}

function hasRequests({ totals, graphs }: Awaited<ReturnType<typeof validateDataset>>['checks']): boolean {
  return totals.turns > 0 || (graphs?.sessions ?? 0) > 0;
}
