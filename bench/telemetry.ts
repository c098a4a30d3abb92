import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { chatArgs } from './measure/bodies.js';
import { clockOffsetNs, distance } from './measure/distance.js';
import { packageFolder } from './measure/machine.js';
import { changingPage } from './measure/metrics-pages.js';
import { argument, quick, rounds } from './measure/options.js';
import { runOurs } from './measure/ours.js';
import { median } from './measure/quantiles.js';
import { openReport } from './measure/report.js';
import { startMetricsServer, startMockServer, withFolder } from './measure/servers.js';
import { readRecords, readTokenLog } from './measure/stamps.js';

// What reading 16 pages of 2,000 series three times a second costs: the thread, the memory of an hour, and the stamps.

// Of the program under test: benches are built apart from it.
const built = (path: string) => import(join(packageFolder, 'dist', path));
const { SourceRecorder } = await built('telemetry/source-recorder.js');
const { SourceLoop } = await built('telemetry/source-loop.js');
const { openPageSource } = await built('telemetry/page-source.js');
const { openScrapedSeries } = await built('telemetry/scraped-series.js');
const { Notices } = await built('telemetry/notices.js');
const { writeServerMetrics } = await built('export/server-metrics-files.js');
const { openHttpTransport } = await built('transport/http.js');
const { monotonicNs } = await built('util/clock.js');

const PAGES = 16;
const SERIES = 2000;
const INTERVAL_MS = 333;
/** Every so many values differ from the scrape before. */
const CHANGING = 4;

const origin = { epochNs: 1_767_225_600_000_000_000n, monotonicNs: 0n };

const report = openReport('telemetry');
// `--only hour` measures the parts whose name has the word.
const only = argument('--only') ?? '';
const parts = { thread: costOfReading, hour: memoryOfAnHour, stamps: stampsWithAndWithout };
for (const [name, measure] of Object.entries(parts)) if (name.includes(only)) await measure();
report.finish();

/** CPU time of the code of the telemetry thread, alone in this process. */
async function costOfReading(): Promise<void> {
  const seconds = quick ? 2 : 60;
  const server = await startMetricsServer([PAGES, SERIES, CHANGING]);
  await withFolder(async (folder) => {
    const transport = openHttpTransport({
      ...{ nowNs: monotonicNs, connectionReuse: 'pooled', maxConnections: 2 * PAGES, connectTimeoutMs: 0 },
      ...{ keepAliveMs: 60_000, settlingMs: 10, ipVersion: 'auto', tls: { verify: true }, http2: false },
      limits: { headerBytes: 65_536, messageBytes: 2 ** 26, bodyBytes: 2 ** 27 },
    });
    const notices = new Notices(() => {});
    const loops = Array.from({ length: PAGES }, (_, number) => {
      const url = `${server.url}/${number}/metrics`;
      const { port, pathname } = new URL(url);
      const plan = {
        ...{ kind: 'server', url, isDefault: false, isOfLoad: false, other: undefined, headers: [] },
        ...{ protocol: 'http:', host: '127.0.0.1', port: Number(port), path: pathname },
        intervalMs: INTERVAL_MS,
      };
      const source = openPageSource(plan, transport);
      const recorder = new SourceRecorder(source, notices, folder, number, origin);
      const delayMs = (INTERVAL_MS * number) / PAGES;
      return new SourceLoop(source, recorder, {
        ...{ delayMs, firstReadMs: 5000, nowNs: monotonicNs, notices },
      });
    });
    // Behind the compiler.
    await after(quick ? 500 : 3000);
    const before = process.cpuUsage();
    const fromNs = monotonicNs();
    await after(seconds * 1000);
    const used = process.cpuUsage(before);
    const wallUs = (monotonicNs() - fromNs) / 1000;
    for (const loop of loops) loop.stop(true);
    await Promise.all(loops.map((loop) => loop.over));
    transport.close();
    report.add('16 pages of 2,000 series at 3 Hz', {
      seconds,
      'CPU %': (100 * (used.user + used.system)) / wallUs,
      'of it in the kernel, %': (100 * used.system) / wallUs,
      'KB per page': changingPage(SERIES, 1).page.length / 1024,
    });
  });
  await server.stop();
}

/** Memory and disk after an hour whose pages come one after another, and what reading them back and the files take. */
async function memoryOfAnHour(): Promise<void> {
  const scrapes = Math.round((quick ? 36 : 3600) / (INTERVAL_MS / 1000));
  await withFolder(async (folder) => {
    const logs = join(folder, 'logs');
    mkdirSync(logs);
    const notices = new Notices(() => {});
    const page = changingPage(SERIES, CHANGING);
    const recorders = Array.from(
      { length: PAGES },
      (_, number) =>
        new SourceRecorder(
          { kind: 'server', url: `${number}`, isDefault: false },
          notices,
          logs,
          number,
          origin,
        ),
    );
    const atStart = process.memoryUsage().rss;
    let peak = 0;
    const before = process.cpuUsage();
    for (let scrape = 0; scrape < scrapes; scrape++) {
      page.advance();
      const sentNs = scrape * INTERVAL_MS * 1e6;
      for (const recorder of recorders) {
        recorder.add({ sentNs, firstByteNs: sentNs, receivedNs: sentNs, page: Buffer.from(page.page) });
      }
      if (scrape % 100 === 0) peak = Math.max(peak, process.memoryUsage().rss);
    }
    const { user, system } = process.cpuUsage(before);
    for (const recorder of recorders) recorder.close();
    const disk = readdirSync(logs).reduce((sum, name) => sum + statSync(join(logs, name)).size, 0);
    const fromNs = monotonicNs();
    const scraped = openScrapedSeries(recorders.map((recorder) => recorder.logged()));
    let series = 0;
    let peakBack = 0;
    for (const _ of scraped.series()) {
      if (series++ % 100 === 0) peakBack = Math.max(peakBack, process.memoryUsage().rss);
    }
    const mb = (bytes: number) => bytes / 2 ** 20;
    report.add('an hour of 16 pages of 2,000 series, a quarter of the values changing', {
      'scrapes of a page': scrapes,
      series,
      'CPU µs per page': (user + system) / scrapes / PAGES,
      'MB more at the peak of reading': mb(peak - atStart),
      'MB on disk': mb(disk),
      's to read back': (monotonicNs() - fromNs) / 1e9,
      'MB more at the peak of reading back': mb(peakBack - atStart),
    });
    for (const format of ['json', 'csv', 'parquet']) await writeFile(format, scraped, folder, atStart);
  });
}

/** CPU time, memory and size of one of the files of an hour. @param atStart bytes of the process before the hour. */
async function writeFile(
  format: string,
  scraped: { readonly sources: readonly { readonly sentNs: Float64Array }[] },
  folder: string,
  atStart: number,
): Promise<void> {
  const path = join(folder, format);
  const files = { serverMetricsJson: path, serverMetricsCsv: path, serverMetricsParquet: path };
  const toNs = scraped.sources[0]?.sentNs.at(-3) ?? 0;
  const facts = {
    ...{ version: '', benchmarkId: '', inputConfig: {}, sources: scraped.sources, slices: undefined },
    origin,
    phases: [{ name: 'profiling', fromNs: 1e9, toNs, wasCancelled: false }],
  };
  let peak = 0;
  const before = process.cpuUsage();
  // Everything is synchronous: memory is seen where series are taken.
  const seen = {
    ...scraped,
    *series(isWanted: unknown) {
      for (const series of (scraped as unknown as { series(wanted: unknown): Iterable<unknown> }).series(
        isWanted,
      )) {
        peak = Math.max(peak, process.memoryUsage().rss);
        yield series;
      }
    },
  };
  await writeServerMetrics(seen, facts, { formats: new Set([format]), files, spool: folder });
  const { user, system } = process.cpuUsage(before);
  report.add('files of the hour', {
    file: format,
    'CPU s': (user + system) / 1e6,
    'MB more at the peak': (peak - atStart) / 2 ** 20,
    MB: statSync(path).size / 2 ** 20,
  });
}

/** Stamps of tokens with all these pages, and without any. */
async function stampsWithAndWithout(): Promise<void> {
  const pages = await startMetricsServer([PAGES, SERIES, CHANGING]);
  const urls = Array.from({ length: PAGES }, (_, number) => `${pages.url}/${number}/metrics`);
  const cases = {
    none: ['--no-server-metrics'],
    '16 x 2,000': ['--server-metrics', ...urls],
  };
  const runs = new Map<string, { first: number; p50: number; p99: number; firstMs: number }[]>();
  for (let round = 0; round < rounds; round++) {
    for (const [name, args] of Object.entries(cases)) {
      const found = await withFolder(async (folder) => {
        const log = join(folder, 'tokens.jsonl');
        const server = await startMockServer(['--ttft', '50', '--itl', '10', '--token-log', log]);
        const before = clockOffsetNs();
        const load = ['--concurrency', '100', '--request-count', quick ? '100' : '500'];
        const run = await runOurs(server.url, folder, [...chatArgs(200, true, 100), ...load, ...args], {
          isWatched: false,
        });
        const offset = (before + clockOffsetNs()) / 2n;
        await server.stop();
        const sent = readTokenLog(log);
        const { first, every } = distance(sent, readRecords(join(folder, 'profile_export.jsonl'), offset));
        const received = [...sent.values()].map(({ receivedNs }) => receivedNs);
        const firstMs = (Math.min(...received) - run.startedNs) / 1e6;
        return { first: first.p50, p50: every.p50, p99: every.p99, firstMs };
      });
      runs.set(name, [...(runs.get(name) ?? []), found]);
    }
  }
  await pages.stop();
  for (const [name, all] of runs) {
    const of = (pick: (run: (typeof all)[number]) => number) => median(all.map(pick));
    report.add('stamps of 100 streams of 100 tokens/s, µs behind the server', {
      'server metrics': name,
      'first token p50': of((run) => run.first),
      'every token p50': of((run) => run.p50),
      'every token p99': of((run) => run.p99),
      'ms from the command to the first request': of((run) => run.firstMs),
    });
  }
}
