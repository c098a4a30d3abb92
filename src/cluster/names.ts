/** Bucket of the runs that are going on, by their ids: agents look here for work. A run that is over has no key. */
export const DIRECTORY = 'aiperf_runs';

/** Names in NATS of everything that belongs to a run. */
export interface RunNames {
  /** KV bucket: plans, leases of shards, starts, the state. */
  readonly bucket: string;
  /** Object store: what is larger than a message. */
  readonly data: string;
  /** Stream of records, and the subject of one incarnation of a shard. */
  readonly records: string;
  recordsOf(shard: number, incarnation: number): string;
  readonly allRecords: string;
  /** Stream of events, and the subject of one incarnation of a shard. */
  readonly events: string;
  eventsOf(shard: number, incarnation: number): string;
  /** For an agent that takes no shard; in the stream of events. */
  refusalOf(uid: string): string;
  readonly allEvents: string;
  /** Requests for the coordinator's clock, and for what must not be stored. */
  readonly clock: string;
  readonly secrets: string;
  /** Progress of a shard, once a second. */
  tickOf(shard: number): string;
  readonly allTicks: string;
}

/** @param run id of letters, digits, hyphens and underscores. */
export function namesOf(run: string): RunNames {
  return {
    bucket: run,
    data: `${run}_DATA`,
    records: `${run}_REC`,
    recordsOf: (shard, incarnation) => `${run}.rec.${shard}.${incarnation}`,
    allRecords: `${run}.rec.>`,
    events: `${run}_EVT`,
    eventsOf: (shard, incarnation) => `${run}.evt.${shard}.${incarnation}`,
    refusalOf: (uid) => `${run}.evt.refused.${uid}`,
    allEvents: `${run}.evt.>`,
    clock: `${run}.clock`,
    secrets: `${run}.secrets`,
    tickOf: (shard) => `${run}.tick.${shard}`,
    allTicks: `${run}.tick.*`,
  };
}

/** Keys in the bucket of a run. A round is one measurement: the run, or one point or repeat of a series. */
export const keys = {
  coordinator: 'coordinator',
  shard: (shard: number) => `shard.${shard}`,
  plan: (round: number) => `plan.${round}`,
  ready: (round: number, shard: number, incarnation: number) => `ready.${round}.${shard}.${incarnation}`,
  start: (round: number, phase: number) => `start.${round}.${phase}`,
  /** Present: the run is a series. */
  series: 'series',
  /** Present: the incarnation takes part in a phase that has begun. */
  join: (round: number, shard: number, incarnation: number) => `join.${round}.${shard}.${incarnation}`,
  /** Present: the round is over. */
  ended: (round: number) => `ended.${round}`,
  /** Present: the round is to end early. */
  abort: (round: number) => `abort.${round}`,
};
