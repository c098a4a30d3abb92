import { randomBytes } from 'node:crypto';
import type { KV } from '@nats-io/kv';
import type { Roof } from '../fidelity/roof.js';
import type { WithheldCpu } from '../run/withheld-cpu.js';
import type { ClockOrigin } from '../util/clock.js';
import { messageOf, UserError } from '../util/errors.js';
import type { Log } from '../util/log.js';
import { sleep } from '../util/timeout.js';
import { version } from '../util/version.js';
import { type AgentRound, discardRound, playRound } from './agent-round.js';
import { type Nats, type NatsOptions, openBucket, openNats } from './connection.js';
import { readRunEntry } from './coordinator.js';
import { followKeys } from './follow.js';
import { type Holder, holderOf, type Lease, takeLease } from './lease.js';
import type { RunEntry } from './messages.js';
import { DIRECTORY, keys, namesOf } from './names.js';
import { notPossible } from './refusals.js';
import type { AgentNeeds } from './round-plan.js';

const CHECK_EVERY_MS = 250;

export interface AgentOptions {
  readonly nats: NatsOptions;
  /** Takes shards of this run only; undefined: of any. */
  readonly run: string | undefined;
  /** Takes this shard only; undefined: any that is free. */
  readonly shard: number | undefined;
  /** Ends after one run. */
  readonly once: boolean;
  /** Folder for records until they are in the coordinator's files. */
  readonly folder: string;
}

/** Which records a folder has. */
export interface ShardPlace {
  readonly shard: number;
  /** Zero of the times in its spool. */
  readonly origin: ClockOrigin;
}

/** An agent that looks for a free shard. */
interface SeekingAgent extends AgentOptions {
  readonly uid: string;
  /** Runs without a free shard, as far as that was logged. */
  readonly fullRuns: Set<string>;
}

/** What an agent needs of its process. */
export interface AgentSurroundings {
  readonly nowMs: () => number;
  readonly log: Log;
  /** Load threads and connections of this machine. @throws UserError if it cannot carry its part. */
  readonly room: (needs: AgentNeeds) => { readonly threads: number; readonly connectionsPerThread: number };
  /** Makes the folder of a shard's records, from which a report can be made without NATS. @returns its spool. */
  readonly makeFolder: (folder: string, place: ShardPlace, kept: unknown) => string;
  /** Starts to watch the CPU time that is withheld from this process. @returns what was withheld since. */
  readonly watchWithheldCpu: () => () => WithheldCpu;
  /** Reads the client limit of this machine; undefined: it was not measured. */
  readonly readRoof: () => Roof | undefined;
  /** Removes what `makeFolder` made, with the records. */
  readonly removeFolder: (folder: string) => void;
  /** Aborted when the user ends the agent. */
  readonly ending: AbortSignal;
}

/** A run that the agent takes part in, with what its keys say. */
export interface JoinedRun {
  readonly nats: Nats;
  readonly kv: KV;
  readonly run: string;
  readonly entry: RunEntry;
  readonly shard: number;
  readonly lease: Lease;
  /** Values of the keys of the run. */
  readonly values: ReadonlyMap<string, string>;
  /** Aborted when the run is over, or the shard was taken over. */
  readonly over: AbortSignal;
  /** Takes no more part in the run: NATS has lost it. */
  leave(): void;
}

/**
 * Waits for runs and sends a shard of each, until the user ends it or, with `once`, one run is over.
 * @throws UserError if NATS cannot be used, or a run cannot be taken part in.
 */
export async function runAgent(options: AgentOptions, surroundings: AgentSurroundings): Promise<void> {
  const { log, nowMs, ending } = surroundings;
  const notify = (what: string) => log('WARNING', 'agent', what);
  const nats = await openNats(options.nats, 'aiperf agent', nowMs, notify, ending);
  const directory = new Map<string, RunEntry>();
  const stop = new AbortController();
  const uid = randomBytes(8).toString('hex');
  const isOver = new Map<string, AbortController>();
  const fullRuns = new Set<string>();
  try {
    await openBucket(nats, DIRECTORY).catch((thrown: unknown) => {
      throw notPossible(thrown);
    });
    void followKeys(
      nats,
      DIRECTORY,
      (run, text) => {
        if (text === undefined) {
          directory.delete(run);
          isOver.get(run)?.abort();
        } else directory.set(run, readRunEntry(text));
      },
      { onTrouble: (thrown) => log('DEBUG', 'agent', messageOf(thrown)), signal: stop.signal },
    );
    log('NOTICE', 'agent', `waiting for a run${options.run === undefined ? '' : ` ${options.run}`}`);
    while (!ending.aborted) {
      for (const [run, entry] of directory) {
        if (options.run !== undefined && run !== options.run) continue;
        const over = new AbortController();
        isOver.set(run, over);
        const wasThere = await takePart(
          nats,
          run,
          entry,
          { ...options, uid, fullRuns },
          over,
          surroundings,
        ).catch((thrown: unknown) => {
          if (thrown instanceof UserError) throw thrown;
          // NATS is away for a moment, or the run is over.
          log('DEBUG', 'agent', messageOf(thrown));
          return false;
        });
        isOver.delete(run);
        if (!wasThere || ending.aborted) continue;
        if (options.once) return;
        log('NOTICE', 'agent', 'waiting for the next run');
      }
      await sleep(CHECK_EVERY_MS, ending);
    }
  } finally {
    stop.abort();
    await nats.close();
  }
}

/** Takes a shard of a run and plays its rounds. @returns false if no shard is free. @throws UserError */
async function takePart(
  nats: Nats,
  run: string,
  entry: RunEntry,
  options: SeekingAgent,
  over: AbortController,
  surroundings: AgentSurroundings,
): Promise<boolean> {
  const { log, ending } = surroundings;
  if (entry.version !== version) {
    throw new UserError(
      `Run ${run} was started by aiperf ${entry.version}, and this agent is aiperf ${version}.`,
      'Use the same version on all machines.',
    );
  }
  const kv = await nats.buckets.open(namesOf(run).bucket);
  const taken = await takeShard(kv, run, entry, options, surroundings);
  if (taken === undefined) return false;
  const { shard, lease } = taken;
  log('NOTICE', 'agent', `shard ${shard} of ${entry.shards} of run ${run}`);
  const values = new Map<string, string>();
  const stop = new AbortController();
  const end = () => stop.abort();
  let isLost = false;
  const leave = () => {
    isLost = true;
    stop.abort();
  };
  for (const signal of [lease.lost, over.signal]) signal.addEventListener('abort', end, { once: true });
  void followKeys(
    nats,
    namesOf(run).bucket,
    (key, text) => {
      if (text !== undefined) values.set(key, text);
    },
    { onTrouble: (thrown) => log('DEBUG', 'agent', messageOf(thrown)), signal: stop.signal },
  );
  const joined: JoinedRun = { nats, kv, run, entry, shard, lease, values, over: stop.signal, leave };
  let records: string | undefined;
  const discard = () => {
    if (records !== undefined) discardRound(records, surroundings);
    records = undefined;
  };
  try {
    for (let round = 0; !stop.signal.aborted && !ending.aborted; round++) {
      const plan = await waitForKey(joined, [keys.plan(round), keys.ended(round)], ending);
      if (plan === undefined) break;
      // The coordinator has written the files of the round before.
      discard();
      if (await isEnded(joined, round)) continue;
      const begun = values.has(keys.start(round, 0)) && lease.incarnation > 1;
      if (begun) {
        log('WARNING', 'agent', 'the measurement has begun: this agent joins the next one');
        continue;
      }
      const place: AgentRound = { joined, folder: options.folder };
      records = await playRound(place, plan, surroundings);
    }
    if (over.signal.aborted && !isLost) discard();
    else if (records !== undefined) log(isLost ? 'ERROR' : 'NOTICE', 'agent', keptText(records, isLost));
    if (lease.lost.aborted && !over.signal.aborted)
      log('ERROR', 'agent', `shard ${shard} was taken over by another agent: this one sends no more`);
  } finally {
    lease.release();
    stop.abort();
  }
  return true;
}

/** @param shard that this agent takes; undefined: any. */
function fullText(run: string, shard: number | undefined): string {
  const what =
    shard === undefined
      ? `all shards of run ${run} have agents`
      : `shard ${shard} of run ${run} has an agent`;
  return `${what}: waiting for one whose agent is lost`;
}

function keptText(folder: string, isLost: boolean): string {
  const how = `Merge the folders of all shards with: aiperf merge ${folder} … --artifact-dir DIR`;
  return `${isLost ? 'NATS has lost the run: ' : ''}the records of this shard are kept in ${folder}. ${how}`;
}

/** The first free shard, or one whose agent is gone; undefined: all are held. */
async function takeShard(
  kv: KV,
  run: string,
  { shards, shardTimeoutSeconds }: RunEntry,
  { shard: wanted, uid, fullRuns }: SeekingAgent,
  { log, ending }: AgentSurroundings,
): Promise<{ readonly shard: number; readonly lease: Lease } | undefined> {
  const numbers = wanted === undefined ? Array.from({ length: shards }, (_, shard) => shard) : [wanted];
  const held = new Map<number, Holder>();
  for (const shard of numbers) {
    const lease = await takeLease(kv, keys.shard(shard), uid, undefined);
    if (lease !== undefined) return { shard, lease };
    const holder = await holderOf(kv, keys.shard(shard));
    if (holder !== undefined) held.set(shard, holder);
  }
  if (!fullRuns.has(run)) log('NOTICE', 'agent', fullText(run, wanted));
  fullRuns.add(run);
  await sleep(shardTimeoutSeconds * 1000, ending);
  for (const [shard, holder] of held) {
    if (ending.aborted) return undefined;
    const lease = await takeLease(kv, keys.shard(shard), uid, holder);
    if (lease !== undefined) return { shard, lease };
  }
  return undefined;
}

/** Whether a round is over: for an agent that comes late, the key of its plan arrives before the one of its end. */
async function isEnded({ kv, over }: JoinedRun, round: number): Promise<boolean> {
  while (!over.aborted) {
    try {
      return (await kv.get(keys.ended(round))) !== null;
    } catch {
      // NATS is away for a moment.
      await sleep(CHECK_EVERY_MS, over);
    }
  }
  return true;
}

/** Waits for one of several keys of the run; undefined: the run is over, or the agent is to end. */
async function waitForKey(
  { values, over }: JoinedRun,
  keysWanted: readonly string[],
  ending: AbortSignal,
): Promise<string | undefined> {
  for (;;) {
    const text = keysWanted.map((key) => values.get(key)).find((value) => value !== undefined);
    if (text !== undefined) return text;
    if (over.aborted || ending.aborted) return undefined;
    await sleep(20, over);
  }
}
