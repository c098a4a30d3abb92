import type { GpuHistory } from '../telemetry/gpu/gpu-history.js';
import type { GpuPlatform } from '../telemetry/gpu/gpu-metrics.js';
import { type CounterGrowth, gaugeIn, growthIn } from './gpu-results.js';
import type { Window } from './request-table.js';

/** Power and energy of all GPUs of one vendor in the phase. */
export interface GpuPower {
  readonly platform: GpuPlatform;
  /** GPUs that were counted, each once. */
  readonly gpus: number;
  /** Energy between the samples, J. */
  readonly joules: number;
  /** Energy of the whole phase, J: that, or mean power times the phase for a GPU that was not measured throughout. */
  readonly phaseJoules: number;
  /** Mean power of all GPUs together over the time that their samples cover, W. */
  readonly watts: number;
  /** Sum of the means of their power samples, W; undefined where there are none. */
  readonly sampledWatts: number | undefined;
  /** Least share of the phase that the samples of a GPU cover, from 0 to 1. */
  readonly covered: number;
  /** GPUs without a counter of energy: it is integrated from power. */
  readonly integrated: number;
  /** GPUs of which more than one source reported, by UUID. */
  readonly duplicates: number;
  /** Least number of times that the energy counter of a GPU changed; undefined without one. */
  readonly updates: number | undefined;
}

/** From which share on the samples cover the phase: the rest is the distance between two samples. */
const WHOLE = 0.98;

/** Between samples that are further apart, power is not known. */
const LONGEST_GAP_NS = 5e9;

/**
 * Power and energy by vendor; a vendor without energy in the phase is left out.
 * @param names of the metrics of power (W) and of the energy counter (MJ), by vendor.
 */
export function gpuPower(
  histories: readonly GpuHistory[],
  names: Readonly<Record<GpuPlatform, { readonly power: string; readonly energy: string }>>,
  phase: Window,
): readonly GpuPower[] {
  return (['nvidia', 'amd'] as const).flatMap((platform) => {
    const measured = histories
      .filter(({ gpu }) => gpu.platform === platform)
      .flatMap((history) => energyOf(history, names[platform], phase) ?? []);
    const { counted, duplicates } = eachOnce(measured);
    if (counted.length === 0) return [];
    const sum = (of: (one: GpuEnergy) => number) => counted.reduce((total, one) => total + of(one), 0);
    const phaseSeconds = (phase.toNs - phase.fromNs) / 1e9;
    const updates = counted.flatMap((one) => one.updates ?? []);
    const sampled = counted.flatMap((one) => one.sampledWatts ?? []);
    return [
      {
        ...{ platform, gpus: counted.length, duplicates },
        // Megajoules are summed first: the digits are those of AIPerf.
        joules: sum(({ megajoules }) => megajoules) * 1e6,
        phaseJoules:
          sum(({ covered, megajoules, watts }) =>
            covered >= WHOLE ? megajoules : (watts * phaseSeconds) / 1e6,
          ) * 1e6,
        watts: sum(({ watts }) => watts),
        sampledWatts: sampled.length === 0 ? undefined : sampled.reduce((total, watts) => total + watts, 0),
        covered: Math.min(...counted.map(({ covered }) => covered)),
        integrated: counted.filter(({ isIntegrated }) => isIntegrated).length,
        updates: updates.length === 0 ? undefined : Math.min(...updates),
      },
    ];
  });
}

/** Whether the energy of the phase is measured, not extended from a part of it. */
export function coversPhase({ covered }: GpuPower): boolean {
  return covered >= WHOLE;
}

/** Energy of one GPU between its samples. */
interface GpuEnergy {
  readonly uuid: string;
  readonly megajoules: number;
  readonly watts: number;
  readonly sampledWatts: number | undefined;
  readonly covered: number;
  readonly isIntegrated: boolean;
  readonly updates: number | undefined;
}

function energyOf(
  { gpu, times, values }: GpuHistory,
  names: { readonly power: string; readonly energy: string },
  phase: Window,
): GpuEnergy | undefined {
  const [energy, power] = [values.get(names.energy), values.get(names.power)];
  const growth = energy && growthIn(times, energy, phase);
  const known = growth ? counted(growth, phase) : power && integrated(times, power, phase);
  if (known === undefined || known.covered <= 0) return undefined;
  return {
    ...known,
    uuid: gpu.uuid,
    sampledWatts: power && gaugeIn(times, power, phase)?.avg,
    updates: energy && growth && changesIn(times, energy, growth),
  };
}

type Energy = Pick<GpuEnergy, 'megajoules' | 'watts' | 'covered' | 'isIntegrated'>;

function counted({ total, fromNs, toNs }: CounterGrowth, phase: Window): Energy {
  const insideNs = Math.min(toNs, phase.toNs) - Math.max(fromNs, phase.fromNs);
  return {
    megajoules: total,
    watts: (total * 1e6) / ((toNs - fromNs) / 1e9),
    covered: insideNs / (phase.toNs - phase.fromNs),
    isIntegrated: false,
  };
}

/** Power over time by the trapezoidal rule, cut to the phase. */
function integrated(times: Float64Array, power: Float64Array, phase: Window): Energy | undefined {
  let joules = 0;
  let coveredNs = 0;
  let last = -1;
  for (let i = 0; i < times.length; i++) {
    if (Number.isNaN(power[i] ?? Number.NaN)) continue;
    if (last >= 0) {
      const [startNs, endNs] = [times[last] ?? 0, times[i] ?? 0];
      const [fromNs, toNs] = [Math.max(startNs, phase.fromNs), Math.min(endNs, phase.toNs)];
      if (fromNs < toNs && endNs - startNs <= LONGEST_GAP_NS) {
        const slope = ((power[i] ?? 0) - (power[last] ?? 0)) / (endNs - startNs);
        const middle = (power[last] ?? 0) + slope * ((fromNs + toNs) / 2 - startNs);
        joules += middle * ((toNs - fromNs) / 1e9);
        coveredNs += toNs - fromNs;
      }
    }
    last = i;
  }
  if (coveredNs === 0) return undefined;
  return {
    megajoules: joules / 1e6,
    watts: joules / (coveredNs / 1e9),
    covered: coveredNs / (phase.toNs - phase.fromNs),
    isIntegrated: true,
  };
}

/** How often a value changed between two times. */
function changesIn(times: Float64Array, values: Float64Array, { fromNs, toNs }: Window): number {
  let changes = 0;
  let last = Number.NaN;
  for (let i = 0; i < times.length; i++) {
    const value = values[i] ?? Number.NaN;
    if (Number.isNaN(value) || (times[i] ?? 0) < fromNs || (times[i] ?? 0) > toNs) continue;
    if (!Number.isNaN(last) && value !== last) changes++;
    last = value;
  }
  return changes;
}

/** Of several sources that report one GPU, that which covers most of the phase; a counter before an integral. */
function eachOnce(measured: readonly GpuEnergy[]): { counted: GpuEnergy[]; duplicates: number } {
  const ranked = [...measured].sort(
    (a, b) => Number(a.isIntegrated) - Number(b.isIntegrated) || b.covered - a.covered,
  );
  const seen = new Set<string>();
  const duplicated = new Set<string>();
  const counted = ranked.filter(({ uuid }) => {
    if (uuid === '') return true;
    if (seen.has(uuid)) duplicated.add(uuid);
    return !seen.has(uuid) && seen.add(uuid);
  });
  return { counted: measured.filter((one) => counted.includes(one)), duplicates: duplicated.size };
}
