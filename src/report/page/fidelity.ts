import { isObject, type Json, type JsonObject } from '../../util/json.js';
import { durationWords, percent, short } from './figures.js';
import { type Html, html } from './html.js';
import { type Cell, table } from './table.js';
import type { Said } from './words.js';

/** What the client says of itself, in words. @param fidelity the member of the summary file. */
export function fidelitySaid(fidelity: JsonObject | undefined): Said {
  const topic = 'Client';
  if (fidelity === undefined) {
    return {
      topic,
      sentences: ['The run has no data on the client, so it is unknown whether the client was the limit.'],
      tone: 'plain',
    };
  }
  const { verdict } = fidelity;
  const reasons = objectsOf(fidelity.reasons).flatMap(({ reason }) =>
    typeof reason === 'string' ? [reason] : [],
  );
  const causes = reasons.map((reason) => `${reason.charAt(0).toUpperCase()}${reason.slice(1)}.`);
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
export function fidelityTables(fidelity: JsonObject | undefined): Html | undefined {
  if (fidelity === undefined) return undefined;
  const connections = isObject(fidelity.connections) ? fidelity.connections : {};
  const load = isObject(fidelity.load) ? fidelity.load : {};
  const facts = [
    ['Verdict', typeof fidelity.verdict === 'string' ? fidelity.verdict : undefined],
    ['Requests affected by client delay', numberText(fidelity.client_limited_count)],
    ['Send delay', spread(fidelity.send_delay)],
    ['Requested load', withUnit(load.requested, load.unit)],
    ['Achieved load', withUnit(load.achieved, load.unit)],
    ['Opened connections', numberText(connections.opened)],
    ['Reused connections', numberText(connections.reused)],
    ['Refused connections', numberText(connections.refused)],
    ['Blocked by port exhaustion', numberText(connections.port_starved)],
    [
      'CPU-throttled',
      typeof fidelity.cpu_throttled === 'number' ? durationWords(fidelity.cpu_throttled) : undefined,
    ],
  ].flatMap(([label = '', value]) => (value === undefined ? [] : [[label, value]]));
  const threads = objectsOf(fidelity.threads);
  return html`${table({ caption: 'The client', columns: ['', ''], rows: facts })}
${
  threads.length > 0 &&
  table({
    caption: 'Load threads',
    columns: [
      'Thread',
      'Event-loop delay',
      'Read lag',
      'GC pauses',
      'Time late',
      'Busy',
      'CPU',
      'Waiting for CPU',
    ],
    rows: threads.map(threadRow),
  })
}`;
}

function threadRow(thread: JsonObject): Cell[] {
  const { gc_pauses: gc } = thread;
  const pauses =
    isObject(gc) && typeof gc.count === 'number' && typeof gc.max === 'number'
      ? `${gc.count}, at most ${durationWords(gc.max)}`
      : undefined;
  return [
    numberText(thread.thread),
    spread(thread.event_loop_delay),
    spread(thread.read_lag),
    pauses,
    typeof thread.late === 'number' ? durationWords(thread.late) : undefined,
    share(thread.busy_share),
    share(thread.cpu_share),
    share(thread.core_wait_share),
  ].map((cell) => cell ?? 'N/A');
}

function spread(value: Json | undefined): string | undefined {
  if (!isObject(value)) return undefined;
  const { p50, p99, max } = value;
  if (typeof p50 !== 'number' || typeof p99 !== 'number' || typeof max !== 'number') return undefined;
  return `p50 ${durationWords(p50)}, p99 ${durationWords(p99)}, max ${durationWords(max)}`;
}

function withUnit(value: Json | undefined, unit: Json | undefined): string | undefined {
  if (typeof value !== 'number') return undefined;
  return typeof unit === 'string' ? `${short(value)} ${unit}` : short(value);
}

function numberText(value: Json | undefined): string | undefined {
  return typeof value === 'number' ? value.toLocaleString('en-US') : undefined;
}

function share(value: Json | undefined): string | undefined {
  return typeof value === 'number' ? percent(value) : undefined;
}

function objectsOf(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}
