import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nameOf, type OptionRow } from '../../../config/option.js';
import { type Config, profileOptions } from '../../../config/options.js';
import { andList, shown } from '../../../config/words.js';
import { prettyJson } from '../../../export/python-json.js';
import { readJsonObject } from '../../../export/run-config.js';
import { UserError } from '../../../util/errors.js';
import { isObject, type Json } from '../../../util/json.js';
import { redacted, withoutSecrets } from '../../../util/secrets.js';

/** What a series is known by when it is taken up again; written before its first run. */
export interface Manifest {
  /** A UUID that all of its runs share. */
  readonly sweepId: string;
  readonly seeds: readonly number[];
  /** The values of all options that bear on results, as text, by the option's first spelling; lists as lists. */
  readonly options: Readonly<Record<string, string>>;
}

const manifestName = 'sweep_config.json';

/** Options that say where results go, how they are shown, or how long to wait: two series may differ in them. */
const immaterial: ReadonlySet<keyof Config> = new Set([
  ...(['artifactDir', 'configFile', 'resume', 'uiType', 'logLevel', 'verbose', 'extraVerbose'] as const),
  ...(['tables', 'consoleExportWidth', 'confidenceLevel', 'numGpus', 'targetGoodput'] as const),
  ...(['report', 'strictFidelity'] as const),
  ...([
    'parameterSweepCooldownSeconds',
    'profileRunCooldownSeconds',
    'exportInputs',
    'noSweepTable',
  ] as const),
  ...(['recordProcessors', 'zmqHost', 'zmqIpcPath', 'zmqDualBind'] as const),
  ...(['noGpuTelemetry', 'noServerMetrics', 'noAutoPlot'] as const),
]);

/** The options of a series as its manifest holds them. @param configs of its points. */
export function materialOptions(configs: readonly Config[]): Readonly<Record<string, string>> {
  const rows: Readonly<Record<string, OptionRow>> = profileOptions;
  const [first] = configs;
  if (first === undefined) return {};
  return Object.fromEntries(
    keysOf(first)
      .filter((key) => !immaterial.has(key))
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

/** Whether a folder holds a series. */
export function holdsManifest(folder: string): boolean {
  return existsSync(join(folder, manifestName));
}

export function writeManifest(folder: string, { sweepId, seeds, options }: Manifest): void {
  writeFileSync(join(folder, manifestName), prettyJson({ sweep_id: sweepId, seeds, options }));
}

/**
 * The manifest of the series that a folder holds; undefined where it holds none.
 * @throws UserError where it is that of another configuration.
 */
export function readManifest(folder: string, options: Manifest['options']): Manifest | undefined {
  const json = readJsonObject(join(folder, manifestName));
  if (json === undefined) return undefined;
  const theirs = isObject(json.options) ? json.options : {};
  const names = [...new Set([...Object.keys(options), ...Object.keys(theirs)])];
  const changed = names.filter((name) => theirs[name] !== options[name]);
  if (changed.length > 0) {
    const changes = changed.map((name) => `${name} was ${said(theirs[name])} and is ${said(options[name])}`);
    throw new UserError(
      `--resume: ${folder} holds runs of another configuration: ${andList(changes)}.`,
      'Give the options that they were made with, name another folder with --artifact-dir, or leave out --resume to start anew.',
    );
  }
  const seeds = Array.isArray(json.seeds) ? json.seeds.filter((seed) => typeof seed === 'number') : [];
  return typeof json.sweep_id === 'string' ? { sweepId: json.sweep_id, seeds, options } : undefined;
}

function said(value: Json | undefined): string {
  return typeof value === 'string' ? value : 'not there';
}

function text(value: unknown, row: OptionRow): string {
  return typeof value === 'string' ? value : shown(value, row.hides);
}

function keysOf(config: Config): (keyof Config)[] {
  const isKey = (key: string): key is keyof Config => key in profileOptions;
  return Object.keys(config).filter(isKey);
}
