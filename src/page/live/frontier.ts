import type { Theme } from '../../charts/theme.js';
import type { SeriesState } from '../../views/messages.js';
import { axisCount } from './words.js';

const SVG = 'http://www.w3.org/2000/svg';
const HEIGHT = 260;
const margin = { top: 12, right: 20, bottom: 44, left: 56 };

/** Draws a sweep's points as SVG into `box`: the frontier connected and labelled, other points small. */
export function drawFrontier(box: HTMLElement, { points, frontier }: SeriesState, theme: Theme): void {
  const dots = points.flatMap(({ figures, cells, state }, index) => {
    const { tokensPerSecondPerUser, outputTokensPerSecond, requestsPerSecond, latencyP50Ms } = figures ?? {};
    // Without streaming there are no tokens per user.
    const x = tokensPerSecondPerUser ?? (latencyP50Ms === undefined ? undefined : 1000 / latencyP50Ms);
    const y = outputTokensPerSecond ?? requestsPerSecond;
    if (typeof x !== 'number' || typeof y !== 'number') return [];
    return [
      {
        x,
        y,
        label: cells.join(', '),
        isOnFrontier: frontier.includes(index),
        isRunning: state === 'running',
      },
    ];
  });
  const width = Math.max(240, box.clientWidth);
  const svg = element('svg', { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT });
  const ticksX = ticksTo(
    dots.map(({ x }) => x),
    width < 420 ? 3 : 8,
  );
  const ticksY = ticksTo(
    dots.map(({ y }) => y),
    5,
  );
  const place = (value: number, ticks: readonly number[]) => {
    const [first = 0, last = 1] = [ticks[0], ticks.at(-1)];
    return (value - first) / (last - first);
  };
  const px = (x: number) => margin.left + place(x, ticksX) * (width - margin.left - margin.right);
  const py = (y: number) => HEIGHT - margin.bottom - place(y, ticksY) * (HEIGHT - margin.top - margin.bottom);
  const text = (content: string, x: number, y: number, attributes: Record<string, string> = {}) => {
    const made = element('text', { x, y, fill: theme.soft, 'font-size': 12, ...attributes });
    made.textContent = content;
    return made;
  };
  for (const y of ticksY) {
    svg.append(
      element('line', {
        x1: margin.left,
        x2: width - margin.right,
        y1: py(y),
        y2: py(y),
        stroke: theme.line,
      }),
      text(axisCount(y), margin.left - 8, py(y) + 4, { 'text-anchor': 'end' }),
    );
  }
  for (const x of ticksX)
    svg.append(text(axisCount(x), px(x), HEIGHT - margin.bottom + 18, { 'text-anchor': 'middle' }));
  svg.append(
    text('tokens/s per user', width - margin.right, HEIGHT - 6, { 'text-anchor': 'end' }),
    text('output tokens/s', 4, HEIGHT - 6),
  );
  const line = dots.filter(({ isOnFrontier }) => isOnFrontier).sort((a, b) => a.x - b.x);
  svg.append(
    element('polyline', {
      points: line.map(({ x, y }) => `${px(x)},${py(y)}`).join(' '),
      ...{ fill: 'none', stroke: theme.first, 'stroke-width': 2 },
    }),
  );
  for (const { x, y, label, isOnFrontier } of dots) {
    const dot = element('circle', {
      ...{ cx: px(x), cy: py(y), r: isOnFrontier ? 5 : 4 },
      ...(isOnFrontier
        ? { fill: theme.first }
        : { fill: theme.paper, stroke: theme.soft, 'stroke-width': 1.5 }),
    });
    const title = element('title', {});
    title.textContent = `${label}: ${axisCount(y)} tokens/s, ${axisCount(x)} tokens/s per user`;
    dot.append(title);
    const isNearEdge = px(x) > width - 90;
    svg.append(
      dot,
      text(label, px(x) + (isNearEdge ? -9 : 9), py(y) - 7, {
        fill: isOnFrontier ? theme.ink : theme.soft,
        ...(isNearEdge ? { 'text-anchor': 'end' } : {}),
      }),
    );
  }
  box.replaceChildren(svg);
}

function element(name: string, attributes: Readonly<Record<string, string | number>>): SVGElement {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}

/** Round numbers around all values, about `most` steps; from 0 unless the values are close together. */
function ticksTo(values: readonly number[], most: number): number[] {
  const greatest = Math.max(...values, 0) * 1.05 || 1;
  const least = Math.min(...values, greatest) * 0.95;
  const from = least > greatest / 2 ? least : 0;
  const fine = (greatest - from) / most;
  const size = 10 ** Math.floor(Math.log10(fine));
  const step = [1, 2, 5, 10].map((factor) => factor * size).find((step) => step >= fine) ?? fine;
  const first = Math.floor(from / step);
  return Array.from({ length: Math.ceil(greatest / step) - first + 1 }, (_, i) => (first + i) * step);
}
