import type { Snapshot } from '../collect/snapshot.js';

/** A counter or gauge of the progress of a phase, by AIPerf's name. */
export interface ProgressSum {
  readonly name: string;
  readonly description: string;
  readonly unit: '1' | 's';
  readonly isMonotonic: boolean;
  readonly value: (snapshot: Snapshot) => number;
}

/** As counted when responses arrive: their records may still wait to be processed. */
export const progressSums: readonly ProgressSum[] = [
  counter('requests.sent', 'Requests sent', ({ requests }) => requests.issued),
  counter(
    'requests.completed',
    'Requests that ended, failed ones included',
    ({ requests }) => requests.returned - requests.cancelled,
  ),
  counter('requests.cancelled', 'Requests cancelled as planned', ({ requests }) => requests.cancelled),
  counter('requests.errors', 'Requests that failed', ({ requests }) => requests.failed + requests.dropped),
  counter('sessions.sent', 'Sessions started', ({ sessions }) => sessions.started),
  counter('sessions.completed', 'Sessions that ended', ({ sessions }) => sessions.ended),
  counter('sessions.turns_total', 'Turns sent', ({ requests }) => requests.issued),
  gauge('requests.in_flight', 'Requests in flight', '1', ({ requests }) => requests.inFlight),
  gauge('sessions.in_flight', 'Sessions in flight', '1', ({ sessions }) => sessions.started - sessions.ended),
  gauge(
    'phase.elapsed_sec',
    'Time since the start of the phase',
    's',
    ({ elapsedSeconds }) => elapsedSeconds,
  ),
];

function counter(name: string, description: string, value: ProgressSum['value']): ProgressSum {
  return { name: `aiperf.timing.${name}`, description, unit: '1', isMonotonic: true, value };
}

function gauge(
  name: string,
  description: string,
  unit: ProgressSum['unit'],
  value: ProgressSum['value'],
): ProgressSum {
  return { name: `aiperf.timing.${name}`, description, unit, isMonotonic: false, value };
}
