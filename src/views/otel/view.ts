import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import type { Resource } from '@opentelemetry/resources';
import type { MetricData, ResourceMetrics } from '@opentelemetry/sdk-metrics';
import type { Snapshot } from '../../collect/snapshot.js';
import type { HistogramState } from '../../metrics/record-histograms.js';
import type { PhaseName } from '../../records/record.js';
import { maskUrls, secretsInUrl } from '../../util/secret-names.js';
import { learnSecrets, redacted, withoutSecrets } from '../../util/secrets.js';
import { every, sleep } from '../../util/timeout.js';
import { ExportQueue, type SendFailure } from '../export-queue.js';
import type { ViewMessage, WatchedRun } from '../messages.js';
import type { OtelPlan } from '../plan.js';
import type { View, ViewContext } from '../view.js';
import { type Signal, signalUrl } from './collector-url.js';
import { histogramMetrics, progressMetrics } from './metric-data.js';
import { type ExportedSpan, exportedSpan } from './request-spans.js';
import { runResource } from './resource.js';

/** As AIPerf. */
const EXPORT_EVERY_MS = 2000;
/** How long the end of the run may wait for a collector that works, and for one that does not. */
const LAST_EXPORT_MS = 10_000;
const LAST_TRY_MS = 2000;
/** Runs of a sweep that wait, and batches of spans. */
const MOST_RUNS = 20;
const MOST_SPAN_BATCHES = 10;

/** A run on its way to the collector. */
interface ExportedRun {
  readonly facts: WatchedRun;
  readonly resource: Resource;
  readonly snapshots: Map<PhaseName, Snapshot>;
  histograms: HistogramState | undefined;
}

/** Sends the figures of a run, and its sampled requests as spans, to an OpenTelemetry collector. */
export function openOtel(plan: OtelPlan, { io, reply }: ViewContext): View {
  learnSecrets([...secretsInUrl(plan.url), ...headerSecrets(io.env)]);
  return new OtelView(plan, (message) =>
    reply({ kind: 'warning', view: 'otel', message: withoutSecrets(message) }),
  );
}

class OtelView implements View {
  readonly #plan: OtelPlan;
  readonly #metrics: ExportQueue<{ readonly benchmarkId: string; readonly data: ResourceMetrics }>;
  readonly #spans: ExportQueue<readonly ExportedSpan[]>;
  readonly #stopTimer: () => void;
  #run: ExportedRun | undefined;

  constructor(plan: OtelPlan, warn: (message: string) => void) {
    this.#plan = plan;
    let isReported = false;
    const onFailure = (signal: Signal) => (reason: string) => {
      if (isReported) return;
      isReported = true;
      const url = maskUrls(signalUrl(plan.url, signal), redacted);
      warn(`OpenTelemetry ${signal} could not be sent to ${url}: ${reason}. The run goes on.`);
    };
    // Headers, certificates and time limits are those of the variables OTEL_EXPORTER_OTLP_*.
    const metrics = new OTLPMetricExporter({ url: signalUrl(plan.url, 'metrics') });
    const traces = new OTLPTraceExporter({ url: signalUrl(plan.url, 'traces') });
    this.#metrics = new ExportQueue(
      ({ data }) => outcomeOf((done) => metrics.export(data, done)),
      MOST_RUNS,
      onFailure('metrics'),
    );
    this.#spans = new ExportQueue(
      (spans) => outcomeOf((done) => traces.export([...spans], done)),
      MOST_SPAN_BATCHES,
      onFailure('traces'),
    );
    this.#stopTimer = every(EXPORT_EVERY_MS, () => this.#export());
  }

  onMessage(message: ViewMessage): void {
    switch (message.kind) {
      case 'run': {
        this.#export();
        const { run: facts } = message;
        const resource = runResource(facts, this.#plan.resourceAttributes);
        this.#run = { facts, resource, snapshots: new Map(), histograms: undefined };
        break;
      }
      case 'snapshot':
        this.#run?.snapshots.set(message.snapshot.phase, message.snapshot);
        break;
      case 'histograms':
        if (this.#run !== undefined) this.#run.histograms = message.histograms;
        break;
      case 'spans': {
        const { batch } = message;
        const run = this.#run;
        if (run === undefined) break;
        this.#spans.push(batch.spans.map((span) => exportedSpan(span, this.#genAi(run), run.resource)));
        break;
      }
      case 'result':
        this.#export();
        break;
      default:
    }
  }

  async close(hurry: AbortSignal): Promise<void> {
    this.#stopTimer();
    this.#export();
    const ms = this.#metrics.isFailing || this.#spans.isFailing ? LAST_TRY_MS : LAST_EXPORT_MS;
    const drained = Promise.all([this.#metrics.drained(), this.#spans.drained()]);
    await Promise.race([drained, sleep(ms, hurry)]);
  }

  #export(): void {
    const run = this.#run;
    if (run === undefined) return;
    const metrics = this.#metricsOf(run);
    if (metrics.length === 0) return;
    const { benchmarkId } = run.facts;
    const scopeMetrics = [{ scope: { name: 'aiperf.records' }, metrics }];
    // All sums and histograms are cumulative: the latest has all of those before it.
    this.#metrics.push(
      { benchmarkId, data: { resource: run.resource, scopeMetrics } },
      (waiting) => waiting.benchmarkId === benchmarkId,
    );
  }

  #metricsOf(run: ExportedRun): MetricData[] {
    const { facts, histograms, snapshots } = run;
    const genAi = this.#genAi(run);
    const planned = ({ phase }: Snapshot) => facts.phases.find(({ name }) => name === phase);
    return [
      ...(this.#plan.metrics && histograms !== undefined ? histogramMetrics(histograms, genAi) : []),
      ...(this.#plan.timing && snapshots.size > 0
        ? progressMetrics([...snapshots.values()], planned, {
            ...genAi,
            model: facts.models[0],
            startMs: facts.startedMs,
          })
        : []),
    ];
  }

  #genAi({ facts: { endpointType, urls } }: ExportedRun) {
    return { endpointType, urls, provider: this.#plan.genAiProvider };
  }
}

/** Calls an exporter. */
function outcomeOf(
  send: (done: (result: { readonly code: number; readonly error?: Error }) => void) => void,
): Promise<SendFailure> {
  return new Promise((resolve) => {
    send(({ code, error }) => resolve(code === 0 ? undefined : { reason: reasonOf(error) }));
  });
}

function reasonOf(error: (Error & { readonly code?: unknown }) | undefined): string {
  if (error === undefined) return 'no reason is known';
  if (typeof error.code === 'number') return `HTTP status ${error.code} ${error.message}`.trim();
  // An AggregateError of several addresses has no message.
  return error.message === '' ? String(error.code ?? error.name) : error.message;
}

/** The values of the headers for collectors, which often are keys. */
function headerSecrets(env: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(env)
    .filter(([name]) => /^OTEL_EXPORTER_OTLP_(\w+_)?HEADERS$/.test(name))
    .flatMap(([, value = '']) => value.split(','))
    .map((pair) => pair.slice(pair.indexOf('=') + 1).trim())
    .filter((value) => value !== '');
}
