import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import type { Theme } from '../../charts/theme.js';
import { clockText } from './words.js';

/** A line of a chart. */
export interface Line {
  readonly label: string;
  readonly color: 'first' | 'second' | 'third' | 'bad';
  /** What was planned rather than measured. */
  readonly isDashed?: boolean;
  readonly values: readonly (number | null)[];
}

/** A chart over the time of the run. */
export interface ChartData {
  readonly title: string;
  /** A value in words, with its unit. */
  readonly format: (value: number) => string;
  /** A value at the axis; absent: as in words. */
  readonly axis?: (value: number) => string;
  readonly lines: readonly Line[];
}

/** The shown part of the time axis, seconds; undefined: the whole run. */
export type Range = readonly [number, number] | undefined;

interface ChartProps extends ChartData {
  /** Of each value, seconds since the start of the run. */
  readonly seconds: readonly number[];
  /** Times at which a phase began, with its name. */
  readonly marks: readonly { readonly seconds: number; readonly label: string }[];
  readonly theme: Theme;
  readonly range: Range;
  onZoom(range: Range): void;
}

const HEIGHT = 168;
/** Charts under this key move their cursors together. */
const SYNC_KEY = 'live';

/** A figure with a chart that grows; its caption has the values under the cursor, else the last ones. */
export function Chart(props: ChartProps) {
  const { title, format, lines, seconds, theme, range } = props;
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | undefined>(undefined);
  // Callbacks of the chart read what is current.
  const latest = useRef(props);
  latest.current = props;
  const [hovered, setHovered] = useState<number | null>(null);
  const shape = lines.map(({ label }) => label).join();

  useEffect(() => {
    if (box.current === null) return;
    const made = makeChart(box.current, latest, setHovered);
    chart.current = made;
    const resized = new ResizeObserver(([entry]) => {
      if (entry) made.setSize({ width: Math.floor(entry.contentRect.width), height: HEIGHT });
    });
    resized.observe(box.current);
    return () => {
      resized.disconnect();
      made.destroy();
    };
  }, [theme, shape]);

  useEffect(() => chart.current?.setData(dataOf(props)), [seconds, lines, range]);

  const at = hovered ?? lastIndex(lines);
  const values = lines.map(({ label, color, isDashed, values }) => {
    const value = at < 0 ? undefined : values[at];
    return { label, color, isDashed, text: typeof value === 'number' ? format(value) : '–' };
  });
  return (
    <figure class="live-chart">
      <figcaption>
        <span class="title">{title}</span>
        <span class="legend">
          {values.map(({ label, color, isDashed, text }) => (
            <span key={label}>
              <i class={`swatch ${color}${isDashed ? ' dashed' : ''}`} />
              {label} <b>{text}</b>
            </span>
          ))}
        </span>
      </figcaption>
      <div
        ref={box}
        class="canvas"
        role="img"
        aria-label={`${title} over time; now ${values.map(({ label, text }) => `${label} ${text}`).join(', ')}`}
      />
    </figure>
  );
}

/** The last time at which any line has a value; -1 without one. */
function lastIndex(lines: readonly Line[]): number {
  const length = lines[0]?.values.length ?? 0;
  for (let i = length - 1; i >= 0; i--)
    if (lines.some(({ values }) => typeof values[i] === 'number')) return i;
  return -1;
}

function dataOf({ seconds, lines }: ChartProps): uPlot.AlignedData {
  return [[...seconds], ...lines.map(({ values }) => [...values])];
}

function makeChart(
  box: HTMLElement,
  latest: { readonly current: ChartProps },
  onHover: (index: number | null) => void,
): uPlot {
  const { theme, lines } = latest.current;
  const font = '12px system-ui, sans-serif';
  const axis = {
    stroke: theme.soft,
    font,
    grid: { stroke: theme.line, width: 1 },
    ticks: { show: false },
  };
  const options: uPlot.Options = {
    width: Math.floor(box.clientWidth) || 320,
    height: HEIGHT,
    legend: { show: false },
    padding: [12, 12, 0, 0],
    cursor: {
      sync: { key: SYNC_KEY, setSeries: false },
      drag: { x: true, y: false, setScale: false },
      points: { size: 7 },
      // A second click on the same place shows the whole run again.
      bind: {
        dblclick: () => () => {
          latest.current.onZoom(undefined);
          return null;
        },
      },
    },
    scales: {
      x: { time: false, range: () => shownRange(latest.current) },
      y: { range: (_, __, max) => [0, max > 0 ? uPlot.rangeNum(0, max, 0.1, true)[1] : 1] },
    },
    axes: [
      { ...axis, space: 64, size: 30, gap: 8, values: (_, splits) => splits.map(clockText) },
      {
        ...axis,
        space: 34,
        size: 58,
        gap: 6,
        values: (_, splits) => {
          const { format, axis: axisText = format } = latest.current;
          return splits.map((split) => axisText(split));
        },
      },
    ],
    series: [
      {},
      ...lines.map(
        ({ color, isDashed = false }): uPlot.Series => ({
          stroke: theme[color],
          width: isDashed ? 1.5 : 2,
          ...(isDashed ? { dash: [6, 5] } : {}),
          spanGaps: false,
          points: { show: (_, __, first, last) => last - first < 2, size: 6 },
        }),
      ),
    ],
    hooks: {
      setCursor: [({ cursor }) => onHover(cursor.idx ?? null)],
      setSelect: [
        (made) => {
          const { left, width } = made.select;
          if (width < 8) return;
          latest.current.onZoom([made.posToVal(left, 'x'), made.posToVal(left + width, 'x')]);
          made.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
      drawClear: [(made) => drawMarks(made, latest.current)],
    },
  };
  return new uPlot(options, dataOf(latest.current), box);
}

/** A chart of a few seconds would jump with each new point. */
const SHORTEST_SECONDS = 10;

function shownRange({ range, seconds }: ChartProps): [number, number] {
  if (range !== undefined) return [range[0], range[1]];
  return [0, Math.max(SHORTEST_SECONDS, seconds.at(-1) ?? 0)];
}

/** Draws a vertical line where a phase began. */
function drawMarks(made: uPlot, { marks, theme }: ChartProps): void {
  const { ctx, bbox } = made;
  const ratio = uPlot.pxRatio;
  ctx.save();
  ctx.strokeStyle = theme.soft;
  ctx.fillStyle = theme.soft;
  ctx.font = `${11 * ratio}px system-ui, sans-serif`;
  ctx.textAlign = 'left';
  ctx.textBaseline = 'top';
  ctx.lineWidth = ratio;
  ctx.setLineDash([2 * ratio, 3 * ratio]);
  for (const { seconds, label } of marks) {
    const x = made.valToPos(seconds, 'x', true);
    // The start of the axis needs no line.
    if (x <= bbox.left + 1 || x > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.fillText(label, x + 4 * ratio, bbox.top);
  }
  ctx.restore();
}
