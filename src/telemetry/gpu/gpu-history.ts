import { withoutSecrets } from '../../util/secrets.js';
import type { LiveGpu } from '../live-telemetry.js';
import { amd, type GpuMetric, nvidia } from './gpu-metrics.js';
import type { Gpu, GpuObservation } from './gpu-reading.js';

/** Everything that one source reported of one GPU. */
export interface GpuHistory {
  readonly source: string;
  readonly gpu: Gpu;
  /** Ascending, ns since the clock's origin. */
  readonly times: Float64Array;
  /** By the name of the metric, in the order of the first reading: a value for each time, NaN where there was none. */
  readonly values: ReadonlyMap<string, Float64Array>;
}

/** Readings after which a value that was not repeated is not the newest any more. */
const MAX_AGE = 10;

/** Without the keys that an exporter was sent and may show. */
function masked(gpu: Gpu): Gpu {
  const [uuid, model, hostname] = [gpu.uuid, gpu.model, gpu.hostname].map((text) => withoutSecrets(text));
  return { ...gpu, uuid: uuid ?? '', model: model ?? '', hostname: hostname ?? '' };
}

/** Collects observations, in memory: 8 bytes a value, 1 MB for an hour of a GPU. */
export class GpuHistories {
  readonly #gpus = new Map<string, Begun>();

  /** @param observation one that is not older than those before it of its source. */
  add({ source, atNs, readings }: GpuObservation): void {
    for (const { gpu, values } of readings) {
      const key = `${source} ${gpu.index} ${gpu.uuid}`;
      const begun = this.#gpus.get(key) ?? {
        source,
        gpu: masked(gpu),
        times: new Growing(),
        values: new Map(),
      };
      this.#gpus.set(key, begun);
      const place = begun.times.length;
      begun.times.set(place, atNs);
      for (const [name, value] of values) {
        const list = begun.values.get(name) ?? new Growing();
        begun.values.set(name, list);
        list.set(place, value);
      }
    }
  }

  /** The newest values of each GPU. */
  get latest(): readonly LiveGpu[] {
    return [...this.#gpus.values()].map(({ source, gpu, times, values }) => {
      const of = (...names: readonly GpuMetric[]) => {
        const list = names.map(({ name }) => values.get(name)).find((found) => found !== undefined);
        return list?.before(times.length);
      };
      return {
        ...{ source, index: gpu.index, uuid: gpu.uuid, model: gpu.model, host: gpu.hostname },
        utilizationPercent: of(nvidia.utilization, amd.gfxActivity),
        memoryUsedGb: of(nvidia.memoryUsed, amd.memoryUsed),
        powerWatts: of(nvidia.power, amd.power),
        temperatureCelsius: of(nvidia.temperature, amd.temperature),
      };
    });
  }

  /** In the order of the first reading of each. */
  get all(): readonly GpuHistory[] {
    return [...this.#gpus.values()].map(({ source, gpu, times, values }) => ({
      ...{ source, gpu, times: times.upTo(times.length) },
      values: new Map([...values].map(([name, list]) => [name, list.upTo(times.length)])),
    }));
  }
}

interface Begun {
  readonly source: string;
  readonly gpu: Gpu;
  readonly times: Growing;
  readonly values: Map<string, Growing>;
}

/** Numbers in one piece of memory that grows; places that were not set are NaN. */
class Growing {
  #memory = new Float64Array(64).fill(Number.NaN);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  set(place: number, value: number): void {
    if (place >= this.#memory.length) this.#grow(place + 1);
    this.#memory[place] = value;
    this.#length = Math.max(this.#length, place + 1);
  }

  /** The newest value at one of the last places before this one: a source may report some less often than others. */
  before(place: number): number | undefined {
    for (let at = place - 1; at >= Math.max(0, place - MAX_AGE); at--) {
      const value = this.#memory[at];
      if (value !== undefined && !Number.isNaN(value)) return value;
    }
    return undefined;
  }

  upTo(length: number): Float64Array {
    if (length > this.#memory.length) this.#grow(length);
    return this.#memory.subarray(0, length);
  }

  #grow(least: number): void {
    const grown = new Float64Array(Math.max(least, 2 * this.#memory.length)).fill(Number.NaN);
    grown.set(this.#memory);
    this.#memory = grown;
  }
}
