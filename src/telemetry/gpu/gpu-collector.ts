import { hostname } from 'node:os';
import type { ClockOrigin } from '../../util/clock.js';
import { messageOf } from '../../util/errors.js';
import { sleep } from '../../util/timeout.js';
import type { LiveGpu } from '../live-telemetry.js';
import type { Notices } from '../notices.js';
import type { PageReader } from '../page-reader.js';
import type { Reading } from '../source.js';
import { amdSmi } from './amd-smi.js';
import { type DcgmField, DcgmReader, type PageSample } from './dcgm.js';
import { GpuHistories, type GpuHistory } from './gpu-history.js';
import type { GpuMetric } from './gpu-metrics.js';
import type { GpuObservation } from './gpu-reading.js';
import { type GpuTool, type ToolReading, ToolRun } from './gpu-tool.js';
import { nvidiaSmi } from './nvidia-smi.js';

/** What is read of GPUs, as plain data. */
export interface GpuPlan {
  /** Tools that read the GPUs of this machine. */
  readonly tools: readonly ('nvidia-smi' | 'amd-smi')[];
  readonly intervalMs: number;
  /** Fields of DCGM besides those that are always read. */
  readonly custom: readonly DcgmField[];
  /** Path of the file for every sample. */
  readonly file: string;
  /** That of another process, which has read the same measurement before; undefined: there is none. */
  readonly formerFile: string | undefined;
  /** Environment of the tools. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

interface CollectorOptions {
  readonly origin: ClockOrigin;
  readonly nowNs: () => number;
  readonly notices: Notices;
  /** Writes what was read at once. @throws Error if it cannot */
  readonly write: ((observation: GpuObservation) => void) | undefined;
}

/** Time for a tool to give a last reading after the load. */
const LAST_READING_MS = 1000;

/** A tool's own time is that of the reading, unless its output was kept back for longer than this. */
const LONGEST_DELAY_MS = 60_000;

/** Takes what GPUs report, from pages and from tools. */
export class GpuCollector {
  /** Of each tool: whether it has read something, or why it has ended. */
  readonly tools: readonly { readonly source: string; hasRead: boolean; fault: string | undefined }[];
  /** Resolves when every tool has read something or has ended. */
  readonly begun: Promise<void>;
  /** Resolves when no tool reads any more. */
  readonly over: Promise<void>;
  /** Metrics besides the known ones. */
  readonly custom: readonly GpuMetric[];
  readonly #histories = new GpuHistories();
  readonly #options: CollectorOptions;
  readonly #reader: DcgmReader;
  readonly #pages = new Map<string, GpuPage>();
  readonly #noted = new Set<string>();
  readonly #runs: readonly ToolRun[];
  readonly #hurrying = new AbortController();
  #stop = () => {};
  /** Called with each reading of a tool, and when one ends. */
  #onTool = () => {};
  #write: ((observation: GpuObservation) => void) | undefined;

  /** Starts the tools. */
  constructor({ tools, intervalMs, custom, env }: GpuPlan, options: CollectorOptions) {
    this.#options = options;
    this.#write = options.write;
    this.custom = custom.map(({ metric }) => metric);
    this.#reader = new DcgmReader(custom);
    const opened = tools.map((name) => (name === 'nvidia-smi' ? nvidiaSmi() : amdSmi()));
    const states = opened.map(({ source }) => ({
      source,
      hasRead: false,
      fault: undefined as string | undefined,
    }));
    this.tools = states;
    const starts: Promise<void>[] = [];
    this.#runs = opened.map((tool, i) => {
      let begin = () => {};
      starts.push(
        new Promise((resolve) => {
          begin = resolve;
        }),
      );
      return new ToolRun(tool, {
        intervalMs,
        env,
        onReadings: (readings) => {
          Object.assign(states[i] ?? {}, { hasRead: true });
          this.#takeReadings(tool, readings);
          begin();
          this.#onTool();
        },
        onEnd: (fault) => {
          Object.assign(states[i] ?? {}, { fault });
          this.#options.notices.note(`${tool.source} ended`, 'WARNING', `${tool.name} ${fault}`, '');
          begin();
          this.#onTool();
        },
      });
    });
    this.begun = Promise.all(starts).then(() => {});
    const stopped = new Promise<void>((resolve) => {
      this.#stop = resolve;
    });
    this.over = (tools.length === 0 ? Promise.resolve() : stopped)
      .then(() => this.#lastReadings())
      .finally(() => {
        for (const run of this.#runs) run.stop();
      });
  }

  /** What was read so far. */
  get histories(): readonly GpuHistory[] {
    return this.#histories.all;
  }

  /** The newest values of each GPU. */
  get latest(): readonly LiveGpu[] {
    return this.#histories.latest;
  }

  /** Takes the page of a source. */
  takePage(url: string, { sentNs }: Reading, pages: PageReader): void {
    const page = this.#pages.get(url) ?? new GpuPage();
    this.#pages.set(url, page);
    const { readings, withoutGpu } = this.#reader.read(page.samples(pages, this.#reader));
    if (withoutGpu > 0) this.#note(url, 'lines of DCGM fields without the label gpu are left out');
    else if (readings.length === 0) this.#note(url, 'it has no fields of DCGM exporter (DCGM_FI_DEV_…)');
    if (readings.length > 0) this.take({ source: url, atNs: sentNs, readings });
  }

  /** Ends the tools, because the load has ended, when each has given one more reading. @param isHurried at once. */
  stop(isHurried: boolean): void {
    if (isHurried) this.#hurrying.abort();
    this.#stop();
  }

  /** Waits until every tool that still runs has read something, but not for long. */
  async #lastReadings(): Promise<void> {
    for (const tool of this.tools) tool.hasRead = false;
    const allRead = new Promise<void>((resolve) => {
      this.#onTool = () => {
        if (this.tools.every(({ hasRead, fault }) => hasRead || fault !== undefined)) resolve();
      };
      this.#onTool();
    });
    await Promise.race([allRead, sleep(LAST_READING_MS, this.#hurrying.signal)]);
    this.#hurrying.abort();
  }

  #takeReadings({ source }: GpuTool, readings: readonly ToolReading[]): void {
    const { origin, nowNs } = this.#options;
    const now = nowNs();
    for (const { epochMs, reading } of readings) {
      const stated = epochMs === undefined ? now : Number(BigInt(epochMs) * 1_000_000n - origin.epochNs);
      const delayMs = (now - stated) / 1e6;
      const atNs = delayMs >= 0 && delayMs <= LONGEST_DELAY_MS ? stated : now;
      const gpu = { ...reading.gpu, hostname: hostname() };
      this.take({ source, atNs, readings: [{ ...reading, gpu }] });
    }
  }

  /** Takes what was read of GPUs. */
  take(observation: GpuObservation): void {
    this.#histories.add(observation);
    try {
      this.#write?.(observation);
    } catch (thrown) {
      this.#write = undefined;
      this.#options.notices.note('gpu file', 'ERROR', messageOf(thrown), '');
    }
  }

  /** Notes what holds for each page of a source, once. */
  #note(url: string, what: string): void {
    if (this.#noted.has(url)) return;
    this.#noted.add(url);
    this.#options.notices.note(`${url} ${what}`, 'WARNING', `${url}: ${what}`, '');
  }
}

/** The samples of a page that are read, by the ids that the page's reader gave them. */
class GpuPage {
  readonly #known = new Map<number, Pick<PageSample, 'name' | 'labels'>>();

  samples({ fresh, ids, count, values }: PageReader, reader: DcgmReader): PageSample[] {
    for (const { id, name, labels } of fresh) {
      if (reader.reads(name)) this.#known.set(id, { name, labels: Object.fromEntries(labels) });
    }
    const samples: PageSample[] = [];
    for (let i = 0; i < count; i++) {
      const id = ids[i] ?? -1;
      const known = this.#known.get(id);
      if (known !== undefined) samples.push({ ...known, value: values[id] ?? Number.NaN });
    }
    return samples;
  }
}
