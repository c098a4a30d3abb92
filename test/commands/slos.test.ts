import { expect, it } from 'vitest';
import { sloErrors, slosOf } from '../../src/commands/slos.js';
import { profileOptions } from '../../src/config/options.js';
import { metricAbbreviations } from '../../src/metrics/abbreviations.js';
import { streamingChat } from '../metrics/records.js';

it('objectives name metrics by tag or abbreviation, in any case', () => {
  const named = { TTFT: 1000, itl: 2, E2E: 3, isl: 4, Osl: 5, output_token_throughput_per_user: 6 };
  expect(slosOf(named)).toEqual([
    { tag: 'time_to_first_token', limit: 1000 },
    { tag: 'inter_token_latency', limit: 2 },
    { tag: 'request_latency', limit: 3 },
    { tag: 'input_sequence_length', limit: 4 },
    { tag: 'output_sequence_length', limit: 5 },
    { tag: 'output_token_throughput_per_user', limit: 6 },
  ]);
  expect(slosOf({ TPOT: 50 })).toEqual([{ tag: 'inter_token_latency', limit: 50 }]);
  expect(profileOptions.goodput.help).toContain(`Abbreviations: ${metricAbbreviations}.`);
});

it('a metric under two names is given twice', () => {
  const slos = slosOf({ tpot: 1, itl: 2 });
  expect(sloErrors(slos, { ...streamingChat, slos }, '--goodput')).toEqual([
    '--goodput: inter_token_latency is given twice.',
  ]);
});
