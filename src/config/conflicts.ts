import { andList, orList } from '../util/lists.js';
import { basetenKeys } from './baseten-options.js';
import { clusterConflicts } from './cluster-conflicts.js';
import { controlConflicts, controlWarnings } from './control-conflicts.js';
import { callTypes, changeableTypes, graphTypes, hashIdTypes, isOneOf, traceTypes } from './dataset-types.js';
import { liveConflicts } from './live-conflicts.js';
import type { Check, Findings, Loaded } from './load.js';
import { loadConflicts, loadWarnings } from './load-conflicts.js';
import { loadMode } from './load-mode.js';
import { batchSizes, mediaConflicts, mediaWarnings } from './media-conflicts.js';
import { nameOf } from './option.js';
import { type Config, profileOptions } from './options.js';
import { promptConflicts, promptWarnings, shapingKeys } from './prompt-conflicts.js';
import { hasOwnPrompts, promptSources, publicConflicts, publicWarnings } from './public-conflicts.js';
import { type Key, noEffect, type Rule, refuses, verbFor } from './rule.js';
import { sweepFindings } from './sweep-conflicts.js';
import { synthesisKeys } from './synthesis-options.js';
import { telemetryConflicts, telemetryWarnings } from './telemetry-conflicts.js';

type Sources = Loaded<typeof profileOptions>['sources'];

const syntheticOnly: readonly Key[] = [
  'isl',
  'islStddev',
  'conversationTurnMean',
  'conversationTurnStddev',
  'conversationTurnDelayMean',
  'conversationTurnDelayStddev',
  'conversationTurnDelayRatio',
  ...shapingKeys,
];
const turnDelays = syntheticOnly.filter((key) => key.startsWith('conversationTurnDelay'));
const undiciOnly: readonly Key[] = ['http2', 'unixSocket', 'httpTrustEnv'];
const tlsOptions: readonly Key[] = ['tlsCaFile', 'tlsCertFile', 'tlsKeyFile', 'tlsInsecure'];
const meaningless: readonly Key[] = ['recordProcessors', 'zmqHost', 'zmqIpcPath', 'zmqDualBind'];

const conflicts: readonly Rule[] = [
  {
    keys: ['customDatasetType', ...promptSources],
    check: (config, isSet, name) =>
      isSet('customDatasetType') &&
      !hasOwnPrompts(config) &&
      `${name('customDatasetType')} needs --input-file: it sets how that file is read.`,
  },
  {
    keys: [...promptSources, ...syntheticOnly],
    check: (config, isSet, name) => {
      const extra = syntheticOnly.filter(isSet);
      return (
        hasOwnPrompts(config) &&
        extra.length > 0 &&
        `${name(...extra)} cannot be combined with ${config.inputFile === undefined ? '--public-dataset' : '--input-file'}: it only applies to synthetic prompts.`
      );
    },
  },
  {
    keys: ['transport', ...undiciOnly],
    check: (config, isSet, name) => {
      const wanted = undiciOnly.filter((key) => isSet(key) && config[key] !== false);
      return (
        config.transport !== 'undici' &&
        wanted.length > 0 &&
        `${name(...wanted)} ${verbFor(wanted, 'needs', 'need')} --transport undici: the ${config.transport} transport does not support it.`
      );
    },
  },
  refuses(
    'workersMax',
    { keys: ['workersMax'], holds: ({ workersMax }) => workersMax !== undefined },
    ['loadThreads'],
    ': one is a maximum, the other an exact number',
  ),
  {
    keys: ['tlsCertFile', 'tlsKeyFile'],
    check: (config, _isSet, name) => {
      if ((config.tlsCertFile === undefined) === (config.tlsKeyFile === undefined)) return false;
      return config.tlsKeyFile === undefined
        ? `${name('tlsCertFile')} needs --tls-key-file, the key of that certificate.`
        : `${name('tlsKeyFile')} needs --tls-cert-file, the certificate of that key.`;
    },
  },
  {
    keys: ['sliceDuration', 'benchmarkDuration'],
    check: ({ sliceDuration, benchmarkDuration }, _isSet, name) =>
      sliceDuration !== undefined &&
      benchmarkDuration !== undefined &&
      sliceDuration >= benchmarkDuration &&
      `${name('sliceDuration')} must be below --benchmark-duration, ${benchmarkDuration}, got ${sliceDuration}.`,
  },
];

const warnings: readonly Rule[] = [
  {
    keys: meaningless,
    check: (_config, isSet, name) => {
      const extra = meaningless.filter(isSet);
      return (
        extra.length > 0 &&
        `${name(...extra)} ${verbFor(extra, 'has', 'have')} no effect here: these services do not exist.`
      );
    },
  },
  {
    keys: ['tokenizerTrustRemoteCode'],
    check: (config, _isSet, name) =>
      config.tokenizerTrustRemoteCode &&
      `${name('tokenizerTrustRemoteCode')} has no effect: tokenizer code is never run here.`,
  },
  {
    keys: ['tokenizerRevision', 'tokenizer'],
    check: (config, isSet, name) =>
      isSet('tokenizerRevision') &&
      config.tokenizer === 'builtin' &&
      `${name('tokenizerRevision')} has no effect on the builtin tokenizer.`,
  },
  noEffect(['exportHttpTrace', 'report'], 'at --export-level summary, which writes no records', {
    keys: ['exportLevel'],
    holds: ({ exportLevel }) => exportLevel === 'summary',
  }),
  {
    keys: ['urls', ...tlsOptions],
    check: (config, isSet, name) => {
      const extra = tlsOptions.filter(isSet);
      return (
        extra.length > 0 &&
        !anyHttps(config) &&
        `${name(...extra)} ${verbFor(extra, 'has', 'have')} no effect: no URL starts with https://.`
      );
    },
  },
  {
    keys: ['urls', 'tlsInsecure', 'httpSslVerify'],
    check: (config, _isSet, name) =>
      anyHttps(config) &&
      (config.tlsInsecure || !config.httpSslVerify) &&
      `${name(config.tlsInsecure ? 'tlsInsecure' : 'httpSslVerify')} disables certificate checks: the server is not authenticated.`,
  },
  {
    keys: ['streamEnd', 'streaming'],
    check: (config, isSet, name) =>
      isSet('streamEnd') && !config.streaming && `${name('streamEnd')} has no effect without --streaming.`,
  },
  {
    keys: [...promptSources, 'conversationTurnMean', 'conversationTurnStddev', ...turnDelays],
    check: (config, isSet, name) => {
      const extra = turnDelays.filter(isSet);
      const oneTurn = config.conversationTurnMean === 1 && config.conversationTurnStddev === 0;
      return (
        extra.length > 0 &&
        oneTurn &&
        !hasOwnPrompts(config) &&
        `${name(...extra)} ${verbFor(extra, 'has', 'have')} no effect on conversations of one turn; --conversation-turn-mean makes them longer.`
      );
    },
  },
  {
    keys: ['urls', 'customEndpoint'],
    check: ({ urls, customEndpoint = '' }, _isSet, name) => {
      const keys = [
        ...(urls.some(hasTwoQueries) ? (['urls'] as const) : []),
        ...(hasTwoQueries(customEndpoint) ? (['customEndpoint'] as const) : []),
      ];
      return (
        keys.length > 0 &&
        `${name(...keys)} ${verbFor(keys, 'holds', 'hold')} two '?': the second is sent as part of a parameter's value. Put '&' between parameters.`
      );
    },
  },
];

function hasTwoQueries(url: string): boolean {
  return /\?.*\?/.test(url.replace(/#.*/, ''));
}

/** Finds all conflicts among the options of `profile`, and options without effect. */
export const checkProfile: Check<typeof profileOptions> = (loaded, isValid) => {
  const { customDatasetType } = loaded.config;
  const type = hasOwnPrompts(loaded.config) ? customDatasetType : (customDatasetType ?? 'synthetic');
  const ofType =
    type !== undefined && isValid('customDatasetType', ...promptSources)
      ? typeRules(type)
      : { conflicts: [], warnings: [] };
  const ofSweep = sweepFindings(loaded, isValid);
  return {
    errors: [
      ...find(
        [
          ...conflicts,
          ...promptConflicts,
          ...publicConflicts,
          ...mediaConflicts,
          ...loadConflicts,
          ...controlConflicts,
          ...clusterConflicts,
          ...telemetryConflicts,
          ...liveConflicts,
          ...ofType.conflicts,
        ],
        loaded,
        isValid,
      ),
      ...ofSweep.errors,
    ],
    warnings: [
      ...find(
        [
          ...warnings,
          ...promptWarnings,
          ...publicWarnings,
          ...mediaWarnings,
          ...loadWarnings,
          ...controlWarnings,
          ...telemetryWarnings,
          ...ofType.warnings,
        ],
        loaded,
        isValid,
      ),
      ...ofSweep.warnings,
    ],
  };
};

type DatasetType = NonNullable<Config['customDatasetType']> | 'synthetic';

/** The rules that depend on the dataset type. Call again once the type was detected from the file. */
export function checkDatasetType(loaded: Loaded<typeof profileOptions>, type: DatasetType): Findings {
  const rules = typeRules(type);
  return {
    errors: find(rules.conflicts, loaded, () => true),
    warnings: find(rules.warnings, loaded, () => true),
  };
}

function typeRules(type: DatasetType): { conflicts: readonly Rule[]; warnings: readonly Rule[] } {
  const hasHashIds = isOneOf(hashIdTypes, type);
  const isTrace = isOneOf(traceTypes, type);
  const isWhole = type !== 'synthetic' && type !== 'random_pool';
  const isSynthetic = { keys: [], holds: () => type === 'synthetic' };
  return {
    conflicts: [
      {
        keys: ['islBlockSize'],
        check: (_config, isSet, name) =>
          isSet('islBlockSize') &&
          type !== 'synthetic' &&
          !hasHashIds &&
          `${name('islBlockSize')} needs a trace with hash ids, such as mooncake_trace, got ${type}.`,
      },
      forbiddenFor(
        ['replaySpeedup'],
        !isOneOf([...graphTypes, 'baseten_trace'], type),
        `a ${orList([...graphTypes, 'baseten_trace'])} file, got ${type}${isOneOf(changeableTypes, type) ? '; use --synthesis-speedup-ratio' : ''}`,
      ),
      forbiddenFor(
        type === 'baseten_trace'
          ? ['traceIdleGapCapSeconds']
          : ['traceIdleGapCapSeconds', 'maxIdleGapCapSeconds'],
        !isOneOf(callTypes, type),
        `a file that records when calls were in flight (${orList(callTypes)}), got ${type}`,
      ),
      forbiddenFor(
        ['interTurnDelayCapSeconds'],
        type === 'synthetic' || type === 'random_pool',
        `a file with delays, got ${type === 'synthetic' ? 'synthetic prompts' : type}`,
      ),
      {
        keys: synthesisKeys,
        check: (config, isSet, name) => {
          const extra = synthesisKeys.filter(isSet);
          return (
            // Of a public data set there is a warning.
            config.publicDataset === undefined &&
            extra.length > 0 &&
            type !== 'synthetic' &&
            !isOneOf(changeableTypes, type) &&
            `${name(...extra)} ${verbFor(extra, 'needs', 'need')} a trace, such as mooncake_trace, got ${type}.`
          );
        },
      },
      forbiddenFor(
        basetenKeys,
        type !== 'baseten_trace',
        `a baseten_trace, got ${type === 'synthetic' ? 'synthetic prompts' : type}`,
      ),
      {
        keys: ['extraInputs', 'forceMinTokens', 'omitKvHints'],
        check: (config, _isSet, name) => {
          const sent = [
            ...(config.forceMinTokens ? ['min_tokens'] : []),
            ...(config.omitKvHints ? [] : ['hash_ids', 'block_size']),
          ].find((key) => key in config.extraInputs);
          return (
            type === 'baseten_trace' &&
            sent !== undefined &&
            `${name('extraInputs')} sets ${sent}, which baseten_trace takes from each row: add ${sent === 'min_tokens' ? '--no-force-min-tokens' : '--omit-kv-hints'} to send yours.`
          );
        },
      },
      {
        keys: ['openLoopReplay', 'openLoopStrict'],
        check: (config, _isSet, name) =>
          config.openLoopStrict &&
          !config.openLoopReplay &&
          `${name('openLoopStrict')} cannot be combined with --no-open-loop-replay: a row of its own follows no response.`,
      },
      refuses(
        'inputFile',
        { keys: [], holds: () => type !== 'synthetic' && type !== 'random_pool' },
        batchSizes,
        `: media of ${type} files are sent as they are`,
      ),
      {
        keys: ['uuidAndStrip'],
        check: (config, _isSet, name) =>
          config.uuidAndStrip &&
          type !== 'single_turn' &&
          `${name('uuidAndStrip')} needs a single_turn file, got ${type === 'synthetic' ? 'synthetic prompts' : type}.`,
      },
      {
        keys: ['islAsTokenIds'],
        check: (config, _isSet, name) =>
          config.islAsTokenIds &&
          type !== 'synthetic' &&
          !hasHashIds &&
          `${name('islAsTokenIds')} needs synthetic prompts or a trace with hash ids, such as mooncake_trace, got ${type}, whose texts are sent as they are.`,
      },
      {
        keys: ['fixedSchedule'],
        check: (config, _isSet, name) =>
          config.fixedSchedule &&
          type === 'random_pool' &&
          `${name('fixedSchedule')} needs a file with timestamps, and random_pool has none.`,
      },
      {
        keys: ['prefillConcurrency', 'concurrency', 'fixedSchedule', 'userCentricRate', 'requestRate'],
        check: (config, _isSet, name) =>
          (config.prefillConcurrency ?? 0) > 1 &&
          config.concurrency === undefined &&
          loadMode(config) === 'concurrency' &&
          !isTrace &&
          `${name('prefillConcurrency')} ${config.prefillConcurrency} needs --concurrency of at least as many: without it 1 session is in flight.`,
      },
    ],
    warnings: [
      noEffect(['islBlockSize'], 'on synthetic prompts: only traces have hash ids', isSynthetic),
      noEffect(synthesisKeys, 'on synthetic prompts: only traces are changed', isSynthetic),
      noEffect(['numDatasetEntries'], `on ${type}: the whole file is always loaded`, {
        keys: [],
        holds: () => isWhole,
      }),
    ],
  };
}

/** Options that cannot be used with the dataset. @param need what they need, in words. */
function forbiddenFor(options: readonly Key[], isForbidden: boolean, need: string): Rule {
  return {
    keys: options,
    check: (_config, isSet, name) => {
      const given = options.filter(isSet);
      return (
        isForbidden && given.length > 0 && `${name(...given)} ${verbFor(given, 'needs', 'need')} ${need}.`
      );
    },
  };
}

/** The messages of all broken rules. */
function find(
  rules: readonly Rule[],
  { config, sources }: Loaded<typeof profileOptions>,
  isValid: (...keys: Key[]) => boolean,
): string[] {
  return rules.flatMap(({ keys, check }) => {
    const sentence = isValid(...keys) && check(config, (key) => sources.has(key), optionNames(sources));
    return sentence === false ? [] : [sentence];
  });
}

/** Names options as the user wrote them. */
export function optionNames(sources: Sources): (...keys: Key[]) => string {
  return (...keys) => andList(keys.map((key) => sources.get(key)?.name ?? nameOf(profileOptions[key])));
}

function anyHttps(config: Config): boolean {
  return config.urls.some((url) => /^https:/i.test(url));
}
