import type { Snapshot } from '../../../collect/snapshot.js';
import { percent } from '../../../metrics/format.js';
import { short } from '../../../report/figures.js';
import { wrap } from '../../../report/wrap.js';
import { withThousands } from '../../../util/counted.js';
import { grid, type Row, span, type Tone } from '../rows.js';
import type { Watched } from '../state.js';
import { latenessTone, verdictRow } from './client.js';
import type { Panel } from './panel.js';

const LABEL = 11;
/** Columns that an item needs: on wider screens items are side by side. */
const ITEM = 39;
/** Less than this share of the planned rate is worth a colour. */
const ON_RATE = 0.95;

/** How far the phase is, its load against the plan, and whether the client keeps up. */
export const progressPanel: Panel = {
  name: 'progress',
  title: () => [span('Load', 'title')],
  rows: (_watched, width) => {
    const rows = width < 2 * ITEM ? 9 : 5;
    return { least: rows, most: rows };
  },
  draw: ({ snapshot, log }, width, height) => {
    if (snapshot === undefined) return preparing(log, width).slice(0, height);
    return [...itemRows(snapshot, width), [label('Client'), ...verdictRow(snapshot.fidelity)]];
  },
};

/** What a run on several machines waits for is in full here: a line of the log is cut. */
function preparing(log: Watched['log'], width: number): Row[] {
  const waiting = log.findLast(({ logger }) => logger === 'cluster');
  return [
    [span('The run is being prepared.', 'dim')],
    ...(waiting === undefined ? [] : wrap(waiting.message, width).map((line): Row => [line])),
  ];
}

/** Progress on the left and load on the right, or below it. */
function itemRows(snapshot: Snapshot, width: number): Row[] {
  const [progress, load] = [progressItems(snapshot), loadItems(snapshot)];
  if (width < 2 * ITEM) return [...progress, ...load];
  return grid(
    progress.flatMap((item, i) => [item, load[i] ?? []]),
    2,
    width,
  );
}

function progressItems(snapshot: Snapshot): Row[] {
  const { requests, requestsPerSecond, lastSecond } = snapshot;
  const { returned, planned } = requests;
  const total = planned === undefined ? '' : ` / ${withThousands(planned)} (${percent(returned / planned)})`;
  const failed = requests.failed + requests.dropped;
  const share = returned === 0 ? 0 : failed / returned;
  const tone: Tone = failed === 0 ? 'good' : share <= 0.1 ? 'warn' : 'bad';
  return [
    item('Requests', `${withThousands(returned)}${total}`),
    item('Errors', `${withThousands(failed)} / ${withThousands(returned)} (${percent(share)})`, tone),
    item('Completed', `${short(requestsPerSecond)} req/s, now ${short(lastSecond.requests)}`),
    item('Records', recordsText(snapshot)),
  ];
}

function loadItems({ load, requests, processing }: Snapshot): Row[] {
  const { plannedPerSecond, plannedInFlight, sentPerSecond, due, latenessMs } = load;
  const isSending = processing === undefined && requests.issued !== requests.planned;
  const isBehind = isSending && plannedPerSecond !== undefined && sentPerSecond < ON_RATE * plannedPerSecond;
  const planned = plannedPerSecond === undefined ? '' : ` of ${short(plannedPerSecond)}`;
  const limit = plannedInFlight === undefined ? '' : ` of ${withThousands(plannedInFlight)}`;
  const schedule =
    due === undefined ? '' : `, ${withThousands(requests.issued)} sent of ${withThousands(due)} due`;
  return [
    item('Sent', `${short(sentPerSecond)}${planned} req/s${schedule}`, isBehind ? 'warn' : undefined),
    item('In flight', `${withThousands(requests.inFlight)}${limit}`),
    [label('Lateness'), ...latenessSpans(latenessMs)],
    item('Cancelled', withThousands(requests.cancelled)),
  ];
}

function latenessSpans(latenessMs: Snapshot['load']['latenessMs']): Row {
  if (latenessMs === undefined) return [span('not known yet', 'dim')];
  const { p99, max } = latenessMs;
  return [span(`p99 ${short(p99)}`, latenessTone(p99)), `, max ${short(max)} ms`];
}

function recordsText({ backlog, processing }: Snapshot): string {
  const waiting = backlog <= 0 ? 'none waits' : `${withThousands(backlog)} waiting`;
  return processing === undefined ? waiting : `${short(processing.recordsPerSecond)} records/s, ${waiting}`;
}

function item(name: string, text: string, tone?: Tone): Row {
  return [label(name), span(text, tone)];
}

function label(name: string) {
  return span(name.padEnd(LABEL), 'dim');
}
