import { dueRequests } from '../load/parts.js';
import type { LoadPlan } from '../load/plan.js';
import type { PhaseCounts } from '../records/spool.js';
import { counted } from '../util/counted.js';
import { andList } from '../util/lists.js';
import type { Shard } from './shard.js';

/** What became of a shard. */
interface ShardResult {
  readonly shard: number;
  /** Of the process that took part; undefined: none did. */
  readonly host: string | undefined;
  /** How many processes have held it. */
  readonly incarnations: number;
  readonly state: 'complete' | 'cut short' | 'missing';
  readonly records: PhaseCounts;
  /** Requests that it had to send; undefined where that depends on the server. */
  readonly due: Partial<PhaseCounts>;
  /** Those of them without a record. */
  readonly missing: Partial<PhaseCounts>;
  /** When it was lost, ns since the origin of the round. */
  readonly lostAtNs: number | undefined;
  readonly threads: number;
  /** Of its clock to the coordinator's: the offset at the start, the greatest error, and how far it drifted from that, ns. */
  readonly clock:
    | { readonly offsetNs: number; readonly errorNs: number; readonly driftNs: number }
    | undefined;
  /** The most bytes that waited on its disk. */
  readonly peakUnsentBytes: number | undefined;
}

/** How the records of all shards were put together. */
export interface MergeReport {
  readonly shards: readonly ShardResult[];
  /** Sentences: why the result is not that of all due requests. Empty: the merge is exact. */
  readonly reasons: readonly string[];
}

type PhaseName = keyof PhaseCounts;

/**
 * Compares what each shard had to send with what has a record.
 * @param phaseStartNs of profiling, ns since the origin of the round. @param wasCut the run was ended early on purpose: what was not sent is not missing.
 */
export function reportMerge(
  shards: readonly Shard[],
  load: LoadPlan,
  phaseStartNs: number,
  wasCut: boolean,
): MergeReport {
  const due = load.phases.map((phase) => ({
    name: phase.name,
    of: wasCut ? undefined : dueRequests(load, phase, shards.length),
  }));
  const results = shards.map((shard) => resultOf(shard, due));
  const reasons = results.flatMap((result, i) => {
    const shard = shards[i];
    return shard === undefined ? [] : (reasonOf(shard, result, phaseStartNs) ?? []);
  });
  return { shards: results, reasons };
}

function resultOf(
  shard: Shard,
  phases: readonly { readonly name: PhaseName; readonly of: readonly number[] | undefined }[],
): ShardResult {
  const records = shard.receiver?.received ?? { warmup: 0, profiling: 0 };
  const due: Partial<Record<PhaseName, number>> = {};
  const missing: Partial<Record<PhaseName, number>> = {};
  for (const { name, of } of phases) {
    const owed = of?.[shard.number];
    if (owed === undefined) continue;
    due[name] = owed;
    missing[name] = Math.max(0, owed - records[name]);
  }
  const lacks = (missing.warmup ?? 0) + (missing.profiling ?? 0);
  const isCut = shard.receiver?.seal === undefined || shard.receiver.seal.cut !== undefined || lacks > 0;
  const [first] = shard.clocks;
  return {
    shard: shard.number,
    host: shard.ready?.host,
    incarnations: shard.incarnations.length,
    state: shard.ready === undefined ? 'missing' : isCut ? 'cut short' : 'complete',
    ...{ records, due, missing },
    lostAtNs: shard.loss?.atNs,
    threads: shard.ready?.threads ?? 0,
    clock: first && {
      offsetNs: first.offsetNs,
      errorNs: Math.max(...shard.clocks.map(({ errorNs }) => errorNs)),
      driftNs: driftOf(shard),
    },
    peakUnsentBytes: shard.receiver?.seal?.peakUnsentBytes,
  };
}

/** The greatest change of the offset; of another coordinator's clock nothing is known. */
function driftOf({ clocks }: Shard): number {
  const [first] = clocks;
  if (first === undefined) return 0;
  const same = clocks.filter(({ clock }) => clock === first.clock);
  const changes = same.map(({ offsetNs }) => offsetNs - first.offsetNs);
  return changes.reduce((most, change) => (Math.abs(change) > Math.abs(most) ? change : most), 0);
}

/** Why a shard's part is not complete; undefined: it is. */
function reasonOf(
  shard: Shard,
  { state, due, missing, host }: ShardResult,
  phaseStartNs: number,
): string | undefined {
  if (state === 'complete') return undefined;
  const { loss, receiver } = shard;
  const where = host === undefined ? '' : ` (${host})`;
  const at = loss === undefined ? '' : ` ${((loss.atNs - phaseStartNs) / 1e9).toFixed(1)} s after the start`;
  const why = loss?.why ?? receiver?.seal?.cut ?? 'ended early';
  return `Shard ${shard.number}${where} ${why}${at}: ${lackText(shard, due, missing)}`;
}

function lackText(shard: Shard, due: ShardResult['due'], missing: ShardResult['missing']): string {
  const known = (['warmup', 'profiling'] as const).flatMap((name) => {
    const [owed, lacks] = [due[name], missing[name]];
    if (owed === undefined || lacks === undefined) return [];
    const of = name === 'warmup' ? ' of the warm-up' : '';
    return [`${lacks} of its ${counted(owed, 'due request')}${of}`];
  });
  if (known.length > 0) return `${andList(known)} have no record.`;
  const { profiling } = shard.receiver?.received ?? { profiling: 0 };
  const issued = shard.lastIssued;
  return `how many requests were due depends on the server; it has ${counted(profiling, 'record')}${
    issued === undefined ? '' : ` of ${counted(issued, 'request')} that it had sent by its last report`
  }.`;
}
