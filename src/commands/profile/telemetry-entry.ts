import { workerData } from 'node:worker_threads';
import { openPageSource, type PagePlan } from '../../telemetry/page-source.js';
import type { TelemetryPlan } from '../../telemetry/telemetry.js';
import { runTelemetryThread } from '../../telemetry/telemetry-thread.js';
import { openTransport } from '../../transport/open.js';
import { openClock } from '../../util/clock.js';
import type { TelemetryRequest, TelemetryResults } from './telemetry-results.js';

const plan: TelemetryPlan = workerData;
const { nowNs } = openClock(plan.origin);
const { unixSocket, ...others } = plan.transportOptions;
const transport = await openTransport(plan.transport, { ...plan.transportOptions, nowNs });
// The socket leads to the server of the load alone.
const otherTransport =
  unixSocket === undefined ? transport : await openTransport(plan.transport, { ...others, nowNs });
const transportOf = ({ isOfLoad }: PagePlan) => (isOfLoad ? transport : otherTransport);
let settings: ReturnType<typeof import('./page-settings.js').pageSettings> | undefined;
runTelemetryThread<TelemetryRequest, TelemetryResults>(plan, {
  sources: plan.pages.map((page) => openPageSource(page, transportOf(page))),
  onBegun: (families) => {
    settings = import('./page-settings.js').then(({ pageSettings }) =>
      pageSettings(plan.pages, families, transportOf),
    );
  },
  finish: async (scraped, request) => {
    // Loaded after the load: it takes time from the threads that start.
    const { makeTelemetryResults } = await import('./telemetry-results.js');
    return makeTelemetryResults(scraped, request, (await settings) ?? []);
  },
});
