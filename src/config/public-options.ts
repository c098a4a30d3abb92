import { UserError } from '../util/errors.js';
import { assignments } from './assignments.js';
import type { OptionTable } from './option.js';
import { text } from './option-kinds.js';
import { hubAddress, publicDatasetName, publicDatasetNames } from './public-datasets.js';

const group = 'Input';

/** Parts of a request that columns hold, as `--dataset-columns` names them. */
const columnKeys = [
  'prompt',
  'messages',
  'system',
  'image',
  'audio',
  'video',
  'output',
  'output_length',
] as const;

/** Options of data sets that are downloaded. */
export const publicOptions = {
  publicDataset: publicDataset(),
  hfSubset: text({
    flags: ['--hf-subset'],
    group,
    metavar: '<name>',
    defaultText: 'that of the data set',
    help: 'Subset (configuration) of --public-dataset on the hub.',
  }),
  hfSplit: text({
    flags: ['--hf-split'],
    group,
    metavar: '<name>',
    defaultText: 'that of the data set; for hf:// train, or the only one',
    help: 'Split of --public-dataset on the hub.',
  }),
  datasetColumns: assignments({
    flags: ['--dataset-columns'],
    group,
    keys: columnKeys,
    default: {},
    defaultText: 'found by their usual names',
    help: "Columns of an hf:// data set, e.g. prompt=question,output=answer or 'prompt={context} {question}'; output: a recorded answer whose length is the maximum of the request's.",
  }),
  datasetFilter: assignments({
    flags: ['--dataset-filter'],
    group,
    default: {},
    help: 'Send only rows of --public-dataset whose columns have these values.',
  }),
} satisfies OptionTable;

function publicDataset() {
  const row = text({
    flags: ['--public-dataset'],
    group,
    metavar: '<name>',
    what: `one of ${publicDatasetNames.join(', ')}, or hf://org/name[@revision][/path]`,
    isValid: (value) => publicDatasetName(value) !== undefined || hubAddress(value) !== undefined,
    help: 'Download a data set and send it; any other on the Hugging Face hub as hf://org/name[@revision][/path].',
  });
  return {
    ...row,
    choices: publicDatasetNames,
    read: ([word = '']: readonly string[]) => {
      if (!/^weka[_-]hf$/i.test(word)) return publicDatasetName(word) ?? word;
      throw new UserError(`${word} names no data set: use hf://org/name`);
    },
  };
}
