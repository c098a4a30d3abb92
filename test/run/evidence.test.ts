import { describe, expect, it } from 'vitest';
import { planPhases } from '../../src/commands/profile/phases.js';
import { planDataset } from '../../src/dataset/plan.js';
import { SendStatsCollector } from '../../src/fidelity/send-stats.js';
import { evidenceOf } from '../../src/run/client-evidence.js';
import { profile } from '../config/profile-options.js';
import { options } from '../dataset/options.js';
import { counted, ms, storeOf } from '../metrics/records.js';

const roof = { requestsPerSecond: 5, eventsPerSecond: 6 };
const throttled = { cpus: 2, periods: 9, throttledPeriods: 1, throttledNs: 7 };

/** The evidence of a run whose requests were sent 1, 2, … 101 ms after they were due. */
async function evidence(line: string) {
  const { config } = await profile(`--model m ${line}`);
  const [phase] = planPhases(config, await planDataset(options, () => {}), 10, () => {});
  if (phase === undefined) throw new Error('no phase');
  const records = Array.from({ length: 101 }, (_, i) =>
    counted({
      ...{ dueNs: ms(199 - i), startNs: ms(200), endNs: ms(221) },
      contentNs: Float64Array.of(ms(210), ms(220)),
    }),
  );
  const seen = {
    threads: [],
    sends: new SendStatsCollector().stats,
    throttled,
    stolenNs: 8,
    movedNs: 0,
    roof,
  };
  return evidenceOf(phase, storeOf(records).summary().results, seen);
}

describe('what a client is judged by', () => {
  it('the delays of what was sent, ns', async () => {
    expect(await evidence('--request-rate 5 --request-count 4')).toMatchObject({
      sendDelayNs: { p50: 51e6, p99: 100e6, max: 101e6 },
      ...{ throttled, stolenNs: 8, movedNs: 0, roof },
    });
  });

  it.each([
    ['--request-rate 5', { load: { kind: 'rate', requested: 5 }, mayQueue: false }],
    ['--request-rate 5 --concurrency 3', { load: { kind: 'rate', requested: 5 }, mayQueue: true }],
    ['--concurrency 3', { load: { kind: 'concurrency', requested: 3 }, mayQueue: false }],
    [
      '--streaming --concurrency 3 --prefill-concurrency 1',
      { load: { kind: 'concurrency', requested: 3 }, mayQueue: true },
    ],
  ])('the load that %s asks for, and whether it may queue', async (line, expected) => {
    expect(await evidence(`${line} --request-count 4`)).toMatchObject(expected);
  });
});
