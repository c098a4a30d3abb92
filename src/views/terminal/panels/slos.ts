import { percent } from '../../../metrics/format.js';
import type { SloAttainment } from '../../../metrics/live-results.js';
import { metricOf } from '../../../metrics/table.js';
import { short } from '../../../report/figures.js';
import type { WatchedSlo } from '../../messages.js';
import { cell, type Row, span, type Tone } from '../rows.js';
import type { Panel } from './panel.js';

/** Shares of requests from which an SLO counts as met, and as nearly met. */
const GOOD = 0.99;
const FAIR = 0.9;
const LIMIT_COLUMNS = 18;

/** How many requests met the SLOs of `--goodput`, of all and lately. */
export const slosPanel: Panel = {
  name: 'slos',
  title: ({ snapshot }) => {
    const all = snapshot?.slo?.all;
    if (all === undefined || all.requests === 0) return [span('SLOs', 'title')];
    return [span('SLOs', 'title'), '  ', ...shareSpans(all.good, all.requests), ' of requests meet all'];
  },
  rows: ({ run }) => {
    const rows = run?.slos.length ?? 0;
    return { least: Math.min(1, rows), most: rows };
  },
  draw: ({ run, snapshot }, _width, height) =>
    (run?.slos ?? []).slice(0, height).map((slo) => sloRow(slo, snapshot?.slo)),
};

function sloRow({ tag, largerIsBetter, limit, unit }: WatchedSlo, slo: SloAttainment | undefined): Row {
  const words = `${metricOf(tag).short} ${largerIsBetter ? '≥' : '≤'} ${short(limit)} ${unit}`;
  const name = cell(words, LIMIT_COLUMNS);
  if (slo === undefined || slo.all.requests === 0) return [name, span('no request yet', 'dim')];
  const met = ({ each, requests }: SloAttainment['all']) =>
    shareSpans(each.find((of) => of.tag === tag)?.met ?? 0, requests);
  return [name, ...met(slo.all), span('  now ', 'dim'), ...met(slo.recent)];
}

function shareSpans(count: number, requests: number): Row {
  if (requests === 0) return [span('     –', 'dim')];
  const share = count / requests;
  const tone: Tone = share >= GOOD ? 'good' : share >= FAIR ? 'warn' : 'bad';
  return [span(percent(share).padStart(7), tone)];
}
