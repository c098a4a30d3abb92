import type { CollectorFigures } from '../collect/live-figures.js';
import type { LiveFidelity } from '../collect/snapshot.js';
import type { Roof } from '../fidelity/roof.js';
import { verdictOn } from '../fidelity/verdict.js';
import type { PhasePlan } from '../load/plan.js';
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
}

/**
 * Judges the client while a phase runs, by the rules of the final verdict except the one on read lag, whose percentiles
 * are known at the end only.
 * @returns the verdict so far; undefined in a warm-up, and before the load threads have observed themselves.
 */
export function openLiveFidelity(
  plan: PhasePlan,
  sources: LiveFidelitySources,
): (figures: CollectorFigures) => LiveFidelity | undefined {
  let known: LiveFidelity | undefined;
  let knownNs = Number.NEGATIVE_INFINITY;
  let roof: { readonly is: Roof | undefined } | undefined;
  return ({ client, profiling }) => {
    if (plan.name === 'warmup' || client === undefined || client.threads.length === 0) return undefined;
    const nowNs = sources.nowNs();
    if (nowNs - knownNs < EVERY_NS) return known;
    knownNs = nowNs;
    roof ??= { is: sources.readRoof() };
    const seen = { ...client, ...sources.withheld(), movedNs: sources.movedNs(), roof: roof.is };
    const evidence = evidenceOf(plan, profiling.metrics, seen);
    const { verdict, reasons } = verdictOn({ ...evidence, elapsedNs: nowNs - sources.startNs });
    known = { verdict, reasons: reasons.map(({ level, sentence }) => ({ level, sentence })) };
    return known;
  };
}
