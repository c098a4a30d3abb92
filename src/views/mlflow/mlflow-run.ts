import { userInfo } from 'node:os';
import { resolve } from 'node:path';
import type { Snapshot } from '../../collect/snapshot.js';
import type { HistogramState } from '../../metrics/record-histograms.js';
import type { PhaseName } from '../../records/record.js';
import { fileNames } from '../../run/files.js';
import { epochMs } from '../../util/clock.js';
import { maskUrls } from '../../util/secret-names.js';
import { redacted } from '../../util/secrets.js';
import { writeWhole } from '../../util/write-whole.js';
import type { WatchedResult, WatchedRun } from '../messages.js';
import type { MlflowPlan } from '../plan.js';
import { artifactPath, artifactsIn } from './artifacts.js';
import type { MlflowClient, MlflowMetric, MlflowRunInfo } from './client.js';
import { finalMetrics, runParams, runTags } from './final-figures.js';
import { LiveMetrics } from './live-metrics.js';

/** Live values that wait for a server that does not answer; the oldest are dropped. */
const MOST_WAITING = 5000;

interface Surroundings {
  readonly plan: MlflowPlan;
  readonly client: MlflowClient;
  /** Shown once. */
  readonly onFailure: (doing: string, thrown: unknown) => void;
}

/** One run on its way to an MLflow server. What fails is reported, and the run goes on. */
export class MlflowRun {
  readonly #facts: WatchedRun;
  readonly #plan: MlflowPlan;
  readonly #client: MlflowClient;
  readonly #onFailure: Surroundings['onFailure'];
  readonly #live = new LiveMetrics();
  readonly snapshots = new Map<PhaseName, Snapshot>();
  histograms: HistogramState | undefined;
  #waiting: MlflowMetric[] = [];
  #info: MlflowRunInfo | undefined;
  #parentRunId: string | undefined;
  /** It was there before the run ended. */
  #isLive = false;
  /** All work so far: one request after another. */
  #work: Promise<void>;
  #isBusy = false;

  constructor(facts: WatchedRun, { plan, client, onFailure }: Surroundings) {
    this.#facts = facts;
    this.#plan = plan;
    this.#client = client;
    this.#onFailure = onFailure;
    this.#work = this.#attempt('The run could not be created', async () => {
      await this.#create();
      this.#isLive = true;
      const started = BigInt(Math.round(epochMs())) * 1_000_000n;
      this.#writeExport({ live_streaming: true, stream_started_at_ns: started });
    });
  }

  /** Sends the figures since the last time; does nothing while the last ones are on their way. */
  log(): void {
    this.#note();
    if (!this.#isBusy && this.#info !== undefined)
      this.#then('Live metrics could not be sent', () => this.#sendLive());
  }

  /**
   * Sends the results and files.
   * @param result undefined for a run that left none. @returns a promise that resolves when all is sent, or has failed.
   */
  end(result: WatchedResult | undefined): Promise<void> {
    this.#note();
    this.#then('The results could not be sent', async () => {
      if (this.#info === undefined) await this.#create();
      await this.#sendLive();
      if (result !== undefined) await this.#sendResult(result);
      else if (this.#info !== undefined) await this.#client.endRun(this.#info.runId, 'FAILED', epochMs());
    });
    return this.#work;
  }

  #note(): void {
    const timestamp = Math.round(epochMs());
    const step = Math.max(0, Math.round((timestamp - this.#facts.startedMs) / 1000));
    const values = this.#live.since(this.histograms, this.snapshots.values());
    for (const [key, value] of values) this.#waiting.push({ key, value, timestamp, step });
    this.#waiting = this.#waiting.slice(-MOST_WAITING);
  }

  async #create(): Promise<void> {
    const { experiment, runName, parentRunId, tags } = this.#plan;
    const { benchmarkId, place, startedMs } = this.#facts;
    const experimentId = await this.#client.experimentId(experiment);
    const name = runName ?? `aiperf-${benchmarkId.slice(0, 8)}`;
    if (parentRunId !== undefined && (await this.#client.hasRun(parentRunId)))
      this.#parentRunId = parentRunId;
    else if (parentRunId !== undefined)
      this.#onFailure('The parent run is not used', new Error(`the server has no run ${parentRunId}`));
    const hidden = {
      ...{ 'mlflow.source.name': 'aiperf', 'mlflow.source.type': 'LOCAL', 'mlflow.user': userName() },
      ...(this.#parentRunId === undefined ? {} : { 'mlflow.parentRunId': this.#parentRunId }),
    };
    this.#info = await this.#client.createRun(
      experimentId,
      place === undefined ? name : `${name} ${place.label}`,
      startedMs,
      runTags(this.#facts, undefined, { ...tags, ...hidden }),
    );
  }

  async #sendLive(): Promise<void> {
    const sent = new Set(this.#waiting);
    if (this.#info !== undefined) await this.#client.log(this.#info.runId, { metrics: [...sent] });
    this.#waiting = this.#waiting.filter((metric) => !sent.has(metric));
  }

  async #sendResult(result: WatchedResult): Promise<void> {
    const info = this.#info;
    if (info === undefined) return;
    const timestamp = Math.round(epochMs());
    const values = finalMetrics(this.#facts, result);
    const metrics = Array.from(values, ([key, value]) => ({ key, value, timestamp, step: 0 }));
    const params = runParams(this.#facts);
    const tags = runTags(this.#facts, result.wasCancelled, this.#plan.tags);
    await this.#client.log(info.runId, { metrics, params, tags });
    const status = result.wasCancelled ? 'KILLED' : result.failure === undefined ? 'FINISHED' : 'FAILED';
    await this.#client.endRun(info.runId, status, timestamp);
    const { mlflowExport } = fileNames(undefined);
    const { folder } = this.#facts;
    const files = artifactsIn(folder, this.#plan.artifactGlobs).filter((path) => path !== mlflowExport);
    // As AIPerf, the file lists itself and all that is uploaded with it.
    const uploaded = [...files, mlflowExport];
    this.#writeExport({
      live_streaming: this.#isLive,
      reused_live_run: this.#isLive,
      metric_keys: [...values.keys()].sort(),
      param_keys: params.map(({ key }) => key).sort(),
      tag_keys: tags.map(({ key }) => key).sort(),
      uploaded_artifacts: uploaded,
      exported_at_ns: BigInt(timestamp) * 1_000_000n,
    });
    for (const path of uploaded) await this.#client.upload(info, artifactPath(path), resolve(folder, path));
  }

  #writeExport(more: Readonly<Record<string, unknown>>): void {
    const info = this.#info;
    const { mlflowExport } = fileNames(undefined);
    const content = {
      tracking_uri: maskUrls(this.#plan.trackingUri, redacted),
      experiment: this.#plan.experiment,
      run_id: info?.runId,
      run_name: info?.runName,
      benchmark_id: this.#facts.benchmarkId,
      parent_run_id: this.#parentRunId ?? null,
      ...more,
    };
    const [trouble] = writeWhole(resolve(this.#facts.folder, mlflowExport), `${json(content)}\n`);
    if (trouble !== undefined) throw new Error(trouble);
  }

  #then(doing: string, act: () => Promise<void>): void {
    this.#work = this.#work.then(() => this.#attempt(doing, act));
  }

  async #attempt(doing: string, act: () => Promise<void>): Promise<void> {
    this.#isBusy = true;
    try {
      await act();
    } catch (thrown) {
      this.#onFailure(doing, thrown);
    }
    this.#isBusy = false;
  }
}

/** Bigints become integers, which pass 2^53. */
function json(content: Readonly<Record<string, unknown>>): string {
  const text = JSON.stringify(content, (_, value) => (typeof value === 'bigint' ? `${value}n` : value), 2);
  return text.replace(/"(\d+)n"/g, '$1');
}

function userName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    // A container may run as a user without a name.
    return undefined;
  }
}
