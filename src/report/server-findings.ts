import { percent, withCommas } from '../metrics/format.js';
import { type KvPressure, kvPressure } from '../metrics/kv-pressure.js';
import { type PowerCap, powerCap } from '../metrics/power-cap.js';
import { type QueueEffect, queueEffect } from '../metrics/queue-effect.js';
import { sourceName } from '../metrics/source-name.js';
import { unreadStartSeconds } from '../metrics/unread-start.js';
import type { Run } from '../run/run.js';
import { counted } from '../util/counted.js';
import { andList } from '../util/lists.js';
import { durationWords, percentWords, short } from './figures.js';

/** What the series of servers and GPUs explain of a run: a sentence for each thing that is certain, otherwise none. */
export function serverFindings(run: Pick<Run, 'requests' | 'extent' | 'series'>): string[] {
  const { requests, extent, series } = run;
  if (extent === undefined) return [];
  const unreadSeconds = unreadStartSeconds(series, extent);
  const effect = requests && queueEffect(requests, series);
  const pressure = kvPressure(series, extent);
  const cap = powerCap(series, extent);
  return [
    ...(unreadSeconds === undefined ? [] : [lateSentence(unreadSeconds)]),
    ...(effect === undefined ? [] : [queueSentence(effect)]),
    ...(pressure === undefined ? [] : [kvSentence(pressure)]),
    ...(cap === undefined ? [] : [capSentence(cap)]),
  ];
}

function lateSentence(seconds: number): string {
  return `Server and GPU metrics begin ${withCommas(seconds)} s after the start of the run: nothing was read before.`;
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

function capSentence({ capped, gpus, sources }: PowerCap): string {
  const names = [...new Set(capped.map(({ source }) => source))].map((source) => {
    const indexes = capped.filter((one) => one.source === source).map(({ index }) => Number(index));
    const where = sources === 1 ? '' : ` of ${sourceName(source)}`;
    return `${indexes.length === 1 ? 'GPU' : 'GPUs'} ${ranges(indexes)}${where}`;
  });
  const from = Math.min(...capped.map(({ fromSeconds }) => fromSeconds));
  const shares = capped.map(({ share }) => share);
  const [least, most] = [Math.min(...shares), Math.max(...shares)].map((share) => percentWords(share));
  const all = capped.length === gpus ? '' : ` (of ${gpus})`;
  return (
    `Power-capped from ${withCommas(from)} s: ${andList(names)}${all}, ` +
    `in ${least === most ? least : `${least} to ${most}`} of the run. The power limit held clocks down.`
  );
}

/** `0 to 3, 6, 7`. @param indexes all different. */
function ranges(indexes: readonly number[]): string {
  const ascending = [...indexes].sort((a, b) => a - b);
  const starts = ascending.filter((index) => !ascending.includes(index - 1));
  const ends = ascending.filter((index) => !ascending.includes(index + 1));
  return starts
    .map((start, i) => {
      const end = ends[i] ?? start;
      return start === end ? `${start}` : `${start}${end === start + 1 ? ',' : ' to'} ${end}`;
    })
    .join(', ');
}
