import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { percentiles } from '../../../src/metrics/statistics.js';
import { metrics } from '../../../src/metrics/table.js';
import { metricsText } from '../../../src/views/api/metrics.js';
import { madeUpRun, madeUpSnapshot } from './made-up.js';

interface Panel {
  readonly type: string;
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

const dashboard: { readonly panels: readonly Panel[] } = JSON.parse(
  readFileSync('deploy/grafana.json', 'utf8'),
);

/** Names of samples on a page that has every metric. */
function sampleNames(): Set<string> {
  const full = {
    ...{ avg: 1, min: 1, max: 1, std: 1, count: 1, sum: 1 },
    ...Object.fromEntries(percentiles.map((percent) => [`p${percent}`, 1])),
  };
  const all = metrics.map(({ tag, displayUnit: unit, kind }) => ({
    ...{ tag, unit, statistics: kind === 'derived' || kind === 'count' ? { avg: 1 } : full },
  }));
  const { load } = madeUpSnapshot();
  const snapshot = madeUpSnapshot({ metrics: all, load: { ...load, plannedPerSecond: 2 } });
  return new Set(metricsText(madeUpRun(), [snapshot]).match(/^aiperf_\w+/gm));
}

it('every query of the Grafana dashboard asks for a name on the page', () => {
  const known = sampleNames();
  const queries = dashboard.panels.flatMap(({ title, targets = [] }) =>
    targets.flatMap(({ expr }) => (expr.match(/aiperf_\w+/g) ?? []).map((name) => `${title}: ${name}`)),
  );
  expect(queries.length).toBeGreaterThan(30);
  expect(queries.filter((query) => !known.has(query.replace(/^.*: /, '')))).toEqual([]);
});
