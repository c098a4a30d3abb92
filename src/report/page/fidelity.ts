import type { ClientFidelity } from '../../run/fidelity.js';
import { durationWords, percentWords, short } from '../figures.js';
import { utilizationText } from '../utilization.js';
import { type Html, html } from './html.js';
import type { Statement } from './statement.js';
import { type Cell, table } from './table.js';

/** What the client says of itself, in words. */
export function clientStatement(fidelity: ClientFidelity | undefined): Statement {
  const topic = 'Client';
  if (fidelity === undefined) {
    return {
      topic,
      sentences: ['The run has no data on the client, so it is unknown whether the client was the limit.'],
      tone: 'plain',
    };
  }
  const { verdict, reasons = [] } = fidelity;
  const causes = reasons
    .flatMap(({ reason }) => reason ?? [])
    .map((reason) => `${reason.charAt(0).toUpperCase()}${reason.slice(1)}.`);
  switch (verdict) {
    case 'client ok':
      return {
        topic,
        sentences: ['The client kept up: the figures are those of the server.', ...causes],
        tone: 'good',
      };
    case 'client strained':
      return {
        topic,
        sentences: ['The client was strained: read the tails with care.', ...causes],
        tone: 'caution',
      };
    default:
      return {
        topic,
        sentences: ['The client was the limit: the figures are not those of the server alone.', ...causes],
        tone: 'bad',
      };
  }
}

/** The client's figures; nothing for a run without them. */
export function fidelityTables(fidelity: ClientFidelity | undefined): Html | undefined {
  if (fidelity === undefined) return undefined;
  const { connections = {}, load = {}, threads = [], cpuThrottled, cpuStolen } = fidelity;
  const ofShards = threads.some(({ shard }) => shard !== undefined);
  const facts = [
    ['Verdict', fidelity.verdict],
    ['Requests affected by client delay', numberText(fidelity.clientLimitedCount)],
    ['Send delay', spread(fidelity.sendDelay)],
    ['Requested load', withUnit(load.requested, load.unit)],
    ['Achieved load', withUnit(load.achieved, load.unit)],
    ['Opened connections', numberText(connections.opened)],
    ['Reused connections', numberText(connections.reused)],
    ['Refused connections', numberText(connections.refused)],
    ['Blocked by port exhaustion', numberText(connections.portStarved)],
    ['CPU-throttled', optional(cpuThrottled, durationWords)],
    ['CPU time taken by the host', optional(cpuStolen, durationWords)],
    ['Utilization', utilizationText(fidelity)],
  ].flatMap(([label = '', value]) => (value === undefined ? [] : [[label, value]]));
  return html`${table({ caption: 'The client', columns: ['', ''], rows: facts })}
${
  threads.length > 0 &&
  table({
    caption: 'Load threads',
    columns: [
      ...(ofShards ? ['Shard'] : []),
      'Thread',
      'Event-loop delay',
      'Read lag',
      'GC pauses',
      'Time late',
      'Busy',
      'CPU',
      'Waiting for CPU',
    ],
    rows: threads.map((thread) => [
      ...(ofShards ? [numberText(thread.shard) ?? ''] : []),
      ...threadRow(thread),
    ]),
  })
}`;
}

type ThreadFigures = NonNullable<ClientFidelity['threads']>[number];

function threadRow({ gcPauses: gc, ...thread }: ThreadFigures): Cell[] {
  const pauses =
    gc?.count === undefined || gc.max === undefined
      ? undefined
      : `${gc.count}, at most ${durationWords(gc.max)}`;
  return [
    numberText(thread.thread),
    spread(thread.eventLoopDelay),
    spread(thread.readLag),
    pauses,
    optional(thread.late, durationWords),
    optional(thread.busyShare, percentWords),
    optional(thread.cpuShare, percentWords),
    optional(thread.coreWaitShare, percentWords),
  ].map((cell) => cell ?? 'N/A');
}

function spread({ p50, p99, max }: NonNullable<ClientFidelity['sendDelay']> = {}): string | undefined {
  if (p50 === undefined || p99 === undefined || max === undefined) return undefined;
  return `p50 ${durationWords(p50)}, p99 ${durationWords(p99)}, max ${durationWords(max)}`;
}

function withUnit(value: number | undefined, unit: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  return unit === undefined ? short(value) : `${short(value)} ${unit}`;
}

function numberText(value: number | undefined): string | undefined {
  return value?.toLocaleString('en-US');
}

function optional(value: number | undefined, text: (value: number) => string): string | undefined {
  return value === undefined ? undefined : text(value);
}
