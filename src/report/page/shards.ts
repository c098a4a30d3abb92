import { withCommas } from '../../metrics/format.js';
import type { OfferedLoad, ShardsSection } from '../../run/shards.js';
import { withThousands } from '../../util/counted.js';
import { differingRows, isInFlight, offeredCells, offeredHeads, offeredWords } from '../offered-load.js';
import { clockText, mergeText, processesOf, type ShardFigures, verdictText } from '../shard-table.js';
import { type Html, html } from './html.js';
import { type Cell, table } from './table.js';

/** How a run was put together from its shards; nothing for a run of one machine. */
export function shardsContent(section: ShardsSection | undefined): Html | undefined {
  if (section === undefined) return undefined;
  const { reasons = [], shards = [], offered } = section;
  return html`<p>${mergeText(section)}</p>
${reasons.length > 0 && html`<ul>${reasons.map((reason) => html`<li>${reason}</li>`)}</ul>`}
${table({
  caption: 'Shards',
  isCaptionHidden: true,
  columns: [
    ...['Shard', 'Host', 'State', 'Records', 'Due', 'Without record', 'Start after first'],
    ...['Clock offset (ms)', 'Clock drift', 'Most unsent', 'Client'],
  ],
  textColumns: [1, 2, 10],
  rows: shards.flatMap((shard) => [shardRow(shard), ...processRows(shard)]),
})}
${offered && offeredContent(offered)}`;
}

/** The load as planned and as achieved, where they differ. */
function offeredContent(offered: OfferedLoad): Html {
  const rows = differingRows(offered);
  const isMean = isInFlight(offered);
  return html`<h3>Offered load</h3>
<ul>${offeredWords(offered).map((sentence) => html`<li>${sentence}</li>`)}</ul>
${
  rows.length > 0 &&
  table({
    caption: 'Slices that differ from the plan',
    columns: offeredHeads(offered),
    rows: rows.map((row) => offeredCells(row, isMean)),
  })
}`;
}

function processRows(shard: ShardFigures): Cell[][] {
  return processesOf(shard).map(({ name, host, state, records, clock }) => [
    ...[name, host, state, records === undefined ? 'N/A' : withThousands(records)],
    ...['', '', '', clock, '', '', ''],
  ]);
}

function shardRow(shard: ShardFigures): Cell[] {
  const count = (value: number | undefined) => (value === undefined ? 'N/A' : withThousands(value));
  const ms = (value: number | undefined) => (value === undefined ? 'N/A' : `${withCommas(value)} ms`);
  const { peakSpoolBytes } = shard;
  return [
    ...[count(shard.shard), shard.host ?? '', shard.state ?? ''],
    ...[count(shard.records?.profiling), count(shard.due?.profiling), count(shard.missing?.profiling)],
    ...[ms(shard.startSkewMs), clockText(shard), ms(shard.clockDriftMs)],
    peakSpoolBytes === undefined ? 'N/A' : `${withCommas(peakSpoolBytes / 1e6)} MB`,
    verdictText(shard),
  ];
}
