import type { Snapshot } from '../../../collect/snapshot.js';
import { wrap } from '../../../report/wrap.js';
import { type Row, span, type Tone } from '../rows.js';
import type { Panel } from './panel.js';

export const verdictTones = {
  'client ok': 'good',
  'client strained': 'warn',
  'client limited': 'bad',
} as const;
const MOST_ROWS = 12;
/** The limits of the verdict on the client (docs/fidelity.md), ms. */
const STRAINED_MS = 5;
const LIMITED_MS = 10;

/** @param p99 of how late requests were sent, ms. */
export function latenessTone(p99: number): Tone | undefined {
  return p99 >= LIMITED_MS ? 'bad' : p99 >= STRAINED_MS ? 'warn' : undefined;
}

/** Why the client is strained or limited so far, in full. */
export const clientPanel: Panel = {
  name: 'client',
  title: ({ snapshot }) => [span('Client', 'title'), '  ', ...verdictRow(snapshot?.fidelity).slice(0, 1)],
  rows: ({ snapshot }, width) => {
    const rows = reasonRows(snapshot?.fidelity, width).length;
    return { least: Math.min(rows, 2), most: Math.min(rows, MOST_ROWS) };
  },
  draw: ({ snapshot }, width, height) => reasonRows(snapshot?.fidelity, width).slice(0, height),
};

/** The verdict so far, with its most serious reason. */
export function verdictRow(fidelity: Snapshot['fidelity']): Row {
  if (fidelity === undefined) return [span('not judged yet', 'dim')];
  const [reason] = fidelity.reasons;
  return [
    span(fidelity.verdict.replace('client ', ''), verdictTones[fidelity.verdict]),
    reason === undefined ? '' : `: ${reason.sentence}`,
  ];
}

function reasonRows(fidelity: Snapshot['fidelity'], width: number): Row[] {
  return (fidelity?.reasons ?? []).flatMap(({ sentence }) =>
    wrap(sentence, width - 2).map((line, i): Row => [i === 0 ? '• ' : '  ', line]),
  );
}
