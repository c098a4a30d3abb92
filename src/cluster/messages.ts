import * as z from '../config/zod.js';
import { messageOf } from '../util/errors.js';

/*
 * Everything that coordinator and agents write for each other, except the plan of the load and batches of records, which
 * are binary. Both sides validate what they read.
 */

/** What a message or a value of a key must be. */
export interface Message<Value> {
  /** In errors. */
  readonly name: string;
  readonly schema: z.ZodType<Value>;
}
type Content<Of> = Of extends Message<infer Value> ? Value : never;

function message<Value>(name: string, schema: z.ZodType<Value>): Message<Value> {
  return { name, schema };
}

const count = z.int().min(0);
const name = z.string().min(1);
/** A 64-bit number. */
const wide = z.string().regex(/^-?\d{1,20}$/);

/** A run that takes shards; in the directory, by its id. Another version may write more: it is refused by its version. */
export const runEntry = message(
  'an entry of the directory of runs',
  z.object({
    shards: z.int().min(1),
    version: name,
    /** Seconds without a sign of life after which a shard or the coordinator is lost. */
    shardTimeoutSeconds: z.number().gt(0),
  }),
);
export type RunEntry = Content<typeof runEntry>;

/** Who holds a shard, or coordinates. */
export const lease = message(
  'the holder of a key',
  z.strictObject({
    /** Starts at 1; each process that takes over adds 1. */
    incarnation: z.int().min(1),
    uid: name,
    host: name,
    pid: z.int().min(1),
    /** Those of `ProcessIdentity`. */
    system: name.optional(),
    started: name.optional(),
    version: name,
    /** The process has ended, and gives no sign of life any more. */
    left: z.boolean().optional(),
    /** Of a shard: it takes part in a measurement that has begun. */
    rejoins: z.boolean(),
  }),
);
export type LeaseEntry = Content<typeof lease>;

/** The plan of a round; it never changes. */
export const planEntry = message(
  'the plan of a round',
  z.strictObject({
    round: count,
    version: name,
    /** SHA-256 of the load plan without secrets, which is in the object store under that name. */
    hash: z.string().regex(/^[0-9a-f]{64}$/),
    seed: z.int(),
    shards: z.int().min(1),
    /** Zero of all times of the round, on the clocks of the coordinator. */
    origin: z.strictObject({ monotonicNs: wide, epochNs: wide }),
    firstSession: count,
  }),
);
export type PlanEntry = Content<typeof planEntry>;

/** Offset of the coordinator's monotonic clock to the agent's, measured with the fastest of several requests. */
const clockOffset = z.strictObject({
  /** Identifies the coordinator's process: another one has another clock. */
  clock: name,
  offsetNs: z.number(),
  /** At most: half of the round-trip time. */
  errorNs: z.number().min(0),
  /** The coordinator's time less the agent's wall clock. */
  wallNs: z.number(),
});
export type ClockOffset = z.infer<typeof clockOffset>;

/** A shard is ready to send. */
export const readyEntry = message(
  'a shard that is ready',
  z.strictObject({
    incarnation: z.int().min(1),
    hash: name,
    host: name,
    threads: z.int().min(1),
    clock: clockOffset,
    /** The client limit of its machine; absent if it was not measured. */
    roof: z.strictObject({ requestsPerSecond: z.number(), eventsPerSecond: z.number() }).optional(),
  }),
);
export type ReadyEntry = Content<typeof readyEntry>;

/** When a phase begins, ns since the origin of the round. */
export const startEntry = message(
  'the start of a phase',
  z.strictObject({
    startNs: z.number(),
    firstSession: count,
    /** By shard: the incarnation that takes part; 0: none. */
    incarnations: z.array(count),
  }),
);
export type StartEntry = Content<typeof startEntry>;

/** Where an incarnation of a shard takes part in a phase that another one has begun: a `JoinPoint`. */
export const joinEntry = message(
  'the place where a shard joins',
  z.strictObject({
    phase: count,
    /** Since the origin of the round. */
    atNs: z.number(),
    sessions: count,
    requests: count,
    counted: count,
  }),
);
export type JoinEntry = Content<typeof joinEntry>;

/** All shards are to stop. */
export const abortEntry = message(
  'the abort of a round',
  z.strictObject({
    /** For the records of requests in flight. */
    why: name,
  }),
);
export type AbortEntry = Content<typeof abortEntry>;

/** A round that is over: its results are in files, or it was given up. */
export const endedEntry = message(
  'the end of a round',
  z.strictObject({
    /** Why it left no complete results; absent: it did. */
    failure: z.string().optional(),
    /** Whether its results are to be relied on. */
    isSound: z.boolean(),
    /** Folder and host of its files; absent: it has none. */
    place: z.string().optional(),
    /** Small files of its results, in the object store under their SHA-256; none of a run that is no series. */
    files: z.array(z.strictObject({ name, hash: name })),
    /** Processes whose last records are not in the files: they keep theirs. Absent: it was left out. */
    unsealed: z.array(z.strictObject({ shard: count, incarnation: z.int().min(1) })).optional(),
  }),
);
export type EndedEntry = Content<typeof endedEntry>;

/** The series that the rounds belong to: SHA-256 of what its first coordinator has stored of it. */
export const seriesEntry = message('the key of a series', z.strictObject({ hash: name }));

/** The answer to a request for the clock: the coordinator's monotonic clock. */
export const clockReply = message(
  'the reply to a clock request',
  z.strictObject({ clock: name, monotonicNs: z.number() }),
);

/** Progress of a shard in a phase: those of `PhaseProgress`. */
const progress = z.strictObject({
  sessions: count,
  endedSessions: count,
  issued: count,
  returned: count,
  failed: count,
  cancelled: count,
  stopped: z.boolean(),
  activity: z.number(),
  movedNs: z.number(),
  postponed: z.strictObject({ turns: count, mostNs: z.number() }),
});

const stall = z.strictObject({
  startNs: z.number(),
  endNs: z.number(),
  cause: z.enum(['no core', 'garbage collection', 'own work', 'blocked']),
});
const spread = z.strictObject({ p50: z.number(), p99: z.number(), max: z.number() });
/** What the verdict needs to know of a load thread: as in `JudgedThread`. */
const judgedThread = z.strictObject({
  thread: count,
  startNs: z.number(),
  endNs: z.number(),
  busyShare: z.number(),
  waitShare: z.number().optional(),
  stalls: z.array(stall),
  lateNs: z.number(),
});
const threadReport = z.strictObject({
  ...judgedThread.shape,
  loopDelayNs: spread,
  readLagNs: spread,
  gc: z.strictObject({ count, totalNs: z.number(), maxNs: z.number() }),
  cpuShare: z.number().optional(),
});

/** CPU time that was withheld from an agent since its phase began, as in `WithheldCpu`. */
const withheld = z.strictObject({
  throttled: z
    .strictObject({
      cpus: z.number().optional(),
      ...{ periods: count, throttledPeriods: count, throttledNs: z.number() },
    })
    .optional(),
  stolenNs: z.number().optional(),
});

/** State of a shard, once a second; not kept. */
export const tick = message(
  'a tick',
  z.strictObject({
    shard: count,
    round: count,
    incarnation: z.int().min(1),
    phases: z.array(progress),
    /** Bytes of records on the agent's disk that NATS has not acknowledged. */
    unsentBytes: count,
    /** Why NATS stores no records although it can be reached; absent: it does. */
    storageTrouble: z.string().optional(),
    /** What the agent has observed of its own machine; absent before the first phase. */
    client: z
      .strictObject({
        phase: count,
        threads: z.array(judgedThread),
        withheld,
        /** Sent − due of the requests that have ended in the phase, as a `SketchState`: those of shards can be added. */
        sendDelays: z.strictObject({ max: z.number(), buckets: z.array(z.number().min(0)) }),
      })
      .optional(),
  }),
);
export type Tick = Content<typeof tick>;

/** What a shard reports once; kept in the stream of events. */
export const event = message(
  'an event of a shard',
  z.union([
    z.strictObject({
      kind: z.enum(['phase-done']),
      round: count,
      phase: count,
      progress,
      /** Number of the first session of the next phase, as far as this shard knows. */
      nextSession: count,
      reports: z.array(threadReport),
      withheld,
    }),
    z.strictObject({ kind: z.enum(['clock']), round: count, clock: clockOffset }),
    z.strictObject({
      kind: z.enum(['log']),
      round: count,
      level: z.enum(['WARNING', 'ERROR']),
      message: z.string(),
    }),
    /** The shard can send no more in this round, or could not begin. */
    z.strictObject({ kind: z.enum(['failed']), round: count, message: z.string() }),
  ]),
);
export type ShardEvent = Content<typeof event>;

/** Why an agent takes no shard of a run; in the same stream. */
export const refusal = message(
  'the refusal of an agent',
  z.strictObject({ host: name, message: z.string() }),
);
export type Refusal = Content<typeof refusal>;

/** The last message of a shard in a round. */
export const seal = message(
  'the seal of a shard',
  z.strictObject({
    phases: z.array(progress),
    /** Phases that it has reported as done, from the first. */
    donePhases: count,
    /** Records in all batches of the round. */
    records: count,
    /** The most bytes that waited on the agent's disk. */
    peakUnsentBytes: count,
    /** Why the shard sent less than its part, completing "shard 2 …"; absent: it did not, or all were to end early. */
    cut: z.string().optional(),
  }),
);
export type Seal = Content<typeof seal>;

/** Stands before the bytes of a message with records. */
export const batchHead = message(
  'the head of a message with records',
  z.strictObject({
    round: count,
    /** 1 for the first message of this incarnation in the round. */
    seq: z.int().min(1),
    /** `part`: more bytes of the batch follow in the next message. */
    kind: z.enum(['batch', 'part', 'seal']),
    records: count,
    /** By phase: what the shard has started and sent, by this incarnation. */
    sent: z.array(z.strictObject({ sessions: count, requests: count })),
    /** SHA-256 over the digest before and the bytes of this message. */
    digest: z.string().regex(/^[0-9a-f]{64}$/),
  }),
);
export type BatchHead = Content<typeof batchHead>;

/** A message that does not have the agreed form. */
export class BadMessage extends Error {}

/** Reads JSON of a message. @throws BadMessage */
export function readMessage<Value>({ name, schema }: Message<Value>, text: string): Value {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (thrown) {
    throw new BadMessage(`${name} is not JSON: ${messageOf(thrown)}`);
  }
  const { success, data, error } = schema.safeParse(json);
  if (success) return data;
  const [issue] = error.issues;
  throw new BadMessage(`${name} is invalid at ${issue?.path.join('.') || 'its top'}: ${issue?.message}`);
}
