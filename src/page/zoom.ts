import { connect, type ECharts } from 'echarts/core';

/** What is shown of the time axis, in percent of the run. */
export interface Part {
  readonly start: number;
  readonly end: number;
}

const WHOLE: Part = { start: 0, end: 100 };
const SHORTEST = 0.01;

/** The part that a chart shows; undefined for one that is not drawn yet, or cannot be zoomed. */
export function shownPart(chart: ECharts): Part | undefined {
  const dataZoom: unknown = chart.getOption()?.dataZoom;
  const zoom: unknown = Array.isArray(dataZoom) ? dataZoom[0] : undefined;
  if (typeof zoom !== 'object' || zoom === null || !('start' in zoom) || !('end' in zoom)) return undefined;
  return { start: Number(zoom.start), end: Number(zoom.end) };
}

/** Charts over time move together, and by buttons as well as by mouse. @param box gets the buttons. */
export function offerZoom(box: HTMLElement, charts: readonly ECharts[]): void {
  connect([...charts]);
  const [first] = charts;
  const bar = document.createElement('div');
  bar.className = 'zoom';
  bar.setAttribute('role', 'toolbar');
  bar.setAttribute('aria-label', 'Part of the run in the charts over time');
  const said = document.createElement('span');
  said.setAttribute('role', 'status');
  let shown = WHOLE;
  const say = () => {
    said.textContent =
      shown.end - shown.start >= 100
        ? 'Ctrl + scroll to zoom'
        : `${shown.start.toFixed(1)} % to ${shown.end.toFixed(1)} % of the run`;
  };
  const show = ({ start, end }: Part) => {
    const length = Math.min(Math.max(end - start, SHORTEST), 100);
    const from = Math.min(Math.max(start, 0), 100 - length);
    first?.dispatchAction({ type: 'dataZoom', start: from, end: from + length });
  };
  first?.on('datazoom', () => {
    shown = shownPart(first) ?? WHOLE;
    say();
  });
  const button = (text: string, next: () => Part) => {
    const made = document.createElement('button');
    made.type = 'button';
    made.textContent = text;
    made.addEventListener('click', () => show(next()));
    return made;
  };
  const around = (share: number): Part => {
    const middle = (shown.start + shown.end) / 2;
    const half = ((shown.end - shown.start) * share) / 2;
    return { start: middle - half, end: middle + half };
  };
  const beside = (share: number): Part => {
    const by = (shown.end - shown.start) * share;
    return { start: shown.start + by, end: shown.end + by };
  };
  bar.append(
    button('Zoom in', () => around(0.5)),
    button('Zoom out', () => around(2)),
    button('←', () => beside(-0.5)),
    button('→', () => beside(0.5)),
    button('Reset', () => WHOLE),
    said,
  );
  say();
  box.prepend(bar);
}
