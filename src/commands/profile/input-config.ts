import type { Config } from '../../config/options.js';
import { redactedHeaders } from '../../endpoint/headers.js';
import type { Json, JsonObject } from '../../util/json.js';
import { jsonWithoutSecrets, redacted, withoutSecrets } from '../../util/secrets.js';
import type { PlannedPhase } from './phases.js';
import type { PreparedRun } from './prepare.js';

/** The resolved configuration as the summary echoes it, secrets masked. */
export function inputConfig(config: Config, prepared: PreparedRun, artifactDir: string): JsonObject {
  const { load } = prepared;
  return {
    models: { items: config.models.map((name) => ({ name })) },
    endpoint: {
      urls: config.urls.map((url) => withoutSecrets(url)),
      type: config.endpointType,
      streaming: load.body.streaming,
      ...optional('custom_endpoint', config.customEndpoint),
      ...optional('api_key', config.apiKey && redacted),
      ...optional('extra', nonEmpty(jsonWithoutSecrets(config.extraInputs))),
      ...optional('headers', nonEmpty(redactedHeaders(Object.entries(config.headers).flat()))),
      ...optional('transport', config.transport === 'http' ? undefined : config.transport),
      ...optional('use_server_token_count', config.useServerTokenCount || undefined),
      ...optional('num_gpus', config.numGpus),
    },
    datasets: [
      {
        name: 'main',
        type: load.dataset.kind === 'synthetic' ? 'synthetic' : 'file',
        ...optional('path', config.inputFile),
        ...optional(
          'format',
          load.dataset.kind === 'rows'
            ? load.dataset.type
            : load.dataset.kind === 'pool'
              ? 'random_pool'
              : undefined,
        ),
        entries: prepared.datasetSize,
        ...optional('random_seed', config.randomSeed),
        ...(load.dataset.kind === 'synthetic' ? { prompts: promptConfig(config) } : {}),
        sampling: config.datasetSamplingStrategy,
      },
    ],
    phases: prepared.phases.map(phaseConfig),
    artifacts: { dir: artifactDir, ...optional('slice_duration', config.sliceDuration) },
    ...optional('slos', nonEmpty({ ...config.goodput })),
    tokenizer: { name: config.tokenizer ?? config.models[0] ?? '' },
    runtime: { ui: config.uiType, workers: prepared.threads },
  };
}

function phaseConfig({ plan, expectedRequests, concurrency }: PlannedPhase): JsonObject {
  const { name, issuing, requestLimit, sessionLimit, durationNs, graceNs, prefill, cancellation } = plan;
  const requests = Number.isFinite(requestLimit) ? requestLimit : expectedRequests;
  const bounded = Number.isFinite(durationNs);
  return {
    name,
    kind: name,
    type: issuing.kind === 'closed-loop' ? 'concurrency' : issuing.kind.replaceAll('-', '_'),
    ...optional('requests', requests),
    ...optional('sessions', Number.isFinite(sessionLimit) ? sessionLimit : undefined),
    ...optional('duration', bounded ? durationNs / 1e9 : undefined),
    ...optional('concurrency', concurrency),
    ...('ratePerSecond' in issuing ? { rate: issuing.ratePerSecond } : {}),
    ...('pattern' in issuing ? { arrival_pattern: issuing.pattern } : {}),
    ...('users' in issuing ? { users: issuing.users } : {}),
    ...optional('prefill_concurrency', prefill?.limit),
    ...optional('grace_period', bounded && Number.isFinite(graceNs) ? graceNs / 1e9 : undefined),
    ...(cancellation
      ? { cancellation: { rate: cancellation.percent, delay: cancellation.delayNs / 1e9 } }
      : {}),
    exclude_from_results: name === 'warmup',
  };
}

function promptConfig(config: Config): JsonObject {
  const length = (mean: number, stddev: number): JsonObject => ({ mean, ...(stddev > 0 ? { stddev } : {}) });
  return {
    isl: length(config.isl, config.islStddev),
    ...(config.osl === undefined ? {} : { osl: length(config.osl, config.oslStddev) }),
  };
}

function nonEmpty(object: JsonObject): JsonObject | undefined {
  return Object.keys(object).length > 0 ? object : undefined;
}

function optional(key: string, value: Json | undefined): JsonObject {
  return value === undefined ? {} : { [key]: value };
}
