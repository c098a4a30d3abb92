import type { Snapshot } from '../../collect/snapshot.js';
import { type ShardHealth, shardHealth } from '../shard-health.js';
import { type Family, verdictSamples } from './families.js';

const states: readonly ShardHealth['state'][] = ['running', 'done', 'silent', 'lost'];

interface ShardGauge {
  readonly name: string;
  readonly help: string;
  readonly value: (shard: ShardHealth) => number | undefined;
}

/** Of the current phase. */
const gauges: readonly ShardGauge[] = [
  { name: 'requests_sent', help: 'Requests that the shard has sent', value: ({ issued }) => issued },
  {
    name: 'requests_ended',
    help: 'Requests of the shard that have ended',
    value: ({ returned }) => returned,
  },
  {
    name: 'requests_in_flight',
    help: 'Requests of the shard in flight',
    value: ({ inFlight }) => inFlight,
  },
  {
    name: 'send_lateness_seconds',
    help: 'p99 of how late the shard sent requests in the last seconds',
    value: ({ latenessMs }) => latenessMs && latenessMs.p99 / 1e3,
  },
  {
    name: 'records_received',
    help: 'Records of the shard that have arrived',
    value: ({ received }) => received,
  },
  { name: 'unsent_bytes', help: 'Records on the disk of the shard', value: ({ unsentBytes }) => unsentBytes },
  {
    name: 'clock_error_seconds',
    help: 'Largest error of the clock of the shard',
    value: ({ clockErrorNs }) => clockErrorNs && clockErrorNs / 1e9,
  },
  {
    name: 'clock_drift_seconds',
    help: 'Greatest change of the wall clock of the shard during the run',
    value: ({ clockDriftNs }) => clockDriftNs && clockDriftNs / 1e9,
  },
  {
    name: 'loop_delay_seconds',
    help: 'Largest event loop delay of the shard in the last second',
    value: ({ loopDelayMs }) => loopDelayMs && loopDelayMs / 1e3,
  },
  {
    name: 'late_sends',
    help: 'Requests that the shard sent more than 10 ms late',
    value: ({ lateSends }) => lateSends,
  },
];

/** Machines that send the load; AIPerf's page has none of it. */
export function shardFamilies(snapshot: Snapshot | undefined): Family[] {
  const shards = snapshot === undefined ? [] : shardHealth(snapshot);
  if (snapshot === undefined || shards.length === 0) return [];
  const labelsOf = ({ shard, host = '' }: ShardHealth) => ({ shard: String(shard), hostname: host });
  const state: Family = {
    ...{ name: 'aiperf_shard_state', help: 'State of the shard: 1 for the one that applies', kind: 'gauge' },
    samples: shards.flatMap((shard) =>
      states.map((name) => ({
        labels: { ...labelsOf(shard), state: name },
        value: shard.state === name ? 1 : 0,
      })),
    ),
  };
  const verdict: Family = {
    ...{ name: 'aiperf_shard_client_verdict', kind: 'gauge' },
    help: 'Whether the client limits the shard: 1 for the verdict so far',
    samples: shards.flatMap((shard) =>
      shard.fidelity === undefined ? [] : verdictSamples(shard.fidelity, labelsOf(shard)),
    ),
  };
  return [
    ...[state, verdict],
    ...gauges.map(({ name, help, value }): Family => {
      const samples = shards.flatMap((shard) => {
        const known = value(shard);
        return known === undefined
          ? []
          : [{ labels: { ...labelsOf(shard), phase: snapshot.phase }, value: known }];
      });
      return { name: `aiperf_shard_${name}`, help, kind: 'gauge', samples };
    }),
  ].filter(({ samples }) => samples.length > 0);
}
