import type { Config } from './options.js';
import { hubAddress } from './public-datasets.js';
import { publicOptions } from './public-options.js';
import { type Key, needs, noEffect, type Rule, refuses } from './rule.js';
import { synthesisKeys } from './synthesis-options.js';

/** Whether the prompts are those of a file or of a public data set, in place of generated ones. */
export function hasOwnPrompts({ inputFile, publicDataset }: Partial<Config>): boolean {
  return inputFile !== undefined || publicDataset !== undefined;
}

/** The options on which `hasOwnPrompts` depends. */
export const promptSources = ['inputFile', 'publicDataset'] as const satisfies readonly Key[];

const isPublic = {
  keys: ['publicDataset'] as const,
  holds: ({ publicDataset }: Config) => publicDataset !== undefined,
};

/** Conflicts of the options of public data sets. */
export const publicConflicts: readonly Rule[] = [
  needs(
    (Object.keys(publicOptions) as (keyof typeof publicOptions)[]).filter((key) => key !== 'publicDataset'),
    ['publicDataset'],
    ', the data set to choose from',
  ),
  refuses('publicDataset', isPublic, ['inputFile'], ': each sets what is sent'),
  {
    keys: ['publicDataset', 'customDatasetType'],
    check: ({ publicDataset, inputFile }, isSet, name) =>
      publicDataset !== undefined &&
      inputFile === undefined &&
      isSet('customDatasetType') &&
      `${name('customDatasetType')} cannot be combined with --public-dataset, whose format is known.`,
  },
  refuses(
    'publicDataset',
    isPublic,
    ['promptBatchSize', 'imageBatchSize', 'audioBatchSize', 'videoBatchSize'],
    ': its requests are sent as they are',
  ),
  refuses(
    'publicDataset',
    isPublic,
    ['uuidAndStrip', 'islAsTokenIds'],
    ': its requests are sent as they are',
  ),
  {
    keys: ['publicDataset', 'datasetColumns'],
    check: ({ publicDataset = '' }, isSet, name) =>
      publicDataset !== '' &&
      isSet('datasetColumns') &&
      hubAddress(publicDataset) === undefined &&
      `${name('datasetColumns')} needs an hf:// data set: the columns of ${publicDataset} are known.`,
  },
  {
    keys: ['datasetColumns'],
    check: ({ datasetColumns }, _isSet, name) => {
      const { messages, prompt, output, output_length: length } = datasetColumns;
      if (messages !== undefined && Object.keys(datasetColumns).length > 1)
        return `${name('datasetColumns')} messages cannot be combined with others: it holds whole conversations.`;
      if (output !== undefined && length !== undefined)
        return `${name('datasetColumns')} output and output_length cannot be combined: both set the maximum length.`;
      return (
        Object.keys(datasetColumns).some((key) => ['system', 'output', 'output_length'].includes(key)) &&
        prompt === undefined &&
        `${name('datasetColumns')} needs prompt, too.`
      );
    },
  },
];

/** Only agent traces have hash ids; the rows of a data set without a name are not known yet. */
const isWithoutHashIds = {
  keys: isPublic.keys,
  holds: ({ publicDataset }: Config) =>
    publicDataset !== undefined &&
    hubAddress(publicDataset) === undefined &&
    !publicDataset.startsWith('semianalysis_cc_traces_weka'),
};

export const publicWarnings: readonly Rule[] = [
  noEffect(['islBlockSize'], 'on --public-dataset without hash ids', isWithoutHashIds),
  noEffect(synthesisKeys, 'on --public-dataset: only traces in files are changed', isPublic),
];
