import { withThousands } from '../../../util/counted.js';
import { progressBar } from '../bars.js';
import { elapsedText, etaText } from '../quantities.js';
import { type Row, rowWidth, span, spread, type Tone } from '../rows.js';
import type { Watched } from '../state.js';

interface Phase {
  readonly name: string;
  readonly tone: Tone;
  /** Undefined where the total is not known. */
  readonly share: number | undefined;
  readonly count: string;
  readonly elapsedSeconds: number;
  readonly etaSeconds: number | undefined;
}

/** What is measured, and how far it is: two rows. */
export function headerRows(watched: Watched, status: Row, width: number): [Row, Row] {
  const phase = phaseOf(watched);
  const name: Row = [span(phase?.name ?? 'Preparing', phase?.tone ?? 'accent')];
  const subject = subjectOf(watched);
  const gap = Math.max(2, Math.floor((width - rowWidth([subject])) / 2) - rowWidth(name));
  return [
    spread([...name, ' '.repeat(gap), span(subject, 'title')], status, width),
    phase === undefined ? [] : progressRow(phase, width),
  ];
}

function subjectOf({ run }: Watched): string {
  if (run === undefined) return 'AIPerf';
  const { models, endpointType, load, place } = run;
  const run_ = place === undefined ? '' : ` · run ${place.number} of ${place.of}`;
  return `AIPerf · ${models.join(', ')} · ${endpointType} · ${load}${run_}`;
}

function phaseOf({ snapshot }: Watched): Phase | undefined {
  if (snapshot === undefined) return undefined;
  const { phase, processing, requests, share, elapsedSeconds, etaSeconds } = snapshot;
  if (processing !== undefined) {
    const { records, total } = processing;
    return {
      ...{ name: 'Processing', tone: 'accent' },
      share: total === 0 ? 1 : records / total,
      count: `${withThousands(records)} / ${withThousands(total)} records`,
      elapsedSeconds: processing.elapsedSeconds,
      etaSeconds: processing.etaSeconds,
    };
  }
  const { planned, returned } = requests;
  const total = planned === undefined ? '' : ` / ${withThousands(planned)}`;
  return {
    ...(phase === 'warmup' ? { name: 'Warmup', tone: 'warn' } : { name: 'Profiling', tone: 'good' }),
    count: `${withThousands(returned)}${total} requests`,
    ...{ share, elapsedSeconds, etaSeconds },
  };
}

/** The bar takes what the figures leave; their widths change as little as possible. */
function progressRow({ share, count, elapsedSeconds, etaSeconds, tone }: Phase, width: number): Row {
  const times = `${elapsedText(elapsedSeconds).padStart(9)}  ETA ${(etaSeconds === undefined ? '?' : etaText(etaSeconds)).padEnd(7)}`;
  const percentage = share === undefined ? '' : `${String(Math.floor(share * 100)).padStart(3)}%  `;
  const right = `  ${percentage}${count}${times}`;
  const { done, left } = progressBar(share ?? 0, Math.max(10, width - right.length));
  return [span(done, tone), span(left, 'dim'), right];
}
