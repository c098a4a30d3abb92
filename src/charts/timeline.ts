import { counted, withThousands } from '../util/counted.js';
import type { RunChart } from './chart.js';
import type { ChartRun } from './chart-run.js';
import { figure, frame, requestsWords, timeAxis, yAxis } from './frame.js';
import { ttft } from './measures.js';
import { fewDigits } from './reduce.js';

/** Seconds, and the lane from 0. */
type Span = readonly [from: number, to: number, lane: number];

/** What all drawn requests did in one colour. */
interface Part {
  readonly name: string;
  readonly colour: 'first' | 'second' | 'bad';
  readonly spans: readonly Span[];
}

export interface Timeline {
  readonly subtitle: string;
  /** Where the time axis ends. */
  readonly seconds: number;
  readonly lanes: number;
  readonly parts: readonly Part[];
}

/** A request in its lane. */
interface Bar {
  readonly lane: number;
  readonly row: number;
}

const MOST_LANES = 100;
const MOST_BARS = 2000;
/** Of a bar, pixels. */
const THICKEST = 28;

/** Requests as bars in swim lanes: each lane holds what never ran at the same time. */
export const requestTimeline: RunChart<Timeline> = {
  name: 'request_timeline',
  title: 'Request timeline',
  data(run) {
    if (run.seconds === 0) return undefined;
    const all = lanesOf(run);
    // Every n-th lane in full, rather than a part of all.
    const every = Math.ceil(all.length / MOST_LANES);
    const lanes = all.filter((_, lane) => lane % every === 0);
    const bars = lanes.flatMap((rows, lane) => rows.map((row): Bar => ({ lane, row })));
    const drawn = bars.sort((a, b) => run.startS(a.row) - run.startS(b.row)).slice(0, MOST_BARS);
    const ends = drawn.reduce((last, { row }) => Math.max(last, run.endS(row)), 0);
    return {
      subtitle: [
        requestsWords(run),
        ...(every === 1 ? [] : [`${withThousands(lanes.length)} of ${counted(all.length, 'lane')}`]),
        ...(drawn.length === bars.length ? [] : [`the first ${figure(ends)} s`]),
      ].join('; '),
      seconds: drawn.length === bars.length ? run.seconds : ends,
      lanes: lanes.length,
      parts: partsOf(run, drawn),
    };
  },
  option({ subtitle, seconds, lanes, parts }, theme) {
    const base = frame(theme, requestTimeline.title, subtitle);
    return {
      ...base,
      legend: { ...base.legend, data: parts.map(({ name }) => ({ name, icon: 'rect' })) },
      tooltip: { ...base.tooltip, valueFormatter: (value) => `${figure(Number(value))} s` },
      xAxis: { ...timeAxis(theme, seconds), axisLine: { show: false } },
      yAxis: {
        ...yAxis(theme, counted(lanes, 'lane')),
        nameGap: 16,
        max: lanes,
        inverse: true,
        splitLine: { show: false },
        axisLabel: { show: false },
      },
      series: parts.map(({ name, colour, spans }) => ({
        type: 'custom',
        name,
        color: theme[colour],
        data: spans.map((span) => [...span]),
        dimensions: ['from', 'to', 'lane'],
        encode: { x: [0, 1], y: 2, tooltip: [0, 1] },
        clip: true,
        renderItem: (_, api) => {
          const [left = 0, middle = 0] = api.coord([api.value(0), Number(api.value(2)) + 0.5]);
          const [right = 0, below = 0] = api.coord([api.value(1), Number(api.value(2)) + 1]);
          const height = Math.min(THICKEST, 1.7 * (below - middle));
          return {
            type: 'rect',
            shape: { x: left, y: middle - height / 2, width: Math.max(0.8, right - left), height },
            style: { fill: theme[colour] },
          };
        },
      })),
    };
  },
};

/** The rows of each lane: a request takes a lane whose last one has ended when it starts. */
function lanesOf(run: ChartRun): number[][] {
  const lanes: number[][] = [];
  const laneOf = new Map<number, number>();
  const free: number[] = [];
  const byEnd = run.byEnd();
  let ended = 0;
  for (const row of run.byStart()) {
    for (
      let next = byEnd[ended];
      next !== undefined && run.endS(next) <= run.startS(row);
      next = byEnd[++ended]
    ) {
      const lane = laneOf.get(next);
      // One that takes no time has its end before it has its lane.
      if (lane === undefined) break;
      free.push(lane);
    }
    const lane = free.pop() ?? lanes.push([]) - 1;
    laneOf.set(row, lane);
    lanes[lane]?.push(row);
  }
  return lanes;
}

/** Requests up to their first token and from there, or whole where there is none; failed ones apart. */
function partsOf(run: ChartRun, bars: readonly Bar[]): Part[] {
  const waiting: Span[] = [];
  const receiving: Span[] = [];
  const whole: Span[] = [];
  const failed: Span[] = [];
  for (const { lane, row } of bars) {
    const [start, end] = [fewDigits(run.startS(row)), fewDigits(run.endS(row))];
    const first = fewDigits(run.startS(row) + run.value(ttft.metric, row) / 1000);
    if (run.isFailed(row)) failed.push([start, end, lane]);
    else if (Number.isNaN(first)) whole.push([start, end, lane]);
    else {
      waiting.push([start, first, lane]);
      receiving.push([first, Math.max(first, end), lane]);
    }
  }
  const parts: Part[] = [
    { name: 'Waiting for the first token', colour: 'second', spans: waiting },
    { name: 'Receiving tokens', colour: 'first', spans: receiving },
    { name: 'In flight', colour: 'first', spans: whole },
    { name: 'Failed', colour: 'bad', spans: failed },
  ];
  return parts.filter(({ spans }) => spans.length > 0);
}
