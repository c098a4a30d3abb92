import { parentPort } from 'node:worker_threads';
import { openClock } from '../util/clock.js';
import { messageOf } from '../util/errors.js';
import { yieldToLoadThreads } from '../util/priority.js';
import { every } from '../util/timeout.js';
import type { GpuCollector } from './gpu/gpu-collector.js';
import { Notices } from './notices.js';
import type { PageReader } from './page-reader.js';
import { removeScrapeLogs, scrapeLogPath } from './scrape-logs.js';
import { openScrapedSeries } from './scraped-series.js';
import type { ScrapedSeries } from './server-series.js';
import { ServerWatch } from './server-watch.js';
import type { Reading, TelemetrySource } from './source.js';
import { leastReadMs, MAX_READ_MS, SourceLoop } from './source-loop.js';
import { SourceRecorder } from './source-recorder.js';
import type { TelemetryCommand, TelemetryEvent, TelemetryPlan } from './telemetry.js';

/** Latest values go to live views at this interval. */
const LATEST_EVERY_MS = 1000;

/** What was read of servers and GPUs. */
export interface TelemetryRead {
  readonly scraped: ScrapedSeries;
  readonly gpus: GpuCollector | undefined;
}

/** What the telemetry thread works with. */
export interface TelemetryParts<Request, Results> {
  readonly sources: readonly TelemetrySource[];
  /** Called when every source was read twice, or could not be. @param families on the page of each source so far. */
  readonly onBegun: (families: readonly ReadonlySet<string>[]) => void;
  /** Starts to read GPUs; undefined: none are read. */
  readonly openGpus: ((notices: Notices) => GpuCollector) | undefined;
  /** Makes files and results of what was read. */
  readonly finish: (read: TelemetryRead, request: Request) => Promise<Results>;
}

/** The telemetry thread: reads all sources until it is told to stop, and then makes the results. */
export function runTelemetryThread<Request, Results>(
  plan: TelemetryPlan,
  { sources, openGpus, onBegun, finish }: TelemetryParts<Request, Results>,
): void {
  yieldToLoadThreads();
  const { origin, isStrict, folder, formerFolder } = plan;
  const post = (event: TelemetryEvent<Results>) => parentPort?.postMessage(event);
  const notices = new Notices((level, message) => post({ kind: 'log', level, message }));
  const { nowNs } = openClock(origin);
  const gpus = openGpus?.(notices);
  const watches = new Map(
    sources.flatMap((source) =>
      plan.isWatched && source.kind === 'server' ? [[source, new ServerWatch(source.url)] as const] : [],
    ),
  );
  const recorders = sources.map((source, number) => {
    const onPage = (reading: Reading, pages: PageReader) => {
      if (source.kind === 'gpu') gpus?.takePage(source.url, reading, pages);
      else watches.get(source)?.takePage(reading, pages);
    };
    const recorder = new SourceRecorder(source, notices, folder, number, origin, onPage);
    if (formerFolder !== undefined) {
      try {
        recorder.takeUp(scrapeLogPath(formerFolder, number));
      } catch (thrown) {
        const what = `what was read before cannot be taken up: ${messageOf(thrown)}`;
        notices.note(`${source.url} taken up`, 'WARNING', `${source.url}: ${what}`, '');
      }
    }
    return recorder;
  });
  const stopWatching = plan.isWatched ? every(LATEST_EVERY_MS, postLatest) : () => {};
  const loops = sources.map((source, number) => {
    const { intervalMs } = source;
    const options = {
      ...{ nowNs, notices },
      delayMs: (intervalMs * number) / sources.length,
      firstReadMs: isStrict ? MAX_READ_MS : leastReadMs(intervalMs),
    };
    return new SourceLoop(source, recorders[number] as SourceRecorder, options);
  });
  post({ kind: 'reading' });
  const begun = Promise.all([...loops.map((loop) => loop.begun), gpus?.begun]);
  const over = Promise.all([...loops.map((loop) => loop.over), gpus?.over]);
  void begun.then(() => {
    const pages = loops.flatMap(({ source: { kind, url, isDefault }, failure }) =>
      failure === undefined || (kind === 'gpu' && isDefault) ? [] : [{ url, message: failure.message }],
    );
    const tools = (gpus?.tools ?? []).flatMap(({ source: url, fault }) =>
      fault === undefined ? [] : [{ url, message: fault }],
    );
    post({ kind: 'begun', unread: [...pages, ...tools] });
    onBegun(recorders.map(({ families }) => families));
  });
  const isMissing = () =>
    sources.every(({ isDefault }) => isDefault) &&
    recorders.every(({ scrapes }) => scrapes === 0) &&
    (gpus?.tools ?? []).length === 0;
  void over.then(() => {
    if (isMissing()) post({ kind: 'nothing' });
  });
  parentPort?.on('message', (command: TelemetryCommand<Request>) => {
    if (command.kind === 'stop') {
      for (const loop of loops) loop.stop(command.isHurried);
      gpus?.stop(command.isHurried);
    } else if (command.kind === 'read') {
      void Promise.all(loops.map((loop) => loop.readNow())).then(() => post({ kind: 'read' }));
    } else {
      void over.then(async () => {
        if (!isMissing()) await end(command.request);
      });
    }
  });

  function postLatest(): void {
    const servers = [...watches.values()].flatMap(({ latest }) => latest ?? []);
    post({ kind: 'latest', latest: { servers, gpus: gpus?.latest ?? [] } });
  }

  async function end(request: Request): Promise<void> {
    stopWatching();
    notices.end();
    for (const recorder of recorders) recorder.close();
    const scraped = openScrapedSeries(recorders.map((recorder) => recorder.logged()));
    const results = await finish({ scraped, gpus }, request);
    removeScrapeLogs(folder);
    post({ kind: 'results', results });
  }
}
