import { isObject, type JsonObject } from '../util/json.js';

/** Requests a second that a run's `input_config` asks for; without a rate, requests in flight: else a mere ceiling. */
export function loadTold(config: JsonObject | undefined): number | undefined {
  const phases = Array.isArray(config?.phases) ? config.phases.filter(isObject) : [];
  const { rate, concurrency } = phases.find(({ name }) => name === 'profiling') ?? {};
  const load = rate ?? concurrency;
  return typeof load === 'number' ? load : undefined;
}

/** GPUs of the server, where all of the runs say the same; undefined where one says nothing, or another number. */
export function gpusTold(configs: readonly (JsonObject | undefined)[]): number | undefined {
  const told = new Set(
    configs.map((config) => (isObject(config?.endpoint) ? config.endpoint.num_gpus : undefined)),
  );
  const [gpus] = told;
  return told.size === 1 && typeof gpus === 'number' && gpus > 0 ? gpus : undefined;
}
