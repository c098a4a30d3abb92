import { dueRequests } from '../../load/due-requests.js';
import type { LoadPlan } from '../../load/plan.js';
import type { PhaseCounts } from '../../records/spool.js';
import type { fellBehind, ShardsSection } from '../../run/shards.js';
import type { ShardFidelity } from '../../run/whole-fidelity.js';
import { type ClockOrigin, wallNs } from '../../util/clock.js';
import { counted } from '../../util/counted.js';
import { andList } from '../../util/lists.js';
import type { Incarnation } from './incarnation.js';
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

const behind: typeof fellBehind = 'fell behind';

const none: PhaseCounts = { warmup: 0, profiling: 0 };

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

function rowOf(shard: Shard, due: Counts, facts: MergeFacts): Row {
  const { latest, current = latest, parts, loss, number } = shard;
  const records = sumOf(parts.map(({ receiver }) => receiver?.received ?? none));
  const missing = {
    warmup: lack(due.warmup, records.warmup),
    profiling: lack(due.profiling, records.profiling),
  };
  const lacks = (missing.warmup ?? 0) + (missing.profiling ?? 0) > 0;
  const seal = current?.receiver?.seal;
  const isCut = seal === undefined || seal.cut !== undefined || lacks;
  const hasJoined = parts.some(({ join }) => join !== undefined);
  const peaks = parts.flatMap(({ receiver }) => receiver?.seal?.peakUnsentBytes ?? []);
  const judged = facts.shardFidelity.find((one) => one.shard === number);
  return {
    shard: number,
    host: current?.ready.host,
    state:
      current === undefined
        ? 'missing'
        : hasJoined
          ? 'rejoined'
          : !isCut
            ? 'complete'
            : isBehind(shard, facts)
              ? behind
              : 'cut short',
    ...{ records, due, missing },
    ...clockOf(current),
    clockDriftMs: current && current.clockDriftNs / 1e6,
    lostAtNs: loss && wallNs(facts.origin, loss.atNs),
    incarnations: hasJoined ? parts.map((part) => partOf(part, facts)) : undefined,
    peakSpoolBytes: peaks.length === 0 ? undefined : Math.max(...peaks),
    verdict: judged?.fidelity.verdict,
    judgedUntilNs: judged?.untilNs === undefined ? undefined : wallNs(facts.origin, judged.untilNs),
  };
}

/** Whether a shard that lacks records was only too slow: in a load for a time, what is not sent in time never is. */
function isBehind({ parts, stopped }: Shard, { load }: MergeFacts): boolean {
  return (
    Number.isFinite(load.phases.at(-1)?.durationNs) &&
    stopped === undefined &&
    parts.every(({ loss, receiver }) => loss === undefined && receiver?.seal?.cut === undefined) &&
    parts.some(({ receiver }) => receiver?.seal !== undefined)
  );
}

function clockOf(part: Incarnation | undefined): Pick<Row, 'clockOffsetMs' | 'clockErrorMs'> {
  const [first] = part?.clocks ?? [];
  if (part === undefined || first === undefined) return {};
  return {
    clockOffsetMs: first.wallNs / 1e6,
    clockErrorMs: Math.max(...part.clocks.map(({ errorNs }) => errorNs)) / 1e6,
  };
}

/** One of several processes that have sent the part of a shard. */
function partOf(part: Incarnation, { load, origin }: MergeFacts): NonNullable<Row['incarnations']>[number] {
  const { number, ready, receiver, join, loss } = part;
  return {
    ...{ incarnation: number, host: ready.host },
    ...{ records: receiver?.received ?? none, leftOut: receiver?.leftOut ?? none },
    joinedAtNs: join && wallNs(origin, join.atNs),
    joinedPhase: join && load.phases[join.phase]?.name,
    lostAtNs: loss && wallNs(origin, loss.atNs),
    ...clockOf(part),
  };
}

function sumOf(counts: readonly PhaseCounts[]): PhaseCounts {
  return counts.reduce(
    (sum, { warmup, profiling }) => ({
      warmup: sum.warmup + warmup,
      profiling: sum.profiling + profiling,
    }),
    none,
  );
}

function lack(due: number | undefined, records: number): number | undefined {
  return due === undefined ? undefined : Math.max(0, due - records);
}

/** Why a shard's part is not complete; undefined: it is. */
function reasonOf(shard: Shard, row: Row, facts: MergeFacts): string | undefined {
  const { state, due, missing } = row;
  if (state === 'complete') return undefined;
  const { parts, absence, number } = shard;
  const what = [
    ...(absence === undefined ? [] : [absence.why]),
    ...parts.map((part) => partText(part, shard, facts.startNs)),
  ];
  const leftOut = parts.reduce((sum, { receiver }) => sum + (receiver?.leftOut.profiling ?? 0), 0);
  const lacks = `${lackText(shard, due ?? {}, missing ?? {})}${leftOutText(leftOut)}`;
  const [first = '', ...others] = what;
  const where = absence === undefined && parts[0] !== undefined ? ` (${parts[0].ready.host})` : '';
  return `Shard ${number}${where} ${[first, ...others].join(', and ')}: ${lacks}${clientText(shard, row, facts)}`;
}

/** The verdict on the client of a process that was lost in the measurement. */
function clientText(
  { current }: Shard,
  { verdict, judgedUntilNs }: Row,
  { startNs, origin }: MergeFacts,
): string {
  if (current?.loss === undefined) return '';
  if (verdict === undefined) return ' Its client was not judged.';
  const untilNs = judgedUntilNs === undefined ? undefined : Number(judgedUntilNs - wallNs(origin, startNs));
  const until = untilNs === undefined ? '' : ` until ${timeText(untilNs / 1e9)}`;
  return ` Its client was judged${until}: ${verdict}.`;
}

/** What happened to a process, completing "Shard 2 …". */
function partText(part: Incarnation, shard: Shard, startNs: number): string {
  const { join, loss, receiver, ready } = part;
  const seal = receiver?.seal;
  const lost = loss && `${loss.why} ${lossTimeText(part, (loss.atNs - startNs) / 1e9)}`;
  const ended = lost ?? seal?.cut ?? shard.stopped;
  // Another coordinator may have seen when it was lost.
  const unsealed = part === shard.parts.at(-1) ? 'ended early' : 'was lost';
  if (join === undefined) return ended ?? (seal === undefined ? unsealed : 'fell behind its schedule');
  const joined = `another agent (${ready.host}) joined ${timeText((join.atNs - startNs) / 1e9)}`;
  return ended === undefined ? joined : `${joined} and ${ended}`;
}

/** When a process gave its last sign of life: its records may be of a later time. */
function lossTimeText({ receiver }: Incarnation, seconds: number): string {
  const hasMeasured = (receiver?.received.profiling ?? 0) > 0;
  return seconds < 0 && hasMeasured ? 'at the start' : timeText(seconds);
}

/** When something happened, from the start of profiling. */
function timeText(seconds: number): string {
  return seconds < 0 ? 'before the start' : `${seconds.toFixed(1)} s after the start`;
}

function lackText({ parts }: Shard, due: Row['due'], missing: Row['missing']): string {
  const known = (['warmup', 'profiling'] as const).flatMap((name) => {
    const [owed, lacks] = [due?.[name], missing?.[name]];
    if (owed === undefined || lacks === undefined) return [];
    if (name === 'warmup' && lacks === 0) return [];
    const of = name === 'warmup' ? ' of the warm-up' : '';
    return [`${lacks} of its ${counted(owed, 'due request')}${of}`];
  });
  if (known.length > 0) return `${andList(known)} have no record.`;
  const { profiling } = sumOf(parts.map(({ receiver }) => receiver?.received ?? none));
  const lost = parts.filter(({ loss }) => loss !== undefined);
  const issued = parts.reduce((sum, { lastIssued }) => sum + lastIssued, 0);
  const sent =
    lost.length === 0 ? '' : ` of ${counted(issued, 'request')} that it had sent by its last report`;
  return `how many requests were due depends on the server; it has ${counted(profiling, 'record')}${sent}.`;
}

function leftOutText(count: number): string {
  if (count === 0) return '';
  return ` ${counted(count, 'request')} of an agent that was cut off, and went on when another one had joined, ${count === 1 ? 'is' : 'are'} left out.`;
}
