import { readFileSync } from 'node:fs';
import { messageOf, UserError } from '../util/errors.js';
import { isObject, type Json, jsonFault } from '../util/json.js';
import { valueWords } from './words.js';

/** One point of a `--request-rate-series`. */
export interface SeriesPoint {
  readonly timeSeconds: number;
  /** Requests per second. */
  readonly perSecond: number;
}

const shape = 'a list of {"time_s":0,"qps":5}, or {"points":[…]}';

/** Reads the file of a rate series. @throws UserError that says which point is wrong */
export function readRateSeries(path: string): readonly SeriesPoint[] {
  let value: Json;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (thrown) {
    const fault = thrown instanceof SyntaxError ? jsonFault(thrown) : messageOf(thrown);
    throw new UserError(`${path} cannot be read as ${shape}: ${fault}`);
  }
  const list = isObject(value) && Object.keys(value).join() === 'points' ? value.points : value;
  if (!Array.isArray(list)) throw new UserError(`${path} must hold ${shape}`);
  if (list.length < 2) throw new UserError(`${path} must hold at least 2 points, got ${list.length}`);
  const points = list.map((item, i) => pointOf(item, `${path}: point ${i + 1}`));
  for (const [i, { timeSeconds }] of points.entries()) {
    const before = points[i - 1]?.timeSeconds ?? Number.NEGATIVE_INFINITY;
    if (timeSeconds <= before)
      throw new UserError(`${path}: point ${i + 1} must be later than ${before} s, got ${timeSeconds} s`);
  }
  return points;
}

function pointOf(item: Json, where: string): SeriesPoint {
  if (!isObject(item)) throw new UserError(`${where} must be an object of time_s and qps`);
  const { time_s: time = item.timeS, qps, ...rest } = item;
  const extra = Object.keys(rest).filter((key) => key !== 'timeS');
  if (extra.length > 0)
    throw new UserError(`${where} holds ${extra.join(', ')}: only time_s and qps are known`);
  if (typeof time !== 'number' || !Number.isFinite(time) || time < 0)
    throw new UserError(`${where}: time_s must be a number of at least 0, got ${valueWords(time)}`);
  if (typeof qps !== 'number' || !Number.isFinite(qps) || qps <= 0)
    throw new UserError(`${where}: qps must be a number above 0, got ${valueWords(qps)}`);
  return { timeSeconds: time, perSecond: qps };
}
