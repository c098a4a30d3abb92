import { createHash } from 'node:crypto';
import { anyObject, array, float, object, plainNumber, string, type ValueOf } from '../util/codec.js';
import { isObject, type Json, type JsonObject } from '../util/json.js';
import { instant } from './instant.js';

const requestsByPhase = object({ warmup: plainNumber, profiling: plainNumber });

/** What a plan has due over time, in slices that begin with the measurement. */
const plannedSlicesCodec = object({
  /** Length of a slice; absent where neither the plan nor an option tells it. */
  sliceSeconds: float,
  /** How long requests are sent; absent: without a limit in time. */
  durationSeconds: float,
  /** Requests due in each slice, by shard; absent where the plan does not tell when they are due. */
  due: array(array(plainNumber)),
  /** Of a closed loop: sessions in flight, how long their number is ramped up, and how many shards share them. */
  concurrency: plainNumber,
  rampSeconds: float,
  playingShards: plainNumber,
});

/** What a plan has due over time. */
export type PlannedSlices = ValueOf<typeof plannedSlicesCodec>;

const loadMembers = {
  /** Absent where the plan does not tell. */
  planned: plainNumber,
  achieved: plainNumber,
};

const shardLoad = object({ shard: plainNumber, ...loadMembers });

/** The load of a run as planned and as it came to the servers, slice by slice. */
const offeredCodec = object({
  /** `requests`: how many are due, and how many that have a record were sent; `in flight`: mean numbers of them. */
  unit: string,
  /** What all times count from. */
  startedAtNs: instant,
  ...loadMembers,
  /** Shards that are not complete, and when the last of their requests that have a record was sent. */
  shards: array(object({ shard: plainNumber, ...loadMembers, lastSentSeconds: float })),
  slices: array(object({ startSeconds: float, endSeconds: float, ...loadMembers, shards: array(shardLoad) })),
});

/** The load of a run as planned and as achieved. */
export type OfferedLoad = ValueOf<typeof offeredCodec>;

/** What all shards of a run must agree on. */
export const planCodec = object({
  version: string,
  seed: plainNumber,
  shards: plainNumber,
  /** Every option that bears on what is sent or how it is counted, as text by its first spelling; files without their folders. */
  options: anyObject,
  /** Content of the files that they name. */
  files: array(object({ option: string, name: string, bytes: plainNumber, sha256: string })),
  /** Conversations of the dataset, and a SHA-256 of some of them as they are sent; absent for a streamed file. */
  conversations: plainNumber,
  dataset: string,
  /** Requests that each shard has to send, by phase; absent where that depends on the server. */
  dueWarmup: array(plainNumber),
  dueProfiling: array(plainNumber),
  /** The same over time. */
  slices: plannedSlicesCodec,
});

/** The plan of a run that several machines play. */
export type RunPlan = ValueOf<typeof planCodec>;

const clockCodec = object({
  /** Its protocol, host and port. */
  server: string,
  /** The server's clock less the shard's own, and the greatest error of that, ms. */
  offsetMs: float,
  errorMs: float,
});

/** How far a server's clock was from that of a shard; all of the members of the codec. */
export interface ShardClock {
  readonly server: string;
  readonly offsetMs: number;
  readonly errorMs: number;
}

/** Undefined: the clock was not compared. */
export function measuredClock(clock: ValueOf<typeof clockCodec> = {}): ShardClock | undefined {
  const { server, offsetMs, errorMs } = clock;
  if (server === undefined || offsetMs === undefined || errorMs === undefined) return undefined;
  return { server, offsetMs, errorMs };
}

/** How the clocks of a shard changed from the start of its run to the end. */
export const driftCodec = object({
  /** Change of the offset of its wall clock, ms: less than 0 where that was set forward. Times of records do not follow it. */
  wallMs: float,
  /** Change of the offset of a server's clock from the times of records, and the greatest error of that; absent: not measured. */
  serverMs: float,
  serverErrorMs: float,
});

const joinCodec = object({
  phase: string,
  /** Of the processes before it, requests count that were due before, … */
  atNs: instant,
  /** … and have a `session_num` below this. */
  numbersBelow: plainNumber,
});

/** Which shard a run is. */
export const shardCodec = object({
  index: plainNumber,
  count: plainNumber,
  host: string,
  planDigest: string,
  /** `--start-at`. */
  startAtNs: instant,
  /** Absent where the server sent no time. */
  clock: clockCodec,
  /** Number of the process among those that have held the shard, from 1; absent without NATS. */
  incarnation: plainNumber,
  /** Where it has joined a measurement that another process had begun. */
  join: joinCodec,
});

/** A process that has sent a part of a shard. */
const incarnationCodec = object({
  /** From 1; each process that takes a shard over adds 1. */
  incarnation: plainNumber,
  host: string,
  records: requestsByPhase,
  /** Records that do not count, since the process that joined later sent these requests: it was cut off, and went on. */
  leftOut: requestsByPhase,
  /** What is due before was not sent by it; absent for one that began at the start. */
  joinedAtNs: instant,
  /** Phase that it has joined. */
  joinedPhase: string,
  /** When it gave its last sign of life, if it was lost. */
  lostAtNs: instant,
  clockOffsetMs: float,
  clockErrorMs: float,
});

/** How the results of several shards were put together. */
export const shardsCodec = object({
  /** `exact`, or `degraded`. */
  merge: string,
  /** Sentences: why it is degraded. */
  reasons: array(string),
  planDigest: string,
  count: plainNumber,
  /** From the first start of a shard to the last, ms; absent where all start at one time that they agree on. */
  startSkewMs: float,
  shards: array(
    object({
      shard: plainNumber,
      host: string,
      /** `complete`, `fell behind`, `cut short`, `missing`, or `rejoined`: another process has joined in place of one that was lost. */
      state: string,
      records: requestsByPhase,
      /** Requests that it had to send; absent where that depends on the server. */
      due: requestsByPhase,
      /** Those of them without a record. */
      missing: requestsByPhase,
      startedAtNs: instant,
      /** Its start after that of the first shard, by the clocks of both, ms. */
      startSkewMs: float,
      /** The clock that the others are held against less its own, and the greatest error of that, ms. */
      clockOffsetMs: float,
      clockErrorMs: float,
      /** The greatest change of that offset during the run, ms: drift, or a step of its wall clock, which times do not follow. */
      clockDriftMs: float,
      /** When it gave its last sign of life, if it was lost. */
      lostAtNs: instant,
      /** The processes that have sent its part, if one has joined in the middle of a phase. */
      incarnations: array(incarnationCodec),
      /** The most bytes of records that waited on its disk to be sent. */
      peakSpoolBytes: plainNumber,
      /** On its client; absent: it was not judged. */
      verdict: string,
      /** Its last sign of life, if that is all it was judged by. */
      judgedUntilNs: instant,
    }),
  ),
  /** The load as planned and as achieved, over time; absent where all shards are complete. */
  offered: offeredCodec,
});

/** How a run was put together. */
export type ShardsSection = ValueOf<typeof shardsCodec>;

/** State of a shard that sent less than was due in the time of the run; all that it sent has a record. */
export const fellBehind = 'fell behind';

/** Whether results hold all that was sent, though shards may have fallen behind: as those of one machine that did. */
export function isWhole({ merge, shards = [], reasons = [] }: ShardsSection): boolean {
  if (merge !== 'degraded') return true;
  const behind = shards.filter(({ state }) => state === fellBehind).length;
  const complete = shards.filter(({ state }) => state === 'complete').length;
  return behind + complete === shards.length && behind === reasons.length;
}

/** SHA-256 of a plan, the same for equal plans in any order of members. */
export function planDigest(plan: RunPlan): string {
  const written = JSON.parse(JSON.stringify(planCodec.write(plan)));
  return createHash('sha256')
    .update(JSON.stringify(ordered(written)))
    .digest('hex');
}

function ordered(json: Json): Json {
  if (Array.isArray(json)) return json.map(ordered);
  if (!isObject(json)) return json;
  const entries = Object.entries(json).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, value]) => [key, ordered(value)])) satisfies JsonObject;
}
