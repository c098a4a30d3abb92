import { ownKey } from '../util/configuration.js';
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
    configs.map((config) => {
      const own = config?.[ownKey];
      // Our first versions wrote the number into the endpoint.
      const { num_gpus } = {
        ...(isObject(config?.endpoint) ? config.endpoint : {}),
        ...(isObject(own) ? own : {}),
      };
      return num_gpus;
    }),
  );
  const [gpus] = told;
  return told.size === 1 && typeof gpus === 'number' && gpus > 0 ? gpus : undefined;
}
