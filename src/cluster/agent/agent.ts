import { randomBytes } from 'node:crypto';
import type { KV } from '@nats-io/kv';
import type { Roof } from '../../fidelity/roof.js';
import type { PhaseName } from '../../records/record.js';
import type { WithheldCpu } from '../../run/withheld-cpu.js';
import type { ClockOrigin } from '../../util/clock.js';
import { messageOf, UserError } from '../../util/errors.js';
import type { Log } from '../../util/log.js';
import { sleep } from '../../util/timeout.js';
import { endedEntry, type JoinEntry, type RunEntry, readMessage, runEntry } from '../messages.js';
import { DIRECTORY, keys, namesOf } from '../names.js';
import { type Nats, type NatsOptions, openBucket, openNats } from '../nats/connection.js';
import { followKeys } from '../nats/follow.js';
import type { Lease } from '../nats/lease.js';
import { notPossible } from '../nats/refusals.js';
import { insist } from '../nats/retry.js';
import type { AgentNeeds } from '../plan/round-plan.js';
import { discardRound, type PlayedRound, playRound } from './agent-round.js';
import { publishRefusal, requireFitting, Troubles } from './refuse-run.js';
import { RunKeys } from './run-keys.js';
import { takeShard } from './take-shard.js';

const CHECK_EVERY_MS = 250;

export interface AgentOptions {
  readonly nats: NatsOptions;
  /** Takes shards of this run only; undefined: of any. */
  readonly run: string | undefined;
  /** Takes this shard only; undefined: any that is free. */
  readonly shard: number | undefined;
  /** Ends after one run. */
  readonly once: boolean;
  /** Takes part in a measurement that has begun, in place of an agent that is lost. */
  readonly rejoin: boolean;
  /** Folder for records until they are in the coordinator's files. */
  readonly folder: string;
}

/** Which records a folder has. */
export interface ShardPlace {
  readonly shard: number;
  /** 1 for the first process that has held the shard; each that takes over adds 1. */
  readonly incarnation: number;
  /** Zero of the times in its spool. */
  readonly origin: ClockOrigin;
}

/** Where an incarnation of a shard has joined a measurement that had begun. */
export interface JoinedAt extends Pick<JoinEntry, 'atNs'> {
  readonly phase: PhaseName;
  /** Of the processes before it, requests with a `session_num` below this count, if they were due before. */
  readonly numbersBelow: number;
}

/** An agent that looks for a free shard. */
interface SeekingAgent extends AgentOptions {
  readonly uid: string;
  /** Runs without a free shard, as far as that was logged. */
  readonly fullRuns: Set<string>;
  /** Whether it could take part in other runs. */
  readonly hasOthers: () => boolean;
}

/** What an agent needs of its process. */
export interface AgentSurroundings {
  readonly nowMs: () => number;
  readonly log: Log;
  /** Load threads and connections of this machine. @throws UserError if it cannot carry its part. */
  readonly room: (needs: AgentNeeds) => { readonly threads: number; readonly connectionsPerThread: number };
  /** Makes the folder of a shard's records, from which a report can be made without NATS. @returns its spool. */
  readonly makeFolder: (folder: string, place: ShardPlace, kept: unknown) => string;
  /** Notes in such a folder where its process has joined the measurement. */
  readonly noteJoin: (folder: string, place: ShardPlace, kept: unknown, join: JoinedAt) => void;
  /** Starts to watch the CPU time that is withheld from this process. @returns what was withheld since. */
  readonly watchWithheldCpu: () => () => WithheldCpu;
  /** Reads the client limit of this machine; undefined: it was not measured. */
  readonly readRoof: () => Roof | undefined;
  /** Removes what `makeFolder` made, with the records. */
  readonly removeFolder: (folder: string) => void;
  /** Aborted when the agent is to end, by the signal that is its reason. */
  readonly ending: AbortSignal & { readonly reason: NodeJS.Signals };
}

/** A run that the agent takes part in, with what its keys say. */
export interface JoinedRun {
  readonly nats: Nats;
  readonly kv: KV;
  readonly run: string;
  readonly entry: RunEntry;
  readonly shard: number;
  readonly lease: Lease;
  readonly runKeys: RunKeys;
  /** Takes part in a measurement that has begun. */
  readonly rejoins: boolean;
  /** Aborted when the run is over. */
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
  const refusedRuns = new Set<string>();
  const troubles = new Troubles(nowMs, log);
  /** Whether only one run is of interest: an agent that cannot take part in it ends. */
  const isBound = options.once || options.run !== undefined;
  try {
    await openBucket(nats, DIRECTORY).catch((thrown: unknown) => {
      throw notPossible(thrown);
    });
    void followKeys(
      nats,
      DIRECTORY,
      (run, text) => {
        refusedRuns.delete(run);
        if (text === undefined) {
          directory.delete(run);
          isOver.get(run)?.abort();
        } else directory.set(run, readMessage(runEntry, text));
      },
      { onTrouble: (thrown) => log('DEBUG', 'agent', messageOf(thrown)), signal: stop.signal },
    );
    log('NOTICE', 'agent', `waiting for a run${options.run === undefined ? '' : ` ${options.run}`}`);
    while (!ending.aborted) {
      for (const [run, entry] of directory) {
        if ((options.run !== undefined && run !== options.run) || refusedRuns.has(run)) continue;
        const over = new AbortController();
        isOver.set(run, over);
        const wasThere = await takePart(
          nats,
          run,
          entry,
          { ...options, uid, fullRuns, hasOthers: () => options.run === undefined && directory.size > 1 },
          over,
          surroundings,
        ).catch(async (thrown: unknown) => {
          if (thrown instanceof UserError) {
            await publishRefusal(nats, run, uid, thrown.message);
            if (isBound) throw thrown;
            refusedRuns.add(run);
            log('ERROR', 'agent', `${thrown.message} ${thrown.hint ?? ''}`);
          } else {
            // NATS is away for a moment, or the run is over.
            troubles.note(run, messageOf(thrown));
          }
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
  const { log, nowMs, ending } = surroundings;
  requireFitting(run, entry, options.shard);
  const kv = await nats.buckets.open(namesOf(run).bucket);
  const stop = new AbortController();
  const end = () => stop.abort();
  over.signal.addEventListener('abort', end, { once: true });
  const runKeys = new RunKeys(nats, run, nowMs, log, stop.signal);
  try {
    const taken = await takeShard({
      ...{ nats, kv, entry, runKeys, nowMs, uid: options.uid, shard: options.shard, rejoins: options.rejoin },
      onFull: () => {
        if (!options.fullRuns.has(run)) log('NOTICE', 'agent', fullText(run, options.shard));
        options.fullRuns.add(run);
      },
      mayWait: (waitedMs) => !options.hasOthers() || waitedMs < 2 * entry.shardTimeoutSeconds * 1000,
      until: AbortSignal.any([stop.signal, ending]),
    });
    if (taken === undefined) return false;
    const { shard, lease } = taken;
    log('NOTICE', 'agent', `shard ${shard} of ${entry.shards} of run ${run}`);
    let isLost = false;
    const leave = () => {
      isLost = true;
      stop.abort();
    };
    lease.lost.addEventListener('abort', () => {
      if (!stop.signal.aborted)
        log('ERROR', 'agent', `shard ${shard} was taken over by another agent: this one sends no more`);
    });
    const joined: JoinedRun = {
      ...{ nats, kv, run, entry, shard, lease, runKeys, rejoins: options.rejoin, over: stop.signal, leave },
    };
    try {
      const last = await playRounds(joined, options.folder, surroundings);
      if (last === undefined) return true;
      if (over.signal.aborted && !isLost) settleRound(joined, last, surroundings);
      else log(isLost ? 'ERROR' : 'NOTICE', 'agent', keptText(last.folder, isLost));
    } finally {
      stop.abort();
      // A successor need not wait for its signs of life.
      await lease.leave();
    }
    return true;
  } finally {
    stop.abort();
  }
}

/** Removes the records of a round that is over, unless its results lack some of them. */
function settleRound(
  { runKeys, shard, lease }: JoinedRun,
  { round, folder, isSealed }: PlayedRound,
  surroundings: AgentSurroundings,
): void {
  const text = runKeys.textOf(keys.ended(round));
  const { unsealed = [] } = text === undefined ? {} : readMessage(endedEntry, text);
  const isMissed = unsealed.some(
    ({ shard: number, incarnation }) => number === shard && incarnation === lease.incarnation,
  );
  if (isSealed && !isMissed) {
    discardRound(folder, surroundings);
    return;
  }
  surroundings.log(
    'ERROR',
    'agent',
    `the results lack records of this shard, which had not been handed over: all of them are kept in ${folder}. Show them with: aiperf report ${folder}`,
  );
}

/** Plays rounds until the run is over. @returns the last one, whose records nobody has confirmed. */
async function playRounds(
  joined: JoinedRun,
  folder: string,
  surroundings: AgentSurroundings,
): Promise<PlayedRound | undefined> {
  const { runKeys, kv, lease, over, rejoins } = joined;
  const { log, ending } = surroundings;
  const isThere = async (key: string) =>
    runKeys.has(key) || (await insist(() => kv.get(key), over, log)) !== null;
  let last: PlayedRound | undefined;
  const mayGoOn = () => !over.aborted && !ending.aborted && !lease.lost.aborted;
  for (let round = 0; mayGoOn(); round++) {
    const plan = await waitForKey(runKeys, [keys.plan(round), keys.ended(round)], mayGoOn);
    if (plan === undefined) break;
    // The coordinator has written the files of the round before.
    if (last !== undefined) settleRound(joined, last, surroundings);
    last = undefined;
    if (await isThere(keys.ended(round))) continue;
    if (!rejoins && (await isThere(keys.start(round, 0)))) {
      log('WARNING', 'agent', 'the measurement has begun: this agent joins the next one');
      continue;
    }
    last = await playRound({ joined, folder }, plan, surroundings);
  }
  return last;
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

/** Waits for one of several keys of the run; undefined: nothing is to be waited for any more. */
async function waitForKey(
  runKeys: RunKeys,
  wanted: readonly string[],
  mayWait: () => boolean,
): Promise<string | undefined> {
  for (;;) {
    const text = wanted.map((key) => runKeys.textOf(key)).find((value) => value !== undefined);
    if (text !== undefined) return text;
    if (!mayWait()) return undefined;
    await sleep(20, new AbortController().signal);
  }
}
