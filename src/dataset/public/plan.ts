import { statSync } from 'node:fs';
import type { HubAddress, PublicDatasetName } from '../../config/public-datasets.js';
import type { Log } from '../../util/log.js';
import type { DatasetOptions } from '../dataset-options.js';
import { type GraphsPlan, planGraphs } from '../loaders/graphs.js';
import { rowFileOf } from '../loaders/row-file.js';
import { planRows, type RowsPlan } from '../loaders/rows.js';
import { wekaRows } from '../loaders/weka/weka-trace.js';
import { asRecorded } from '../pace.js';
import type { TurnRules } from '../turn-rules.js';
import type { ColumnNames } from './columns.js';
import { readConversations } from './conversations.js';
import { type DataFile, type DownloadContext, findDataFiles } from './data-files.js';
import { openFilter } from './filters.js';
import { type NamedDataset, namedDatasets, type Source } from './names.js';

/** A public data set and what of it is sent. */
export interface PublicRequest extends DownloadContext {
  /** As the user wrote it. */
  readonly name: string;
  readonly dataset: PublicDatasetName | HubAddress;
  readonly subset?: string | undefined;
  readonly split?: string | undefined;
  readonly columns: ColumnNames;
  /** Values that columns must have. */
  readonly filters: Readonly<Record<string, string>>;
  /** Conversations to read; absent: as many as there are. */
  readonly limit?: number | undefined;
  /** The same of a recorded trace, which is sent completely by default. */
  readonly limitOfTrace?: number | undefined;
  /** Those of a data set that is too large to be read whole, without `limit`. */
  readonly limitOfLarge: number;
  /** Requests are sent at their recorded times. */
  readonly isScheduled: boolean;
  /** Opens the run's tokenizer, where lengths depend on it. */
  readonly openCounter: () => Promise<(text: string) => number>;
}

/** Which data a run sends. Plain data. */
export interface PublicSource {
  /** On the hub; undefined for a data set from elsewhere. */
  readonly commit: string | undefined;
  readonly files: readonly { readonly name: string; readonly bytes: number; readonly sha256: string }[];
}

/**
 * Downloads and reads a public data set as far as it is needed.
 * @throws UserError before anything is sent: hub, subset, split, columns, filters, broken files.
 */
export async function planPublic(
  request: PublicRequest,
  options: DatasetOptions,
  rules: TurnRules,
  log: Log,
): Promise<RowsPlan | GraphsPlan> {
  const { name, dataset } = request;
  const known: Omit<NamedDataset, 'rows'> & Partial<NamedDataset> =
    typeof dataset === 'string' ? namedDatasets[dataset] : { source: { kind: 'hub', ...dataset } };
  const { commit, files } = await findDataFiles(chosenSource(known.source, request), known, request);
  const { type, rows, ...read } = await readConversations(
    files,
    {
      ...{ name, columns: request.columns, openCounter: request.openCounter },
      mapping: known.rows,
      filter: openFilter(request.filters, known.filters),
      limitOfTrace: request.limitOfTrace ?? Number.POSITIVE_INFINITY,
      limit: request.limit ?? (known.isLarge ? request.limitOfLarge : Number.POSITIVE_INFINITY),
    },
    {
      takesText: options.endpointTakesText,
      takesMedia: options.endpointMedia,
      isScheduled: request.isScheduled,
    },
    log,
  );
  const source = { commit, files: await Promise.all(read.files.map(facts)) };
  const file = rowFileOf(name, rows);
  if (type === 'weka_trace') {
    const { blockSize, pace = asRecorded, models } = options;
    const agents = wekaRows(file, { blockSize, pace, models });
    const own = { ...options, blockSize: agents.blockSize };
    return { ...planGraphs(agents.rows, type, own, rules, log), source };
  }
  const readAs = { type, readAs: type, originMs: undefined };
  return { ...planRows(file, readAs, options, rules, log), source };
}

function chosenSource(source: Source, { subset, split }: PublicRequest): Source {
  if (source.kind === 'url') return source;
  return {
    ...source,
    ...(subset === undefined ? {} : { subset }),
    ...(split === undefined ? {} : { split }),
  };
}

async function facts(file: DataFile): Promise<PublicSource['files'][number]> {
  const { size } = statSync(await file.fetch());
  return { name: file.shown, bytes: size, sha256: await file.sha256() };
}
