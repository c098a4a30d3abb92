import { natsOptions } from '../../config/cluster-options.js';
import { liveOptions } from '../../config/live-options.js';
import { nameOf, type OptionRow } from '../../config/option.js';
import { type Config, profileOptions } from '../../config/options.js';
import { valueWords } from '../../config/words.js';
import { redacted, withoutSecrets } from '../../util/secrets.js';

/** Options that say where results go, how they are shown, or how long to wait: two series may differ in them. */
const immaterial: ReadonlySet<keyof Config> = new Set([
  ...(['artifactDir', 'configFile', 'resume', 'overwrite', 'logLevel', 'verbose', 'extraVerbose'] as const),
  ...(Object.keys(liveOptions) as (keyof typeof liveOptions)[]),
  ...(['tables', 'consoleExportWidth', 'confidenceLevel', 'numGpus', 'targetGoodput'] as const),
  ...(['report', 'strictFidelity', 'startAt', 'startEvery'] as const),
  ...([
    'parameterSweepCooldownSeconds',
    'profileRunCooldownSeconds',
    'exportInputs',
    'noSweepTable',
  ] as const),
  ...(['recordProcessors', 'zmqHost', 'zmqIpcPath', 'zmqDualBind'] as const),
  ...(Object.keys(natsOptions) as (keyof typeof natsOptions)[]),
  ...(['runId', 'joinTimeout', 'shardTimeout', 'onShardLoss'] as const),
  ...(['noGpuTelemetry', 'noServerMetrics', 'noAutoPlot'] as const),
  ...(['serverMetrics', 'serverMetricsFormats', 'strictTelemetry', 'serverMetricsIntervalSeconds'] as const),
  ...(['gpuTelemetry', 'gpuDefaultDcgmEndpoints', 'gpuCollectionIntervalSeconds'] as const),
]);

/** Those that may also differ between the machines of a run. */
const ofMachines: ReadonlySet<keyof Config> = new Set([
  ...(['shard', 'loadThreads', 'workersMax', 'httpConnectionLimit'] as const),
  ...(['tlsCaFile', 'tlsCertFile', 'tlsKeyFile', 'awsProfile'] as const),
]);

/** The options of a series as its manifest holds them. @param configs of its points. */
export function materialOptions(configs: readonly Config[]): Readonly<Record<string, string>> {
  return optionTexts(configs, (key) => !immaterial.has(key));
}

/** The options that all machines of a run must share, except those that name files, whose folders may differ. */
export function sharedOptions(config: Config, named: ReadonlySet<string>): Readonly<Record<string, string>> {
  const texts = optionTexts([config], (key) => !immaterial.has(key) && !ofMachines.has(key));
  return Object.fromEntries(Object.entries(texts).filter(([name]) => !named.has(name)));
}

function optionTexts(
  configs: readonly Config[],
  isWanted: (key: keyof Config) => boolean,
): Readonly<Record<string, string>> {
  const rows: Readonly<Record<string, OptionRow>> = profileOptions;
  const [first] = configs;
  if (first === undefined) return {};
  return Object.fromEntries(
    keysOf(first)
      .filter(isWanted)
      .flatMap((key) => {
        const row = rows[key];
        if (row === undefined) return [];
        const values = new Set(
          configs.map((config) => (row.secret ? redacted : withoutSecrets(text(config[key], row)))),
        );
        return [[nameOf(row), [...values].join(',')]];
      }),
  );
}

function text(value: unknown, row: OptionRow): string {
  return typeof value === 'string' ? value : valueWords(value, row.hides);
}

function keysOf(config: Config): (keyof Config)[] {
  const isKey = (key: string): key is keyof Config => key in profileOptions;
  return Object.keys(config).filter(isKey);
}
