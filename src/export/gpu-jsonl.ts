import { gpuMetrics } from '../telemetry/gpu/gpu-metrics.js';
import type { GpuObservation, GpuReading } from '../telemetry/gpu/gpu-reading.js';
import { type ClockOrigin, wallNsText } from '../util/clock.js';
import { pythonFloat } from '../util/python-json.js';
import { withoutSecrets } from '../util/secrets.js';
import { LineFile } from './line-file.js';

/** `gpu_telemetry_export.jsonl`: a line for each GPU of each observation, in AIPerf's form. */
export class GpuFile {
  readonly #origin: ClockOrigin;
  readonly #file: LineFile;

  /** @throws Error as the constructor of `LineFile`. */
  constructor(path: string, origin: ClockOrigin) {
    this.#origin = origin;
    this.#file = new LineFile(path);
  }

  /** Its lines are in the file at once: a killed run keeps what it had. @throws Error as `LineFile`. */
  add({ source, atNs, readings }: GpuObservation): void {
    const timestamp = wallNsText(this.#origin, atNs);
    for (const reading of readings) this.#file.add(gpuLine(source, timestamp, reading));
    this.#file.flush();
  }

  /** @throws Error as `LineFile`. */
  close(): void {
    this.#file.close();
  }
}

const scaled = new Set(gpuMetrics.map(({ name }) => name));

function gpuLine(source: string, timestamp: string, { gpu, values }: GpuReading): string {
  const known = (text: string) => (text === '' ? undefined : withoutSecrets(text));
  const { platform, ...rest } = {
    gpu_index: gpu.index,
    gpu_uuid: withoutSecrets(gpu.uuid),
    gpu_model_name: withoutSecrets(gpu.model),
    pci_bus_id: known(gpu.pciBusId),
    device: known(gpu.device),
    hostname: known(gpu.hostname),
    namespace: known(gpu.namespace),
    pod_name: known(gpu.pod),
    platform: gpu.platform,
  };
  // Values that are taken as they are have no decimal point if they are integers.
  const members = [...values].map(
    ([name, value]) => `${JSON.stringify(name)}:${scaled.has(name) ? pythonFloat(value) : value}`,
  );
  return (
    `${JSON.stringify({ ...rest, platform }).slice(0, -1)},"timestamp_ns":${timestamp},` +
    `"telemetry_source_url":${JSON.stringify(source)},"telemetry_data":{${members.join(',')}}}\n`
  );
}
