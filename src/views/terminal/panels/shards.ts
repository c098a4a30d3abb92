import { percent } from '../../../metrics/format.js';
import { short } from '../../../report/figures.js';
import { withThousands } from '../../../util/counted.js';
import { type ShardHealth, shardHealth, shardsSummary } from '../../shard-health.js';
import { bytesText } from '../quantities.js';
import { cell, type Row, span, type Tone } from '../rows.js';
import { latenessTone, verdictTones } from './client.js';
import type { Panel } from './panel.js';

/** Columns of a host, on screens at least this wide. */
const HOST = 12;
const WITH_HOST = 100;

interface Column {
  readonly head: string;
  readonly width: number;
  readonly text: (shard: ShardHealth) => string;
  readonly tone?: (shard: ShardHealth) => Tone | undefined;
}

const stateTones: Readonly<Record<ShardHealth['state'], Tone>> = {
  running: 'good',
  done: 'dim',
  silent: 'warn',
  lost: 'bad',
};

const optional = <Value>(value: Value | undefined, text: (value: Value) => string) =>
  value === undefined ? 'N/A' : text(value);
const msText = (ms: number) => `${short(ms)} ms`;
const nsText = (ns: number) => msText(ns / 1e6);
const doneText = (returned: number, planned: number | undefined) =>
  planned === undefined || planned === 0 ? 'N/A' : percent(returned / planned, 0);

/** The most important first: those that do not fit are left out. */
const columns: readonly Column[] = [
  { head: 'Shard', width: 5, text: ({ shard }) => String(shard) },
  { head: 'State', width: 9, text: ({ state }) => state, tone: ({ state }) => stateTones[state] },
  {
    head: 'Client',
    width: 9,
    text: ({ fidelity }) => optional(fidelity?.verdict.replace('client ', ''), String),
    tone: ({ fidelity }) => fidelity && verdictTones[fidelity.verdict],
  },
  { head: 'Done', width: 6, text: ({ returned, planned }) => doneText(returned, planned) },
  { head: 'Ended', width: 10, text: ({ returned }) => withThousands(returned) },
  { head: 'In flight', width: 10, text: ({ inFlight }) => withThousands(inFlight) },
  {
    head: 'Late p99',
    width: 10,
    text: ({ latenessMs }) => optional(latenessMs?.p99, msText),
    tone: ({ latenessMs }) => latenessMs && latenessTone(latenessMs.p99),
  },
  { head: 'Clock ±', width: 10, text: ({ clockErrorNs }) => optional(clockErrorNs, nsText) },
  { head: 'Drift', width: 10, text: ({ clockDriftNs }) => optional(clockDriftNs, nsText) },
  { head: 'Unsent', width: 9, text: ({ unsentBytes }) => bytesText(unsentBytes) },
  {
    head: 'Late',
    width: 8,
    text: ({ lateSends }) => withThousands(lateSends),
    tone: ({ lateSends }) => (lateSends > 0 ? 'warn' : undefined),
  },
  { head: 'CPU', width: 8, text: ({ cpuShare }) => optional(cpuShare, (share) => percent(share, 0)) },
  { head: 'Records', width: 11, text: ({ received }) => withThousands(received) },
  {
    head: 'Loop delay',
    width: 12,
    text: ({ loopDelayMs }) => optional(loopDelayMs, msText),
  },
];

/** Machines that send the load: state, client fidelity, progress, clock, records on their way, health. */
export const shardsPanel: Panel = {
  name: 'shards',
  title: ({ snapshot }) => [
    span('Shards', 'title'),
    '  ',
    span(shardsSummary(snapshot?.shards ?? []), 'dim'),
  ],
  rows: ({ snapshot }) => {
    const shards = snapshot?.shards?.length ?? 0;
    return { least: Math.min(shards + 1, 3), most: shards === 0 ? 0 : shards + 1 };
  },
  draw: ({ snapshot }, width, height, scroll) => {
    const shown = columnsIn(width);
    const shards = snapshot === undefined ? [] : shardHealth(snapshot);
    // What needs attention is seen first where there is no room for all.
    const ordered = shards.length < height ? shards : shards.toSorted((a, b) => urgency(b) - urgency(a));
    return [
      shown.map(({ head, width: columns }) => span(cell(head, columns, 'right'), 'dim')),
      ...ordered.slice(scroll, scroll + height - 1).map((shard) => shardRow(shard, shown, width)),
    ];
  },
};

function columnsIn(width: number): readonly Column[] {
  let left = width < WITH_HOST ? width : width - HOST;
  return columns.filter((column) => {
    left -= column.width;
    return left >= 0;
  });
}

/** The host is in the room that is left. */
function shardRow(shard: ShardHealth, shown: readonly Column[], width: number): Row {
  const cells = shown.map(({ text, tone, width: columns }) =>
    span(cell(text(shard), columns, 'right'), tone?.(shard)),
  );
  const left = width - shown.reduce((sum, column) => sum + column.width, 0);
  return left < 10 || shard.host === undefined ? cells : [...cells, '  ', span(shard.host, 'dim')];
}

function urgency({ state, fidelity }: ShardHealth): number {
  if (state === 'lost') return 4;
  if (state === 'silent') return 3;
  return ['client strained', 'client limited'].indexOf(fidelity?.verdict ?? '') + 1;
}
