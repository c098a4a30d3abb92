import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { leftScrapes } from '../../src/telemetry/left-scrapes.js';
import { Notices } from '../../src/telemetry/notices.js';
import { openScrapedSeries } from '../../src/telemetry/scraped-series.js';
import type { ScrapedSeries } from '../../src/telemetry/server-series.js';
import type { TelemetrySource } from '../../src/telemetry/source.js';
import { SourceRecorder } from '../../src/telemetry/source-recorder.js';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

const source: TelemetrySource = {
  kind: 'server',
  url: 'http://s/metrics',
  isDefault: false,
  intervalMs: 333,
  read: () => Promise.reject(new Error('not used')),
  readOther: () => false,
  readFirst: () => {},
  close: () => {},
};

const origin = { epochNs: 1_767_225_600_000_000_000n, monotonicNs: 5n };

/** What was recorded of these pages, one a second, and the log. */
function record(pages: readonly string[], passBytes?: number) {
  const folder = mkdtempSync(join(tmpdir(), 'telemetry-'));
  folders.push(folder);
  const lines: string[] = [];
  const notices = new Notices((level, message) => lines.push(`${level} ${message}`));
  const recorder = new SourceRecorder(source, notices, join(folder, 'logs'), 0, origin);
  for (const [second, page] of pages.entries()) {
    const sentNs = second * 1e9;
    recorder.add({ sentNs, firstByteNs: sentNs + 1, receivedNs: sentNs + 2, page: Buffer.from(page) });
  }
  recorder.close();
  notices.end();
  return { scraped: openScrapedSeries([recorder.logged()], passBytes), lines, logs: join(folder, 'logs') };
}

/** Series as plain data. */
function seriesOf(scraped: ScrapedSeries) {
  return Array.from(scraped.series(), ({ family: { name, kind }, labels, bounds, scrapes, values }) => ({
    ...{ name, kind, labels, bounds },
    scrapes: [...scrapes],
    values: [...values],
  }));
}

const odd = [
  '# TYPE q gauge\nq 0.25\n# TYPE n counter\nn_total{a="1"} 5\n',
  '# TYPE q gauge\nq 1e100\n# TYPE n counter\nn_total{a="1"} 7\nn_total{a="2"} 1\n',
  '# TYPE q gauge\nq NaN\n# TYPE n counter\nn_total{a="2"} 1\n',
  '# TYPE q gauge\nq 0.25\n# TYPE n counter\nn_total{a="1"} 2\nn_total{a="2"} 0\n',
];

it('gives back the values of each series, and the scrapes that had it', () => {
  const { scraped, lines } = record(odd);
  expect(seriesOf(scraped)).toEqual([
    { name: 'q', kind: 'gauge', labels: {}, bounds: [], scrapes: [0, 1, 3], values: [0.25, 1e100, 0.25] },
    { name: 'n', kind: 'counter', labels: { a: '1' }, bounds: [], scrapes: [0, 1, 3], values: [5, 7, 2] },
    { name: 'n', kind: 'counter', labels: { a: '2' }, bounds: [], scrapes: [1, 2, 3], values: [1, 1, 0] },
  ]);
  expect(lines).toEqual([
    'INFO http://s/metrics: n{a="2"} is new on the page',
    'WARNING http://s/metrics: q: values that are NaN, infinite or above 1e100 are left out',
    'WARNING http://s/metrics: n{a="1"} is no longer on the page',
    'WARNING http://s/metrics: a counter was reset, e.g. n{a="2"} from 1 to 0; growth is counted from 0',
  ]);
  const [first] = scraped.sources;
  expect([...(first?.sentNs ?? [])]).toEqual([0, 1e9, 2e9, 3e9]);
  expect([...(first?.changed ?? [])]).toEqual([1, 1, 1, 1]);
});

it('gives the same in several passes', () => {
  expect(seriesOf(record(odd, 1).scraped)).toEqual(seriesOf(record(odd).scraped));
});

it('gives the series that are wanted', () => {
  const { scraped } = record(odd);
  expect([...scraped.heads()].map(({ family, labels }) => [family.name, labels.a])).toEqual([
    ['q', undefined],
    ['n', '1'],
    ['n', '2'],
  ]);
  const wanted = [...scraped.series(({ labels }) => labels.a === '2')];
  expect(wanted.map(({ values }) => [...values])).toEqual([[1, 1, 0]]);
});

it('gives the same by scrape', () => {
  const { scraped } = record(odd);
  const rows = Array.from(scraped.scrapes(), ({ index, samples }) => [
    index,
    ...samples.map(({ series: { family, labels }, values }) => `${family.name}${labels.a ?? ''} ${values}`),
  ]);
  expect(rows).toEqual([
    [0, 'q 0.25', 'n1 5'],
    [1, 'q 1e+100', 'n1 7', 'n2 1'],
    [2, 'n2 1'],
    [3, 'q 0.25', 'n1 2', 'n2 0'],
  ]);
});

it('gives the same from the log that a killed run left, without a frame that is cut off', () => {
  const { scraped, logs } = record(odd);
  appendFileSync(join(logs, '0.spool'), Buffer.of(200, 0, 0, 0, 2, 1));
  const left = leftScrapes(logs);
  if (left === undefined) throw new Error('a page was read');
  expect(left.origin).toEqual(origin);
  expect(left.scraped.sources).toEqual(scraped.sources);
  expect(seriesOf(left.scraped)).toEqual(seriesOf(scraped));
  expect(leftScrapes(join(logs, 'none'))).toBe(undefined);
});

it('puts histograms together', () => {
  const page = (low: number, all: number, sum: string) =>
    `# TYPE h histogram\nh_bucket{m="x",le="+Inf"} ${all}\nh_bucket{m="x",le="0.5"} ${low}\n${sum}h_count{m="x"} ${all}\n`;
  const { scraped } = record([page(1, 3, 'h_sum{m="x"} 4.5\n'), page(2, 5, '')]);
  expect(seriesOf(scraped)).toEqual([
    {
      ...{ name: 'h', kind: 'histogram', labels: { m: 'x' }, bounds: ['0.5', '+Inf'] },
      ...{ scrapes: [0, 1], values: [1, 3, 4.5, 3, 2, 5, Number.NaN, 5] },
    },
  ]);
});

it('completes histograms without a last bucket, or with buckets that come later', () => {
  const { scraped } = record([
    '# TYPE h histogram\nh_bucket{le="1"} 2\nh_sum 3\nh_count 4\n',
    '# TYPE h histogram\nh_bucket{le="1"} 2\nh_bucket{le="2"} 3\nh_sum 3\nh_count 4\n',
  ]);
  expect(seriesOf(scraped)).toEqual([
    {
      ...{ name: 'h', kind: 'histogram', labels: {}, bounds: ['1', '2', '+Inf'] },
      ...{ scrapes: [0, 1], values: [2, 2, 4, 3, 4, 2, 3, 4, 3, 4] },
    },
  ]);
});

it('keeps the families that files have', () => {
  const { scraped } = record([
    [
      '# TYPE a_total counter\n# HELP a_total Of a.\na_total 1\na_created 1.7e9\n',
      '# TYPE b counter\n# HELP b Of b.\nb_total 2\nb_created 1.7e9\n',
      '# TYPE s summary\ns{quantile="0.5"} 3\ns_sum 3\ns_count 1\n',
      '# TYPE c_info gauge\nc_info{v="1"} 1\n# TYPE d info\nd_info{v="2"} 1\n',
      '# TYPE u untyped\nu 4\nplain_total 5\n# EOF\n',
    ].join(''),
  ]);
  const families = [...scraped.series()].map(({ family: { name, kind, help, isInfo } }) => [
    name,
    kind,
    help,
    isInfo,
  ]);
  expect(families).toEqual([
    ['a', 'counter', 'Of a.', false],
    ['b', 'counter', 'Of b.', false],
    ['c_info', 'gauge', '', true],
    ['d_info', 'gauge', '', true],
    ['u', 'unknown', '', false],
    ['plain_total', 'unknown', '', false],
  ]);
});

it('says that a page which was asked for is empty', () => {
  expect(record(['', '# EOF\n']).lines).toEqual([
    'WARNING http://s/metrics: the page has no metrics',
    'INFO 2 times in all: http://s/metrics: the page had no metrics',
  ]);
});

it('masks keys in labels, and keeps their series apart', () => {
  const page =
    '# TYPE n counter\nn_total{api_key="sk-1",m="a"} 1\nn_total{api_key="sk-2",m="a"} 2\nn_total{api_key=""} 3\n';
  const { scraped, lines } = record([page, `${page}n_total{password="x\n`]);
  expect(seriesOf(scraped).map(({ labels, values }) => [labels, values])).toEqual([
    [{ api_key: '<redacted>', m: 'a' }, [1, 1]],
    [{ api_key: '<redacted 2>', m: 'a' }, [2, 2]],
    [{ api_key: '' }, [3, 3]],
  ]);
  expect(lines).toEqual([
    'WARNING http://s/metrics: malformed lines were left out, e.g. n_total{password="<redacted>',
  ]);
});

it('takes up what another process has read of the same server, and goes on with its series', () => {
  const [half, all] = [record(odd.slice(0, 2)), record(odd)];
  const recorderOf = (url: string) => {
    const logs = join(half.logs, `of-${folders.length}-${url.length}`);
    return new SourceRecorder({ ...source, url }, new Notices(() => {}), logs, 0, origin);
  };
  const recorder = recorderOf(source.url);
  recorder.takeUp(join(half.logs, '1.spool'));
  recorder.takeUp(join(half.logs, '0.spool'));
  for (const [i, page] of odd.slice(2).entries()) {
    const sentNs = (i + 2) * 1e9;
    recorder.add({ sentNs, firstByteNs: sentNs + 1, receivedNs: sentNs + 2, page: Buffer.from(page) });
  }
  recorder.close();
  const { scraped } = all;
  const taken = openScrapedSeries([recorder.logged()]);
  expect(taken.sources).toEqual(scraped.sources);
  expect(seriesOf(taken)).toEqual(seriesOf(scraped));

  const other = recorderOf('http://another/metrics');
  other.takeUp(join(half.logs, '0.spool'));
  expect(other.scrapes).toBe(0);
});
