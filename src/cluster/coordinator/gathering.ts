import { UserError } from '../../util/errors.js';
import { andList, groupBy } from '../../util/lists.js';
import type { Log } from '../../util/log.js';
import { sleep } from '../../util/timeout.js';
import type { ClusterOptions } from './options.js';
import type { Shard } from './shard.js';

const CHECK_EVERY_MS = 50;
/** The least time between two lines about shards that are missing. */
const REPORT_EVERY_MS = 2000;
/** A process that holds a shard gives a sign of life each second. */
const SILENT_AFTER_MS = 5000;
/** Longer lists are cut. */
const MOST_LISTED = 8;

export interface GatheringOptions
  extends Pick<ClusterOptions, 'run' | 'minShards' | 'joinTimeoutSeconds' | 'shardTimeoutSeconds'> {
  /** Name of the coordinator's machine. */
  readonly host: string;
  readonly nowMs: () => number;
  readonly log: Log;
  /** Whether a coordinator that is gone has started the load: agents may have ended since. */
  readonly hasBegun: () => boolean;
  /** The last refusal of an agent to take part; undefined: none. */
  readonly refusal: () => string | undefined;
  /** Aborted, with an error as its reason, when another coordinator has taken the run over. */
  readonly superseded: AbortSignal;
}

/**
 * Waits until all shards are ready to send. After the time to join, and when the agents of the others have failed, enough
 * of them are sufficient. Says which ones are missing, and why.
 * @param signal ends the wait. @returns the shards that are not ready. @throws UserError if too few are, or another coordinator has taken over.
 */
export async function gatherShards(
  shards: readonly Shard[],
  options: GatheringOptions,
  signal: AbortSignal,
): Promise<readonly Shard[]> {
  const { nowMs, log, minShards, joinTimeoutSeconds, shardTimeoutSeconds, hasBegun, superseded } = options;
  const isReady = ({ latest }: Shard) =>
    latest !== undefined && (hasBegun() || nowMs() - latest.signMs < shardTimeoutSeconds * 1000);
  const untilMs = nowMs() + joinTimeoutSeconds * 1000;
  let reported: string | undefined;
  let reportedMs = Number.NEGATIVE_INFINITY;
  for (;;) {
    superseded.throwIfAborted();
    const missing = shards.filter((shard) => !isReady(shard));
    const failed = missing.filter(({ holder }) => holder?.failure !== undefined);
    if (signal.aborted || missing.length === 0) return missing;
    const canBeEnough = shards.length - failed.length >= minShards;
    if (!canBeEnough || missing.length === failed.length || nowMs() >= untilMs) {
      if (shards.length - missing.length >= minShards) return missing;
      throw canBeEnough ? tooFew(shards, missing, options) : noneLeft(failed);
    }
    const text = waitingText(shards, missing, options);
    if (text !== reported && nowMs() >= reportedMs + REPORT_EVERY_MS) {
      log('NOTICE', 'cluster', text);
      reported = text;
      reportedMs = nowMs();
    }
    await sleep(CHECK_EVERY_MS, signal);
  }
}

function waitingText(
  shards: readonly Shard[],
  missing: readonly Shard[],
  { run, host, nowMs }: GatheringOptions,
): string {
  const ready = shards.length - missing.length;
  return `${ready} of ${shards.length} shards are ready (${missingText(missing, nowMs())}); start agents with: aiperf agent --nats … (run ${run}, coordinator on ${host})`;
}

function tooFew(
  shards: readonly Shard[],
  missing: readonly Shard[],
  { joinTimeoutSeconds, nowMs, refusal }: GatheringOptions,
): UserError {
  const ready = shards.length - missing.length;
  const refused = refusal();
  const why = `${missingText(missing, nowMs())}${refused === undefined ? '' : `; ${refused}`}`;
  return new UserError(
    `${ready} of ${shards.length} shards were ready within ${joinTimeoutSeconds} s (${why}).`,
    `Start an agent on each machine (aiperf agent --nats …)${ready === 0 ? '' : `, or allow fewer with --min-shards ${ready}`}.`,
  );
}

function noneLeft(failed: readonly Shard[]): UserError {
  return new UserError(`${failed.slice(0, MOST_LISTED).map(failureText).join('; ')}.`);
}

function failureText({ number, holder }: Shard): string {
  return `shard ${number} on ${holder?.entry.host} ${holder?.failure}`;
}

/** Why shards are not ready: `no agent: shards 1 and 3 to 5; preparing: shard 0 on host-a`. */
export function missingText(missing: readonly Shard[], nowMs: number): string {
  const groups = groupBy(missing, ({ holder }) => {
    if (holder === undefined || holder.entry.left) return 'no agent';
    if (holder.failure !== undefined) return 'failed';
    return nowMs - holder.signMs > SILENT_AFTER_MS ? 'no sign of life' : 'preparing';
  });
  return [...groups]
    .map(([state, group]) =>
      state === 'failed' ? group.map(failureText).join('; ') : `${state}: ${shardsText(group)}`,
    )
    .join('; ');
}

/** `shard 2 on host-a`, `shards 0, 3 to 5 and 7`. */
export function shardsText(shards: readonly Shard[]): string {
  const [first] = shards;
  if (shards.length === 1 && first !== undefined) {
    const { host, left } = first.holder?.entry ?? {};
    return `shard ${first.number}${host === undefined || left ? '' : ` on ${host}`}`;
  }
  const ranges: { readonly from: number; to: number }[] = [];
  for (const { number } of shards) {
    const last = ranges.at(-1);
    if (last?.to === number - 1) last.to = number;
    else ranges.push({ from: number, to: number });
  }
  const texts = ranges.flatMap(({ from, to }) => {
    if (to <= from + 1) return to === from ? [`${from}`] : [`${from}`, `${to}`];
    return [`${from} to ${to}`];
  });
  const rest = texts.length - MOST_LISTED;
  return `shards ${rest > 0 ? `${texts.slice(0, MOST_LISTED).join(', ')} …` : andList(texts)}`;
}
