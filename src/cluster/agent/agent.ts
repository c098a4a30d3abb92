import { randomBytes } from 'node:crypto';
import { messageOf, UserError } from '../../util/errors.js';
import { sleep } from '../../util/timeout.js';
import { type RunEntry, readMessage, runEntry } from '../messages.js';
import { DIRECTORY } from '../names.js';
import { type NatsOptions, openBucket, openNats } from '../nats/connection.js';
import { followKeys } from '../nats/follow.js';
import { notPossible } from '../nats/refusals.js';
import { publishRefusal, Troubles } from './refuse-run.js';
import type { AgentSurroundings } from './surroundings.js';
import { takePart } from './take-part.js';
import { requireInTime, WaitNotice, waitLimit, wantedText } from './wait-notice.js';

const CHECK_EVERY_MS = 250;

export interface AgentOptions {
  readonly nats: NatsOptions;
  /** Takes shards of this run only; undefined: of any. */
  readonly run: string | undefined;
  /** Takes this shard only; undefined: any that is free. */
  readonly shard: number | undefined;
  /** Ends after one run. */
  readonly once: boolean;
  /** The longest wait for a run to take part in; undefined: without a limit. */
  readonly waitSeconds: number | undefined;
  /** Takes part in a measurement that has begun, in place of an agent that is lost. */
  readonly rejoin: boolean;
  /** Folder for records until they are in the coordinator's files. */
  readonly folder: string;
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
  const wait = new WaitNotice(nowMs, log);
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
    log('NOTICE', 'agent', `waiting for ${wantedText(options.run)}`);
    while (!ending.aborted) {
      for (const [run, entry] of directory) {
        if ((options.run !== undefined && run !== options.run) || refusedRuns.has(run)) continue;
        const over = new AbortController();
        isOver.set(run, over);
        const wasThere = await takePart(
          { nats, run, entry, over: over.signal },
          {
            ...{ uid, shard: options.shard, rejoins: options.rejoin, folder: options.folder },
            hasOthers: () => options.run === undefined && directory.size > 1,
            onWait: () => wait.note(wantedText(options.run)),
            waitLimit: waitLimit(wait, options),
            onFull: () => {
              if (!fullRuns.has(run)) log('NOTICE', 'agent', fullText(run, options.shard));
              fullRuns.add(run);
            },
          },
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
        wait.restart();
      }
      wait.note(wantedText(options.run));
      requireInTime(wait, options);
      await sleep(CHECK_EVERY_MS, ending);
    }
  } finally {
    stop.abort();
    await nats.close();
  }
}

/** @param shard that this agent takes; undefined: any. */
function fullText(run: string, shard: number | undefined): string {
  const what =
    shard === undefined
      ? `all shards of run ${run} have agents`
      : `shard ${shard} of run ${run} has an agent`;
  return `${what}: waiting for one whose agent is lost`;
}
