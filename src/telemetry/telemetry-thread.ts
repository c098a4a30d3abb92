import { parentPort } from 'node:worker_threads';
import { openClock } from '../util/clock.js';
import { yieldToLoadThreads } from '../util/priority.js';
import { Notices } from './notices.js';
import { removeScrapeLogs } from './scrape-logs.js';
import { openScrapedSeries } from './scraped-series.js';
import type { ScrapedSeries } from './server-series.js';
import type { TelemetrySource } from './source.js';
import { leastReadMs, MAX_READ_MS, SourceLoop } from './source-loop.js';
import { SourceRecorder } from './source-recorder.js';
import type { TelemetryCommand, TelemetryEvent, TelemetryPlan } from './telemetry.js';

/** What the telemetry thread works with. */
export interface TelemetryParts<Request, Results> {
  readonly sources: readonly TelemetrySource[];
  /** Called when every source was read twice, or could not be. @param families on the page of each source so far. */
  readonly onBegun: (families: readonly ReadonlySet<string>[]) => void;
  /** Makes files and results of what was read. */
  readonly finish: (scraped: ScrapedSeries, request: Request) => Promise<Results>;
}

/** The telemetry thread: reads all sources until it is told to stop, and then makes the results. */
export function runTelemetryThread<Request, Results>(
  plan: TelemetryPlan,
  { sources, onBegun, finish }: TelemetryParts<Request, Results>,
): void {
  yieldToLoadThreads();
  const { origin, intervalMs, isStrict, folder } = plan;
  const post = (event: TelemetryEvent<Results>) => parentPort?.postMessage(event);
  const notices = new Notices((level, message) => post({ kind: 'log', level, message }));
  const { nowNs } = openClock(origin);
  const recorders = sources.map((source, number) => new SourceRecorder(source, notices, folder, number));
  const loops = sources.map((source, number) => {
    const options = {
      ...{ intervalMs, nowNs, notices },
      delayMs: (intervalMs * number) / sources.length,
      firstReadMs: isStrict ? MAX_READ_MS : leastReadMs(intervalMs),
    };
    return new SourceLoop(source, recorders[number] as SourceRecorder, options);
  });
  post({ kind: 'reading' });
  const begun = Promise.all(loops.map((loop) => loop.begun));
  const over = Promise.all(loops.map((loop) => loop.over));
  void begun.then(() => {
    const unread = loops.flatMap(({ source: { url }, failure }) =>
      failure === undefined ? [] : [{ url, message: failure.message }],
    );
    post({ kind: 'begun', unread });
    onBegun(recorders.map(({ families }) => families));
  });
  const isMissing = () =>
    sources.every(({ isDefault }) => isDefault) && recorders.every(({ scrapes }) => scrapes === 0);
  void over.then(() => {
    if (isMissing()) post({ kind: 'nothing' });
  });
  parentPort?.on('message', (command: TelemetryCommand<Request>) => {
    if (command.kind === 'stop') for (const loop of loops) loop.stop(command.isHurried);
    else if (command.kind === 'read')
      void Promise.all(loops.map((loop) => loop.readNow())).then(() => post({ kind: 'read' }));
    else {
      void over.then(async () => {
        if (!isMissing()) await end(command.request);
      });
    }
  });

  async function end(request: Request): Promise<void> {
    notices.end();
    for (const recorder of recorders) recorder.close();
    const results = await finish(openScrapedSeries(recorders.map((recorder) => recorder.logged())), request);
    removeScrapeLogs(folder);
    post({ kind: 'results', results });
  }
}
