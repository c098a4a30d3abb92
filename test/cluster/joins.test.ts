import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { deflateRawSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { bytesOfItems, FIRST_DIGEST, messageOfBatch, nextDigest } from '../../src/cluster/batch-message.js';
import { RemoteLoad, type RemoteLoadOptions } from '../../src/cluster/coordinator/remote-load.js';
import { Shard } from '../../src/cluster/coordinator/shard.js';
import { ShardFeeds } from '../../src/cluster/coordinator/shard-feeds.js';
import { ShardReceiver } from '../../src/cluster/coordinator/shard-receiver.js';
import type { BatchHead, LeaseEntry } from '../../src/cluster/messages.js';
import { isBeforeJoin } from '../../src/load/join.js';
import { sumOf } from '../../src/load/source.js';
import { PREWARMED, RecordPacker, unpackRecords } from '../../src/records/pack.js';
import { blankRecord } from '../../src/records/record.js';
import { SpoolGate } from '../../src/records/spool-gate.js';
import { plannedLoad } from '../load/playing.js';

const clockOf = { clock: 'c', offsetNs: 0, errorNs: 0, wallNs: 0 };
const ready = (incarnation: number) => ({
  incarnation,
  hash: 'h',
  host: `host-${incarnation}`,
  threads: 1,
  clock: clockOf,
});
const held = (incarnation: number, rejoins: boolean): LeaseEntry => ({
  ...{ incarnation, rejoins, uid: `u${incarnation}`, host: 'h', pid: 1, version: '1' },
});

const opened: RemoteLoad[] = [];
afterEach(() => Promise.all(opened.splice(0).map((load) => load.terminate())));

/** Two shards that play a phase from 3 s on, and time that the test moves. @param there those that are ready before. */
async function playing(line: string, there = [0, 1]) {
  const load = await plannedLoad(line);
  let nowMs = 0;
  const written = new Map<string, unknown>();
  const kv = {
    get: async () => null,
    create: async (key: string, text: string) => void written.set(key, JSON.parse(text)),
  };
  const nats = {
    isConnected: true,
    connectedAtMs: 0,
    get heardAtMs() {
      return nowMs;
    },
  };
  const shards = [new Shard(0), new Shard(1)] as const;
  for (const shard of shards) {
    if (!there.includes(shard.number)) {
      shard.absence = { why: 'was not there', atNs: 0 };
      continue;
    }
    shard.noteHolder(held(1, false), 0);
    shard.noteReady(ready(1), 0);
  }
  const options = {
    ...{ load, kv, nats, round: 0, nowMs: () => nowMs, log: () => {}, spool: undefined },
    clock: { origin: { monotonicNs: 0n, epochNs: 0n }, nowNs: () => nowMs * 1e6 },
    ...{ onSpoolFailure: () => {}, shardTimeoutSeconds: 30, abortsOnLoss: false },
    ...{ starts: new Map(), joins: new Map(), superseded: new AbortController().signal },
  };
  const remote = new RemoteLoad(shards, options as unknown as RemoteLoadOptions);
  opened.push(remote);
  let isDone = false;
  void remote.runPhase(0, 3e9, 0).then(() => {
    isDone = true;
  });
  const tick = (shard: Shard, incarnation: number, sessions: number, issued: number) =>
    shard.noteTick(
      {
        ...{ shard: shard.number, round: 0, incarnation, unsentBytes: 0 },
        phases: [{ ...sumOf([]), sessions, issued, returned: issued }],
      },
      nowMs,
    );
  const done = (shard: Shard) =>
    shard.current?.noteDone({
      ...{ kind: 'phase-done', round: 0, phase: 0, progress: sumOf([]), nextSession: 0, reports: [] },
      withheld: {},
    });
  return {
    ...{ shards, written, tick, done },
    at: (ms: number) => {
      nowMs = ms;
    },
    isDone: () => isDone,
    /** Long enough for the load to look at its shards. */
    look: () => new Promise((resolve) => setTimeout(resolve, 250)),
  };
}

describe('an agent that has taken a shard to join a phase', () => {
  it('joins a second after it is ready, at the arrivals from then on', async () => {
    const run = await playing('--isl 3 --request-rate 10 --arrival-pattern constant --request-count 400');
    const [other, shard] = run.shards;
    await run.look();
    expect(run.written.get('start.0.0')).toEqual({ startNs: 3e9, firstSession: 0, incarnations: [1, 1] });
    run.at(4000);
    run.tick(shard, 1, 5, 5);
    run.at(35_000);
    run.tick(other, 1, 160, 160);
    shard.noteHolder(held(2, true), 35_000);
    shard.noteReady(ready(2), 35_000);
    await run.look();
    // Arrivals of shard 1 are at 0.2, 0.4 … s after the start: 164 are before 33 s.
    const before = { sessions: 164, requests: 164, counted: 164 };
    expect(run.written.get('join.0.1.2')).toEqual({ phase: 0, atNs: 36e9, ...before });
    expect(shard.parts.map(({ number, loss }) => [number, loss?.atNs])).toEqual([
      [1, 4e9],
      [2, undefined],
    ]);
    run.done(other);
    await run.look();
    expect(run.isDone()).toBe(false);
    run.done(shard);
    await run.look();
    expect(run.isDone()).toBe(true);
  });

  it('is waited for as long as it gives signs of life', async () => {
    const run = await playing('--isl 3 --concurrency 4 --request-count 100');
    const [other, shard] = run.shards;
    await run.look();
    run.at(4000);
    run.tick(shard, 1, 22, 22);
    run.at(35_000);
    run.tick(other, 1, 50, 50);
    run.done(other);
    shard.noteHolder(held(2, true), 35_000);
    await run.look();
    expect([run.isDone(), shard.loss]).toEqual([false, undefined]);
    run.at(66_000);
    await run.look();
    expect([run.isDone(), shard.loss?.atNs]).toEqual([true, 4e9]);
  });

  it.each([
    // All 20 arrivals of the shard were due within 4 s.
    ['--request-rate 10 --arrival-pattern constant --request-count 40', held(2, true)],
    ['--concurrency 4 --benchmark-duration 30', held(2, true)],
    // One that waits for the next measurement.
    ['--concurrency 4 --request-count 100', held(2, false)],
  ])('is not waited for if it has nothing to send: %s %j', async (line, holder) => {
    const run = await playing(`--isl 3 ${line}`);
    const [other, shard] = run.shards;
    await run.look();
    run.at(35_000);
    run.tick(other, 1, 20, 20);
    run.done(other);
    shard.noteHolder(holder, 35_000);
    await run.look();
    expect([run.isDone(), shard.loss?.atNs]).toEqual([true, 0]);
  });

  it('joins in place of one that has ended early by itself, and of one that was never there', async () => {
    const run = await playing('--isl 3 --concurrency 4 --request-count 100', [0]);
    const [left, absent] = run.shards;
    run.at(4000);
    run.tick(left, 1, 22, 22);
    const seal = { phases: [], donePhases: 0, records: 0, peakUnsentBytes: 0, cut: 'was ended' };
    if (left.current?.receiver !== undefined) left.current.receiver.seal = seal;
    for (const [shard, incarnation] of [
      [left, 2],
      [absent, 1],
    ] as const) {
      shard.noteHolder(held(incarnation, true), 4000);
      shard.noteReady(ready(incarnation), 4000);
    }
    await run.look();
    expect(run.written.get('join.0.0.2')).toMatchObject({ sessions: 22, requests: 22, counted: 22 });
    expect(left.parts.map(({ loss }) => loss)).toEqual([undefined, undefined]);
    expect(run.written.get('start.0.0')).toMatchObject({ incarnations: [1, 0] });
    expect(run.written.get('join.0.1.1')).toMatchObject({ sessions: 0, requests: 0, counted: 0 });
  });
});

it('takes in only what was due before the join, and counts what it leaves out', () => {
  const { port1, port2 } = new MessageChannel();
  const feeds = new ShardFeeds({
    ports: [port2],
    spool: undefined,
    firstThread: 0,
    gate: new SpoolGate(1),
    onSpoolFailure: () => {},
  });
  const receiver = new ShardReceiver({ round: 0, threads: 1, feeds });
  let digest = FIRST_DIGEST;
  const send = (seq: number, records: readonly (readonly [number, number])[]) => {
    const packer = new RecordPacker('worker_0');
    for (const [sessionNum, dueNs] of records)
      packer.add({ ...blankRecord(), phase: 'profiling', sessionNum, dueNs });
    const body = deflateRawSync(bytesOfItems([{ thread: 0, item: packer.take() }]));
    digest = nextDigest(digest, body);
    const head: BatchHead = { round: 0, seq, kind: 'batch', records: records.length, sent: [], digest };
    receiver.take(messageOfBatch(head, body));
  };
  send(1, [[1, 100]]);
  receiver.keepOnly((record) => isBeforeJoin(record, { atNs: 500, counted: 3 }, 2));
  // Request 5 is the third one of shard 1 of 2; request 7 is behind those that count, and 3 is due too late.
  send(2, [
    [5, 499],
    [7, 499],
    [3, 500],
  ]);
  expect([receiver.fault, receiver.received.profiling, receiver.leftOut.profiling]).toEqual([
    undefined,
    2,
    2,
  ]);
  void feeds.close();
  const posted: unknown[] = [];
  for (let next = receiveMessageOnPort(port1); next !== undefined; next = receiveMessageOnPort(port1))
    posted.push(next.message);
  expect(posted[0]).toBe(PREWARMED);
  const kept = posted.slice(1) as Parameters<typeof unpackRecords>[0][];
  expect(kept.flatMap((batch) => [...unpackRecords(batch)].map(({ sessionNum }) => sessionNum))).toEqual([
    1, 5,
  ]);
});
