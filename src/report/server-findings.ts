import { percent, withCommas } from '../metrics/format.js';
import { type KvPressure, kvPressure } from '../metrics/kv-pressure.js';
import { type QueueEffect, queueEffect } from '../metrics/queue-effect.js';
import type { Run } from '../run/run.js';
import { counted } from '../util/counted.js';
import { durationWords, short } from './figures.js';

/** What the series of the servers explain of a run: a sentence for each thing that is certain, otherwise none. */
export function serverFindings({ requests, series }: Pick<Run, 'requests' | 'series'>): string[] {
  if (requests === undefined || requests.length === 0) return [];
  const effect = queueEffect(requests, series);
  const pressure = kvPressure(series, requests.extent);
  return [
    ...(effect === undefined ? [] : [queueSentence(effect)]),
    ...(pressure === undefined ? [] : [kvSentence(pressure)]),
  ];
}

function queueSentence({ short: low, long: high, p }: QueueEffect): string {
  const part = ({ queue, ttftMs }: QueueEffect['long']) =>
    `median ${durationWords(ttftMs)} with ${short(queue)} waiting`;
  const chance = p < 0.0001 ? 'p < 0.0001' : `p = ${p.toFixed(4)}`;
  return `TTFT rises with queue length: ${part(low)}, ${part(high)} (${chance}).`;
}

function kvSentence({ fromSeconds, maxUsage, preemptions, fullShare }: KvPressure): string {
  const from = `from ${withCommas(fromSeconds)} s`;
  if (preemptions === 0)
    return `KV cache full ${from}, in ${percent(fullShare)} of the samples: requests waited for room.`;
  const usage = maxUsage === undefined ? '' : `, usage at most ${percent(maxUsage)}`;
  return `KV cache full ${from}: ${counted(preemptions, 'preemption')}${usage}. Preempted requests are computed again.`;
}
