import { type SessionFacts, sessionsOf } from '../metrics/sessions.js';
import { counted, withThousands } from '../util/counted.js';
import type { RunChart } from './chart.js';
import type { ChartRun } from './chart-run.js';
import { figure, frame, timeAxis, yAxis } from './frame.js';
import { ttft } from './measures.js';
import { fewDigits } from './reduce.js';

/** Seconds, and the row from 0. */
type Span = readonly [from: number, to: number, row: number];

interface Part {
  readonly name: string;
  readonly colour: 'line' | 'first' | 'second' | 'bad';
  /** Of the height of a row. */
  readonly height: number;
  readonly spans: readonly Span[];
}

export interface SessionLanes {
  readonly subtitle: string;
  readonly seconds: number;
  /** Rows of all lanes. */
  readonly rows: number;
  readonly parts: readonly Part[];
}

const MOST_SESSIONS = 400;
const MOST_ROWS = 120;
const MOST_BARS = 4000;
/** Of a row, pixels. */
const THICKEST = 26;

/**
 * Sessions with several requests in swim lanes: a lane holds sessions that never ran at the same time, and has a row for
 * each of its agents.
 */
export const sessionLanes: RunChart<SessionLanes> = {
  name: 'session_lanes',
  title: 'Sessions',
  data(run) {
    const sessions = sessionsOf(run.table);
    if (sessions.length === 0) return undefined;
    const drawn = sessions.slice(0, MOST_SESSIONS);
    const { lanes, rows } = lanesOf(run, drawn);
    const shown = lanes.filter(({ firstRow, height }) => firstRow + height <= MOST_ROWS);
    const bars = shown.flatMap(({ sessions: own }) => own);
    const isCut = drawn.length < sessions.length || shown.length < lanes.length;
    return {
      subtitle: [
        counted(sessions.length, 'session'),
        ...(isCut
          ? [`${withThousands(bars.length)} of them in ${counted(shown.length, 'lane')}`]
          : [counted(lanes.length, 'lane')]),
      ].join('; '),
      seconds: isCut ? Math.max(...bars.map(({ facts }) => run.sinceStart(facts.endNs))) : run.seconds,
      rows: Math.min(rows, MOST_ROWS),
      parts: partsOf(run, bars),
    };
  },
  option({ subtitle, seconds, rows, parts }, theme) {
    const base = frame(theme, sessionLanes.title, subtitle);
    return {
      ...base,
      legend: { ...base.legend, data: parts.map(({ name }) => ({ name, icon: 'rect' })) },
      tooltip: { ...base.tooltip, valueFormatter: (value) => `${figure(Number(value))} s` },
      xAxis: { ...timeAxis(theme, seconds), axisLine: { show: false } },
      yAxis: {
        ...yAxis(theme, 'Sessions in parallel'),
        nameGap: 16,
        max: rows,
        inverse: true,
        splitLine: { show: false },
        axisLabel: { show: false },
      },
      series: parts.map(({ name, colour, height: share, spans }) => ({
        type: 'custom',
        name,
        color: theme[colour],
        data: spans.map((span) => [...span]),
        dimensions: ['from', 'to', 'row'],
        encode: { x: [0, 1], y: 2, tooltip: [0, 1] },
        clip: true,
        renderItem: (_, api) => {
          const [left = 0, middle = 0] = api.coord([api.value(0), Number(api.value(2)) + 0.5]);
          const [right = 0, below = 0] = api.coord([api.value(1), Number(api.value(2)) + 1]);
          const height = share * Math.min(THICKEST, 1.7 * (below - middle));
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

interface PlacedSession {
  readonly facts: SessionFacts;
  readonly firstRow: number;
  /** Row of each agent within the lane. */
  readonly rowOf: ReadonlyMap<number, number>;
}

interface Lane {
  readonly firstRow: number;
  readonly height: number;
  readonly sessions: readonly PlacedSession[];
}

/** A session takes the first lane whose last one has ended when it starts. @param sessions in order of their starts. */
function lanesOf(run: ChartRun, sessions: readonly SessionFacts[]): { lanes: Lane[]; rows: number } {
  const lanes: {
    endNs: number;
    height: number;
    sessions: { facts: SessionFacts; rowOf: Map<number, number> }[];
  }[] = [];
  for (const facts of sessions) {
    const rowOf = new Map<number, number>();
    for (const row of facts.rows) {
      const agent = run.table.sessionRows.agent(row);
      if (!rowOf.has(agent)) rowOf.set(agent, rowOf.size);
    }
    let lane = lanes.find(({ endNs }) => endNs <= facts.startNs);
    if (lane === undefined) {
      lane = { endNs: 0, height: 0, sessions: [] };
      lanes.push(lane);
    }
    lane.endNs = facts.endNs;
    lane.height = Math.max(lane.height, rowOf.size);
    lane.sessions.push({ facts, rowOf });
  }
  let rows = 0;
  const placed = lanes.map(({ height, sessions: own }) => {
    const firstRow = rows;
    rows += height;
    return { firstRow, height, sessions: own.map((session) => ({ ...session, firstRow })) };
  });
  return { lanes: placed, rows };
}

/** The whole length of each session and agent as a thin bar, and its requests on it. */
function partsOf(run: ChartRun, sessions: readonly PlacedSession[]): Part[] {
  const idle: Span[] = [];
  const waiting: Span[] = [];
  const receiving: Span[] = [];
  const whole: Span[] = [];
  const failed: Span[] = [];
  let bars = 0;
  for (const { facts, firstRow, rowOf } of sessions) {
    const extents = new Map<number, [number, number]>();
    for (const row of facts.rows) {
      if (++bars > MOST_BARS) break;
      const place = firstRow + (rowOf.get(run.table.sessionRows.agent(row)) ?? 0);
      const [start, end] = [fewDigits(run.startS(row)), fewDigits(run.endS(row))];
      const extent = extents.get(place);
      if (extent === undefined) extents.set(place, [start, end]);
      else extent[1] = Math.max(extent[1], end);
      const first = fewDigits(run.startS(row) + run.value(ttft.metric, row) / 1000);
      if (run.isFailed(row)) failed.push([start, end, place]);
      else if (Number.isNaN(first)) whole.push([start, end, place]);
      else {
        waiting.push([start, first, place]);
        receiving.push([first, Math.max(first, end), place]);
      }
    }
    for (const [place, [from, to]] of extents) idle.push([from, to, place]);
  }
  const parts: Part[] = [
    { name: 'Between requests', colour: 'line', height: 0.35, spans: idle },
    { name: 'Waiting for the first token', colour: 'second', height: 0.9, spans: waiting },
    { name: 'Receiving tokens', colour: 'first', height: 0.9, spans: receiving },
    { name: 'In flight', colour: 'first', height: 0.9, spans: whole },
    { name: 'Failed', colour: 'bad', height: 0.9, spans: failed },
  ];
  return parts.filter(({ spans }) => spans.length > 0);
}
