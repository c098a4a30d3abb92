import type { CollectorFigures } from '../collect/live-figures.js';
import type { LiveFidelity, LiveVerdicts } from '../collect/snapshot.js';
import type { Roof } from '../fidelity/roof.js';
import { SendStatsCollector } from '../fidelity/send-stats.js';
import { bySeriousness, worstVerdict } from '../fidelity/seriousness.js';
import { type Evidence, verdictOn } from '../fidelity/verdict.js';
import type { PhasePlan } from '../load/plan.js';
import type { ClientReport } from '../load/source.js';
import { evidenceOf } from './client-evidence.js';
import type { WithheldCpu } from './withheld-cpu.js';

/** The verdict is computed at most this often. */
const EVERY_NS = 1e9;

interface LiveFidelitySources {
  nowNs(): number;
  /** When the phase started. */
  readonly startNs: number;
  /** Delay that was added to the schedule, ns. */
  movedNs(): number;
  /** Since the start of the phase. */
  withheld(): WithheldCpu;
  /** Called once. */
  readRoof(): Roof | undefined;
  /** What each machine that sends the load has observed of itself; absent: this one sends it. */
  readonly clients?: (() => readonly ClientReport[]) | undefined;
}

/**
 * Judges the client while a phase runs, by the rules of the final verdict except the one on read lag, whose percentiles
 * are known at the end only.
 * @returns the verdict so far; undefined in a warm-up, and before the load threads have observed themselves.
 */
export function openLiveFidelity(
  plan: PhasePlan,
  sources: LiveFidelitySources,
): (figures: CollectorFigures) => LiveVerdicts | undefined {
  let known: LiveVerdicts | undefined;
  let knownNs = Number.NEGATIVE_INFINITY;
  let roof: { readonly is: Roof | undefined } | undefined;
  const judged = (evidence: Evidence): LiveFidelity => {
    const { verdict, reasons } = verdictOn({ ...evidence, elapsedNs: sources.nowNs() - sources.startNs });
    return { verdict, reasons: reasons.map(({ level, sentence }) => ({ level, sentence })) };
  };
  return ({ client, profiling }) => {
    if (plan.name === 'warmup' || client === undefined) return undefined;
    const nowNs = sources.nowNs();
    if (nowNs - knownNs < EVERY_NS) return known;
    if (sources.clients !== undefined) {
      const shards = sources.clients().flatMap(({ share, untilNs: _, sendDelayNs, ...seen }) => {
        const sends = client.shardSends.get(share.source) ?? noSends;
        const evidence = { ...evidenceOf(plan, [], { ...seen, sends }, share), sendDelayNs };
        return seen.threads.length === 0 ? [] : [[share.source, judged(evidence)] as const];
      });
      known = shards.length === 0 ? undefined : { whole: wholeOf(shards), shards: new Map(shards) };
    } else if (client.threads.length > 0) {
      roof ??= { is: sources.readRoof() };
      const { threads, sends } = client;
      const seen = { threads, sends, ...sources.withheld(), movedNs: sources.movedNs(), roof: roof.is };
      known = { whole: judged(evidenceOf(plan, profiling.metrics, seen)), shards: new Map() };
    }
    if (known !== undefined) knownNs = nowNs;
    return known;
  };
}

const noSends = new SendStatsCollector().stats;

/** The verdict of the worst, with the reasons of each. */
function wholeOf(shards: readonly (readonly [number, LiveFidelity])[]): LiveFidelity {
  return {
    verdict: worstVerdict(shards.map(([, { verdict }]) => verdict)) ?? 'client ok',
    reasons: bySeriousness(
      shards.flatMap(([shard, { reasons }]) =>
        reasons.map(({ level, sentence }) => ({ level, sentence: `shard ${shard}: ${sentence}` })),
      ),
    ),
  };
}
