import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import { type JetStreamClient, jetstream } from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { packageFolder } from './machine.js';
import { type NatsServer, startAgent } from './nats.js';

// Agents without a load: they play what a real agent has sent, as fast as NATS takes it.

/** Records of a message, compressed, in the parts it is sent in. */
interface RecordedBatch {
  readonly records: number;
  readonly bodies: readonly Buffer[];
}

/** What an agent has sent in a run of one shard. */
export interface Recording {
  readonly batches: readonly RecordedBatch[];
  /** Of the last event of the load. */
  readonly done: { readonly progress: object } & object;
  readonly ready: object;
  readonly seal: object;
  readonly records: number;
}

/** An item of a batch: records of a load thread, packed, or an observation. */
interface ThreadItem {
  readonly thread: number;
  readonly item:
    | { readonly workerId: string; readonly numbers: Float64Array }
    | { readonly atNs: number; readonly samples: readonly unknown[] };
}

// Of the program under test: benches are built apart from it.
const built = (path: string) => import(join(packageFolder, 'dist', path));
const { RecordPacker, unpackRecords } = await built('records/pack.js');
const { shiftTimes } = await built('collect/batch-source.js');
const { bytesOfItems, itemsOfBytes } = await built('cluster/batch-message.js');
const { keys, namesOf } = await built('cluster/names.js');
const { thisProcess } = await built('util/process-identity.js');

interface Head {
  readonly kind: 'batch' | 'part' | 'seal';
  readonly records: number;
}

const PART_BYTES = 256 << 10;
/** Bytes of a message before its head: the length of the head. */
const LENGTH_BYTES = 4;

/**
 * Records what a real agent sends.
 * @param folder of the agent. @param coordinate runs a coordinator of run `runId` with one shard.
 */
export async function recordAgent(
  nats: NatsServer,
  runId: string,
  folder: string,
  coordinate: () => Promise<unknown>,
): Promise<Recording> {
  const core = await connect({ servers: nats.url });
  const messages: { readonly head: Head; readonly body: Buffer }[] = [];
  let done: Recording['done'] | undefined;
  core.subscribe(namesOf(runId).allRecords, {
    callback: (_, { data }) => {
      const bytes = Buffer.from(data);
      const end = LENGTH_BYTES + bytes.readUInt32LE();
      messages.push({
        head: JSON.parse(bytes.toString('utf8', LENGTH_BYTES, end)),
        body: bytes.subarray(end),
      });
    },
  });
  core.subscribe(namesOf(runId).allEvents, {
    callback: (_, message) => {
      const event = message.json<{ kind: string; progress: object }>();
      if (event.kind === 'phase-done') done = event;
    },
  });
  const agent = startAgent(nats, runId, folder, { isWatched: false });
  const coordinated = coordinate();
  const ready = await entryOf<object>(await bucketOf(core, runId), keys.ready(0, 0, 1));
  await coordinated;
  await agent;
  await core.close();
  const seal = messages.pop();
  if (done === undefined || seal?.head.kind !== 'seal')
    throw new Error('an agent has not sent its part to the end');
  const batches: RecordedBatch[] = [];
  const bodies: Buffer[] = [];
  for (const { head, body } of messages) {
    bodies.push(body);
    if (head.kind === 'batch') batches.push({ records: head.records, bodies: bodies.splice(0) });
  }
  const records = batches.reduce((sum, batch) => sum + batch.records, 0);
  return { batches, done, ready, seal: JSON.parse(String(seal.body)), records };
}

/** A recording that lasts several times as long: its records over and over, each time later than the last. */
export function repeated(recording: Recording, times: number): Recording {
  const items: readonly ThreadItem[][] = recording.batches.map(({ bodies }) =>
    itemsOfBytes(inflateRawSync(Buffer.concat(bodies))),
  );
  let firstNs = Number.POSITIVE_INFINITY;
  let lastNs = 0;
  for (const { item } of items.flat()) {
    if (!('numbers' in item)) continue;
    for (const { startNs, endNs } of unpackRecords(item)) {
      firstNs = Math.min(firstNs, startNs);
      lastNs = Math.max(lastNs, endNs);
    }
  }
  const batches: RecordedBatch[] = [];
  for (let time = 0; time < times; time++) {
    const laterNs = time * (lastNs - firstNs + 10e6);
    for (const [place, { records }] of recording.batches.entries()) {
      const later = (items[place] ?? []).map(({ thread, item }) => ({
        thread,
        item: shifted(item, laterNs),
      }));
      const bytes = deflateRawSync(bytesOfItems(later), { level: constants.Z_BEST_SPEED });
      const bodies: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += PART_BYTES) bodies.push(bytes.subarray(at, at + PART_BYTES));
      batches.push({ records, bodies });
    }
  }
  return { ...recording, batches, records: times * recording.records };
}

function shifted(item: ThreadItem['item'], laterNs: number): ThreadItem['item'] {
  if (!('numbers' in item)) return { ...item, atNs: item.atNs + laterNs };
  const packer = new RecordPacker(item.workerId);
  for (const record of unpackRecords(item)) packer.add(shiftTimes(record, laterNs));
  return packer.take();
}

/** Shards that are played. */
export interface PlayedShards {
  /** Resolves when the load has begun: all shards have joined. */
  readonly begun: Promise<void>;
  /** Resolves when NATS has all of their records. */
  readonly handedOver: Promise<void>;
  /** Lets the shards give no sign of life any more. */
  end(): Promise<void>;
}

/** Plays every shard of a run: each sends the recording. */
export function playShards(
  nats: NatsServer,
  runId: string,
  shards: number,
  recording: Recording,
): PlayedShards {
  let begin = () => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  let end = async () => {};
  return { begun, handedOver: play(), end: () => end() };

  async function play(): Promise<void> {
    const core = await connect({ servers: nats.url });
    const kv = await bucketOf(core, runId);
    const { hash, version } = await entryOf<{ hash: string; version: string }>(kv, keys.plan(0));
    const renew = async () => {
      for (let shard = 0; shard < shards; shard++) {
        const uid = `played-${shard}`;
        const holder = { incarnation: 1, uid, ...thisProcess(), version, rejoins: false };
        await kv.put(keys.shard(shard), JSON.stringify(holder));
      }
    };
    await renew();
    // A run that is over has no bucket any more.
    const timer = setInterval(() => void renew().catch(() => {}), 1000);
    end = async () => {
      clearInterval(timer);
      await core.close();
    };
    for (let shard = 0; shard < shards; shard++)
      await kv.create(keys.ready(0, shard, 1), JSON.stringify({ ...recording.ready, threads: 1, hash }));
    await entryOf(kv, keys.start(0, 0));
    begin();
    const js = jetstream(core);
    await Promise.all(Array.from({ length: shards }, (_, shard) => playShard(js, runId, shard, recording)));
  }
}

async function playShard(
  js: JetStreamClient,
  runId: string,
  shard: number,
  { batches, done, seal, records }: Recording,
): Promise<void> {
  let seq = 0;
  let digest = '0'.repeat(64);
  const publish = async (kind: Head['kind'], count: number, body: Buffer) => {
    seq++;
    digest = createHash('sha256').update(digest, 'hex').update(body).digest('hex');
    const head = Buffer.from(JSON.stringify({ round: 0, seq, kind, records: count, digest, sent: [] }));
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt32LE(head.length);
    await js.publish(namesOf(runId).recordsOf(shard, 1), Buffer.concat([length, head, body]), {
      msgID: `${shard}/1/${seq}`,
      timeout: 60_000,
    });
  };
  const counts = { sessions: records, endedSessions: records, issued: records, returned: records };
  const progress = { ...done.progress, ...counts };
  for (const batch of batches) {
    for (const [part, body] of batch.bodies.entries()) {
      const isLast = part === batch.bodies.length - 1;
      await publish(isLast ? 'batch' : 'part', isLast ? batch.records : 0, body);
    }
  }
  await js.publish(namesOf(runId).eventsOf(shard, 1), JSON.stringify({ ...done, nextSession: 0, progress }));
  await publish('seal', 0, Buffer.from(JSON.stringify({ ...seal, phases: [progress], records })));
}

async function bucketOf(core: NatsConnection, runId: string): Promise<KV> {
  for (;;) {
    try {
      const kv = await new Kvm(core).open(runId);
      await kv.status();
      return kv;
    } catch {
      await wait(50);
    }
  }
}

/** Waits for a key. */
async function entryOf<Value>(kv: KV, key: string): Promise<Value> {
  for (;;) {
    const found = await kv.get(key);
    if (found !== null) return found.json<Value>();
    await wait(20);
  }
}
