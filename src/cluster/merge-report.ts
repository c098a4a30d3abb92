import { dueRequests } from '../load/due-requests.js';
import type { LoadPlan } from '../load/plan.js';
import type { PhaseCounts } from '../records/spool.js';
import type { ShardsSection } from '../run/shards.js';
import type { ShardFidelity } from '../run/whole-fidelity.js';
import { type ClockOrigin, wallNs } from '../util/clock.js';
import { counted } from '../util/counted.js';
import { andList } from '../util/lists.js';
import type { Shard } from './shard.js';

/** What a merge is judged by. */
export interface MergeFacts {
  readonly load: LoadPlan;
  readonly origin: ClockOrigin;
  /** Start of profiling, ns since the origin. */
  readonly startNs: number;
  /** The run was ended early on purpose: what was not sent is not missing. */
  readonly wasCut: boolean;
  /** Verdicts on their clients. */
  readonly shardFidelity: readonly ShardFidelity[];
  /** SHA-256 of the plan. */
  readonly planDigest: string;
}

type Row = NonNullable<ShardsSection['shards']>[number];
type Counts = { readonly [Phase in keyof PhaseCounts]?: number };

/** Compares what each shard had to send with what has a record. */
export function reportMerge(shards: readonly Shard[], facts: MergeFacts): ShardsSection {
  const { load, wasCut, planDigest } = facts;
  const due = load.phases.map(({ name }, phase) => {
    const plan = load.phases[phase];
    return { name, of: wasCut || plan === undefined ? undefined : dueRequests(load, plan, shards.length) };
  });
  const found = shards.map((shard) => {
    const owed = Object.fromEntries(due.map(({ name, of }) => [name, of?.[shard.number]]));
    return { shard, row: rowOf(shard, owed, facts) };
  });
  const reasons = found.flatMap(({ shard, row }) => reasonOf(shard, row, facts) ?? []);
  return {
    merge: reasons.length === 0 ? 'exact' : 'degraded',
    ...{ reasons, planDigest, count: shards.length },
    shards: found.map(({ row }) => row),
  };
}

function rowOf(shard: Shard, due: Counts, { origin, shardFidelity }: MergeFacts): Row {
  const { ready, receiver, loss, clocks, incarnations, number } = shard;
  const records = receiver?.received ?? { warmup: 0, profiling: 0 };
  const missing = {
    warmup: lack(due.warmup, records.warmup),
    profiling: lack(due.profiling, records.profiling),
  };
  const lacks = (missing.warmup ?? 0) + (missing.profiling ?? 0) > 0;
  const isCut = receiver?.seal === undefined || receiver.seal.cut !== undefined || lacks;
  const [first] = clocks;
  const judged = shardFidelity.find((one) => one.shard === number);
  return {
    shard: number,
    host: ready?.host,
    state: ready === undefined ? 'missing' : isCut ? 'cut short' : 'complete',
    ...{ records, due, missing },
    clockOffsetMs: first && first.wallNs / 1e6,
    clockErrorMs: first && Math.max(...clocks.map(({ errorNs }) => errorNs)) / 1e6,
    clockDriftMs: shard.clockDriftNs === undefined ? undefined : shard.clockDriftNs / 1e6,
    lostAtNs: loss && wallNs(origin, loss.atNs),
    incarnations: incarnations.length > 1 ? incarnations.length : undefined,
    peakSpoolBytes: receiver?.seal?.peakUnsentBytes,
    verdict: judged?.fidelity.verdict,
    judgedUntilNs: judged?.untilNs === undefined ? undefined : wallNs(origin, judged.untilNs),
  };
}

function lack(due: number | undefined, records: number): number | undefined {
  return due === undefined ? undefined : Math.max(0, due - records);
}

/** Why a shard's part is not complete; undefined: it is. */
function reasonOf(
  shard: Shard,
  { state, host, due, missing, verdict, judgedUntilNs }: Row,
  { startNs, origin }: MergeFacts,
): string | undefined {
  if (state === 'complete') return undefined;
  const { loss, receiver } = shard;
  const where = host === undefined ? '' : ` (${host})`;
  const at = loss === undefined || host === undefined ? '' : ` ${timeText((loss.atNs - startNs) / 1e9)}`;
  const ended = receiver?.seal === undefined ? 'ended early' : 'fell behind its schedule';
  const why = loss?.why ?? receiver?.seal?.cut ?? shard.stopped ?? ended;
  const lack = lackText(shard, due ?? {}, missing ?? {});
  const untilNs = judgedUntilNs === undefined ? undefined : Number(judgedUntilNs - wallNs(origin, startNs));
  const until = untilNs === undefined ? '' : ` until ${timeText(untilNs / 1e9)}`;
  const client =
    loss === undefined || host === undefined
      ? ''
      : verdict === undefined
        ? ' Its client was not judged.'
        : ` Its client was judged${until}: ${verdict}.`;
  return `Shard ${shard.number}${where} ${why}${at}: ${lack}${client}`;
}

/** When a shard was lost, from the start of profiling. */
function timeText(seconds: number): string {
  return seconds < 0 ? 'before the start' : `${seconds.toFixed(1)} s after the start`;
}

function lackText(shard: Shard, due: Row['due'], missing: Row['missing']): string {
  const known = (['warmup', 'profiling'] as const).flatMap((name) => {
    const [owed, lacks] = [due?.[name], missing?.[name]];
    if (owed === undefined || lacks === undefined) return [];
    const of = name === 'warmup' ? ' of the warm-up' : '';
    return [`${lacks} of its ${counted(owed, 'due request')}${of}`];
  });
  if (known.length > 0) return `${andList(known)} have no record.`;
  const { profiling } = shard.receiver?.received ?? { profiling: 0 };
  const issued = shard.lastIssued;
  const sent =
    issued === undefined ? '' : ` of ${counted(issued, 'request')} that it had sent by its last report`;
  return `how many requests were due depends on the server; it has ${counted(profiling, 'record')}${sent}.`;
}
