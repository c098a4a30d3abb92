import { workerData } from 'node:worker_threads';
import { GpuCollector } from '../../telemetry/gpu/gpu-collector.js';
import type { GpuObservation } from '../../telemetry/gpu/gpu-reading.js';
import type { Notices } from '../../telemetry/notices.js';
import { openPageSource, type PagePlan } from '../../telemetry/page-source.js';
import type { ServerSettings } from '../../telemetry/server-settings.js';
import type { TelemetryPlan } from '../../telemetry/telemetry.js';
import { runTelemetryThread } from '../../telemetry/telemetry-thread.js';
import { openTransport } from '../../transport/open.js';
import { openClock } from '../../util/clock.js';
import { sleep } from '../../util/timeout.js';
import type { TelemetryRequest, TelemetryResults } from './telemetry-results.js';

/** The time for settings after the load, and after a load that was interrupted. */
const SETTINGS_MS = 1000;
const HURRIED_SETTINGS_MS = 100;

const plan: TelemetryPlan = workerData;
const { origin, gpu } = plan;
const { nowNs } = openClock(origin);
const { unixSocket, ...others } = plan.transportOptions;
const transport = await openTransport(plan.transport, { ...plan.transportOptions, nowNs });
// The socket leads to the server of the load alone.
const otherTransport =
  unixSocket === undefined ? transport : await openTransport(plan.transport, { ...others, nowNs });
const transportOf = ({ isOfLoad }: PagePlan) => (isOfLoad ? transport : otherTransport);
let settings: ReturnType<typeof import('./page-settings.js').pageSettings> | undefined;
const write = gpu && (await openGpuFile(gpu.file));
const former =
  gpu?.formerFile === undefined
    ? []
    : (await import('../../run/gpu-telemetry.js')).readGpuObservations(gpu.formerFile, origin);
const openGpus =
  gpu &&
  ((notices: Notices) => {
    const collector = new GpuCollector(gpu, { origin, nowNs, notices, write });
    for (const observation of former) collector.take(observation);
    return collector;
  });
runTelemetryThread<TelemetryRequest, TelemetryResults>(plan, {
  sources: plan.pages.map((page) => openPageSource(page, transportOf(page))),
  openGpus,
  onBegun: (families) => {
    settings = import('./page-settings.js').then(({ pageSettings }) =>
      pageSettings(plan.pages, families, transportOf),
    );
  },
  finish: async (read, request) => {
    // Loaded after the load: it takes time from the threads that start.
    const { makeTelemetryResults } = await import('./telemetry-results.js');
    return makeTelemetryResults(read, request, await settingsOf(request));
  },
});

/** The settings; none where a server has not shown them by the end of the run and a little longer. */
async function settingsOf({ server }: TelemetryRequest): Promise<readonly ServerSettings[]> {
  const waiting = new AbortController();
  const noTime = sleep(server.wasCancelled ? HURRIED_SETTINGS_MS : SETTINGS_MS, waiting.signal);
  const all = await Promise.race([settings, noTime]);
  waiting.abort();
  return all ?? [];
}

/** Writes what GPUs report; the file is made with the first of it. */
async function openGpuFile(path: string): Promise<(observation: GpuObservation) => void> {
  const { GpuFile } = await import('../../export/gpu-jsonl.js');
  let file: InstanceType<typeof GpuFile> | undefined;
  return (observation) => {
    file ??= new GpuFile(path, origin);
    file.add(observation);
  };
}
