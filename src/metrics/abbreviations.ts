import {
  inputSequenceLength,
  interTokenLatency,
  outputSequenceLength,
  requestLatency,
  timeToFirstToken,
} from './request-metrics.js';

/** Abbreviations that engineers use for metrics. */
const abbreviations = new Map([
  ['ttft', timeToFirstToken],
  ['itl', interTokenLatency],
  ['tpot', interTokenLatency],
  ['e2e', requestLatency],
  ['isl', inputSequenceLength],
  ['osl', outputSequenceLength],
]);

/** For help texts: every abbreviation in upper case. */
export const metricAbbreviations = [...abbreviations.keys()].map((name) => name.toUpperCase()).join(', ');

/** The tag of the metric that `name` abbreviates, in any case; a name that is no abbreviation is returned as it is. */
export function metricTag(name: string): string {
  return abbreviations.get(name.toLowerCase())?.tag ?? name;
}
