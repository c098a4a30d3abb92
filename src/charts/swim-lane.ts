import { effectiveConcurrency } from '../metrics/curve-metrics.js';
import type { ChartOption, RunChart } from './chart.js';
import { limitLine, timeAxis, yAxis } from './frame.js';
import { pointsOf } from './load-over-time.js';
import type { Point } from './reduce.js';
import { type SessionLanes, sessionLanes } from './session-lanes.js';
import type { Theme } from './theme.js';
import { requestTimeline, type Timeline } from './timeline.js';

/** Marks of the load that was asked for. */
interface LoadMarks {
  /** Requests in flight. */
  readonly concurrency: number | undefined;
  /** When the load had risen to it, seconds since the first request. */
  readonly rampSeconds: number | undefined;
}

interface SwimLane {
  readonly lanes:
    | { readonly kind: 'sessions'; readonly data: SessionLanes }
    | { readonly kind: 'requests'; readonly data: Timeline };
  readonly inFlight: readonly Point[];
}

/** Sessions in swim lanes, or requests where no session has several, above the number of requests in flight. */
export function swimLane({ concurrency, rampSeconds }: LoadMarks): RunChart<SwimLane> {
  return {
    name: 'swim_lane',
    title: 'Swim lanes',
    data(run) {
      const sessions = sessionLanes.data(run);
      const requests = sessions === undefined ? requestTimeline.data(run) : undefined;
      const inFlight = pointsOf(run.curve(effectiveConcurrency), run.seconds);
      if (sessions !== undefined) return { lanes: { kind: 'sessions', data: sessions }, inFlight };
      return requests && { lanes: { kind: 'requests', data: requests }, inFlight };
    },
    option({ lanes, inFlight }, theme) {
      const above =
        lanes.kind === 'sessions'
          ? sessionLanes.option(lanes.data, theme)
          : requestTimeline.option(lanes.data, theme);
      const { seconds } = lanes.data;
      const time = timeAxis(theme, seconds);
      return {
        ...above,
        grid: [
          { left: 84, right: 32, top: 104, height: 290 },
          { left: 84, right: 32, top: 416, height: 96 },
        ],
        xAxis: [
          { ...time, name: '', axisLine: { show: false }, axisLabel: { show: false } },
          { ...time, gridIndex: 1 },
        ],
        yAxis: [
          above.yAxis,
          {
            ...yAxis(theme, 'In flight'),
            gridIndex: 1,
            splitNumber: 2,
            max: ({ max }: { readonly max: number }) => Math.max(max, concurrency ?? 0),
          },
        ].flat(),
        series: [...[above.series ?? []].flat(), ...load(theme, inFlight, { concurrency, rampSeconds })],
      } as ChartOption;
    },
  };
}

function load(theme: Theme, inFlight: readonly Point[], { concurrency, rampSeconds }: LoadMarks) {
  const curve = { type: 'line', xAxisIndex: 1, yAxisIndex: 1, showSymbol: false } as const;
  return [
    {
      ...curve,
      name: 'In flight',
      color: theme.third,
      step: 'middle' as const,
      data: inFlight.map((point) => [...point]),
      ...(concurrency === undefined
        ? {}
        : { markLine: limitLine(theme, `concurrency ${concurrency}`, { yAxis: concurrency }) }),
    },
    ...(rampSeconds === undefined
      ? []
      : [
          {
            ...curve,
            name: 'Ramp',
            data: [],
            markLine: limitLine(theme, 'ramp done', { xAxis: rampSeconds }),
          },
        ]),
  ];
}
