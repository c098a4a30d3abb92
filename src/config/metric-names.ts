/** Abbreviations that engineers use for metrics, in lower case, with the tag of each. */
const abbreviations = new Map([
  ['ttft', 'time_to_first_token'],
  ['itl', 'inter_token_latency'],
  ['tpot', 'inter_token_latency'],
  ['e2e', 'request_latency'],
  ['isl', 'input_sequence_length'],
  ['osl', 'output_sequence_length'],
]);

/** For help texts: every abbreviation in upper case. */
export const metricAbbreviations = [...abbreviations.keys()].map((name) => name.toUpperCase()).join(', ');

/** The tag of the metric that `name` abbreviates, in any case; a name that is no abbreviation is returned as it is. */
export function metricTag(name: string): string {
  return abbreviations.get(name.toLowerCase()) ?? name;
}
