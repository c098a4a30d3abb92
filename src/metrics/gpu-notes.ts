import { counted } from '../util/counted.js';
import { percent } from './format.js';
import { coversPhase, type GpuPower } from './gpu-power.js';

/** Energy that changes less often in the phase than this may be off by more than a tenth. */
const FEW_UPDATES = 10;

/** A sentence for each thing that limits what the power and energy of a vendor's GPUs say. */
export function powerNotes(power: GpuPower): string[] {
  const { gpus, covered, integrated, duplicates, updates } = power;
  const notes: string[] = [];
  if (!coversPhase(power)) {
    notes.push(
      `GPU power was measured for ${percent(covered, 0)} of the run; energy per request and per token ` +
        'assumes the same mean power for the rest.',
    );
  }
  if (integrated > 0) {
    notes.push(
      `Energy of ${counted(integrated, 'GPU')} is integrated from power samples: the source has no energy counter.`,
    );
  }
  if (duplicates > 0) {
    notes.push(
      `${counted(duplicates, 'GPU')} reported by more than one source, counted once in power and energy.`,
    );
  }
  if (updates !== undefined && updates < FEW_UPDATES) {
    notes.push(
      `The energy counters of ${counted(gpus, 'GPU')} changed ${counted(updates, 'time')} during the run: energy may be ` +
        'off by more than 10 %. DCGM exporter updates every 30 s unless --collect-interval is lower.',
    );
  }
  return notes;
}
