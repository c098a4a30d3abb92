import { measuredClock, type ShardsSection } from '../../run/shards.js';
import { counted } from '../../util/counted.js';
import { UserError } from '../../util/errors.js';
import type { IndexedPhase } from './index-records.js';
import type { OpenedShard, OpenedShards } from './open-shards.js';
import { type ClocksApart, clocksApart, type PhaseRequests, type ShardAccount } from './section.js';

/** What is known of every shard. @throws UserError for one that sent more than its part */
export function accountsOf(
  { plan, count, shards }: OpenedShards,
  records: IndexedPhase,
  warmup: IndexedPhase,
): readonly ShardAccount[] {
  return Array.from({ length: count }, (_, index): ShardAccount => {
    const due = { warmup: plan.dueWarmup?.[index], profiling: plan.dueProfiling?.[index] };
    const places = shards.flatMap((shard, place) => (shard.index === index ? [place] : []));
    const parts = places.flatMap((place) => shards[place] ?? []);
    const [first, last] = [parts[0], parts.at(-1)];
    if (first === undefined || last === undefined) return { index, records: undefined, due };
    const at = (of: (phase: IndexedPhase) => readonly number[], place: number): PhaseRequests => ({
      warmup: of(warmup)[place] ?? 0,
      profiling: of(records)[place] ?? 0,
    });
    const counts = places.map((place) => at((phase) => phase.counts, place));
    const all = counts.reduce((sum, one) => ({
      warmup: sum.warmup + one.warmup,
      profiling: sum.profiling + one.profiling,
    }));
    requireNoMore(first, all, due);
    const { facts } = last;
    const hasJoined = parts.some(({ join }) => join !== undefined);
    return {
      ...{ index, records: all, due },
      host: facts.shard?.host,
      ...(facts.isComplete === undefined
        ? { isLost: !isWhole(all, due), lastSentAtNs: records.starts[places.at(-1) ?? 0]?.lastNs }
        : { endedEarly: facts.incompleteReason ?? lostRecords(last, counts.at(-1) ?? all) }),
      // One that joined did not start with the others.
      startedAtNs:
        first.join === undefined
          ? (first.facts.startedAtNs ?? records.starts[places[0] ?? 0]?.firstNs)
          : undefined,
      verdict: facts.fidelity?.verdict,
      clock: measuredClock(facts.shard?.clock),
      drift: facts.clockDrift,
      incarnations: hasJoined
        ? parts.map(({ incarnation, join, facts: { shard } }, part) => ({
            ...{ incarnation, host: shard?.host, records: counts[part] },
            leftOut: at((phase) => phase.leftOut, places[part] ?? 0),
            ...{ joinedAtNs: join?.atNs, joinedPhase: join?.phase },
          }))
        : undefined,
    };
  });
}

/** What a file of records lacks that its run has counted; undefined: nothing. */
function lostRecords({ completed = 0 }: OpenedShard, { profiling }: PhaseRequests): string | undefined {
  return profiling < completed
    ? `its file holds ${profiling} of the ${counted(completed, 'record')} that its summary counts: copy its folder again`
    : undefined;
}

/** Whether each request that was due has a record. */
function isWhole(records: PhaseRequests, due: ShardAccount['due']): boolean {
  const hasWarmup = due.warmup === undefined || records.warmup === due.warmup;
  return hasWarmup && records.profiling === due.profiling;
}

/** @throws UserError for a shard that sent more than its part. */
function requireNoMore({ index, dir }: OpenedShard, records: PhaseRequests, due: ShardAccount['due']): void {
  for (const phase of ['warmup', 'profiling'] as const) {
    const most = due[phase];
    if (most === undefined || records[phase] <= most) continue;
    throw new UserError(
      `${dir} holds ${counted(records[phase], 'record')} of the ${phase} phase, and ${counted(most, 'request was', 'requests were')} due from shard ${index}: its files are those of another run.`,
    );
  }
}

/** Shards that did not send at the same time. */
export class StartsApart extends UserError {}

/** @throws StartsApart for shards that did not start together, or whose clocks tell that they did not. */
export function requireOneStart(
  accounts: readonly ShardAccount[],
  section: ShardsSection,
  maxSkewSeconds: number,
): void {
  requireOneTime(clocksApart(accounts), maxSkewSeconds);
  requireTogether(section, maxSkewSeconds);
}

/** @throws StartsApart for clocks that differ too much. */
function requireOneTime(apart: ClocksApart | undefined, maxSkewSeconds: number): void {
  if (apart === undefined || apart.leastMs <= maxSkewSeconds * 1000) return;
  throw new StartsApart(
    `Clocks are at least ${(apart.leastMs / 1000).toFixed(1)} s apart: ${apart.text}. The shards did not send at the same time.`,
    `Synchronize the clocks (chrony, ntpd) and run again; to merge these all the same, raise --max-skew (${maxSkewSeconds} s).`,
  );
}

/** @throws StartsApart for shards that started too far apart. */
function requireTogether({ shards = [], startSkewMs = 0 }: ShardsSection, maxSkewSeconds: number): void {
  if (startSkewMs <= maxSkewSeconds * 1000) return;
  const late = shards.find((shard) => shard.startSkewMs === startSkewMs);
  const first = shards.find((shard) => shard.startSkewMs === 0);
  throw new StartsApart(
    `Shard ${late?.shard} (${late?.host}) started ${(startSkewMs / 1000).toFixed(1)} s after shard ${first?.shard} (${first?.host}) by their clocks: the load of the whole run was another one, or a clock is wrong.`,
    `Start all shards with the same --start-at on machines with synchronized clocks; to merge these all the same, raise --max-skew (${maxSkewSeconds} s).`,
  );
}
