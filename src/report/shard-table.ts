import { withCommas } from '../metrics/format.js';
import type { RunFacts } from '../run/facts.js';
import { withThousands } from '../util/counted.js';
import type { Layout } from './layout.js';
import { drawTable } from './table.js';
import { wrap } from './wrap.js';

/** How a run was put together from its shards; nothing for a run of one machine. */
export function shardTable({ shards: section }: Pick<RunFacts, 'shards'>, layout: Layout): string[] {
  if (section === undefined) return [];
  const { merge = '', reasons = [], shards = [], startSkewMs = 0 } = section;
  const count = (value: number | undefined) => (value === undefined ? '?' : withThousands(value));
  const ms = (value: number | undefined) => (value === undefined ? '' : withCommas(value));
  const hasClock = shards.some(({ clockOffsetMs }) => clockOffsetMs !== undefined);
  const table = drawTable(
    {
      title: 'AIPerf | Shards',
      columns: [
        { header: 'Shard', style: 'cyan' },
        { header: 'Host', yields: 'anywhere' },
        { header: 'State' },
        { header: 'Records' },
        { header: 'Due' },
        { header: 'Without record' },
        { header: 'Start after first (ms)', yields: 'at spaces' },
        ...(hasClock ? ([{ header: 'Clock offset (ms)', yields: 'at spaces' }] as const) : []),
        { header: 'Fidelity', yields: 'at spaces' },
      ],
      rows: shards.map((shard) => [
        String(shard.shard),
        shard.host ?? '',
        shard.state ?? '',
        count(shard.records?.profiling),
        count(shard.due?.profiling),
        count(shard.missing?.profiling),
        ms(shard.startSkewMs),
        ...(hasClock ? [clockText(shard)] : []),
        shard.verdict ?? '',
      ]),
    },
    layout,
  );
  return [
    ...table,
    ...wrap(
      `Merge: ${merge}. All shards started within ${withCommas(startSkewMs)} ms by their clocks${hasClock ? '' : ', which were not compared'}.`,
      layout.width,
      2,
    ),
    ...reasons.flatMap((reason) => wrap(`  - ${reason}`, Math.max(40, layout.width), 4)),
  ];
}

/** Offset of a shard's clock and its error, ms, in words. */
export function clockText({
  clockOffsetMs,
  clockErrorMs,
}: {
  readonly clockOffsetMs?: number | undefined;
  readonly clockErrorMs?: number | undefined;
}): string {
  if (clockOffsetMs === undefined) return 'not measured';
  return clockErrorMs === undefined
    ? withCommas(clockOffsetMs)
    : `${withCommas(clockOffsetMs)} ± ${withCommas(clockErrorMs)}`;
}
