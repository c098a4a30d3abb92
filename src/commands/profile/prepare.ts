import { randomInt } from 'node:crypto';
import { hasWarmup, loadMode } from '../../config/load-mode.js';
import type { Config } from '../../config/options.js';
import { synthesisFactors } from '../../config/synthesis-options.js';
import type { RankingLengths, TurnCheck } from '../../dataset/dataset-options.js';
import { changesTimes, type Replay } from '../../dataset/loaders/replay.js';
import type { Synthesis } from '../../dataset/loaders/synthesis.js';
import type { Pace } from '../../dataset/pace.js';
import { type DatasetPlan, openPlanned, planDataset } from '../../dataset/plan.js';
import type { TokenizerSource } from '../../dataset/tokenizer/tokenizer.js';
import type { BodyOptions, Endpoint } from '../../endpoint/endpoint.js';
import { endpoints, openEndpoint } from '../../endpoint/endpoints.js';
import { turnCheck } from '../../endpoint/turn-check.js';
import { requestTarget } from '../../endpoint/url.js';
import type { LoadPlan } from '../../load/plan.js';
import { UserError } from '../../util/errors.js';
import type { Io } from '../../util/io.js';
import { MAX_HELD_CONVERSATIONS } from '../../util/limits.js';
import type { Log } from '../../util/log.js';
import { signingOptionsOf } from './aws-credentials.js';
import { checkMarked, planCacheBust, roomFor } from './cache-bust.js';
import { refuseCredentials, refuseFramingHeaders, tlsOptionsOf, transportOptionsOf } from './connections.js';
import { datasetEntries } from './dataset-entries.js';
import { connectionLimit, threadCount } from './limits.js';
import { syntheticMedia } from './media.js';
import { planPhases } from './phases.js';
import { meanIsl, pairsOf, sharedPrompts, systemPromptOf } from './prompt-shaping.js';
import { publicRequest } from './public-dataset.js';
import {
  firstOf,
  noTokenizer,
  planChat,
  planPrompts,
  planTokenIds,
  resolveTokenizers,
} from './tokenizers.js';

/** A run that is ready to start: nothing has been sent. */
export interface PreparedRun {
  readonly load: LoadPlan;
  readonly threads: number;
  /** Most requests in flight, or connections where nothing limits them, and connections. */
  readonly room: { readonly concurrency: number; readonly connections: number };
  /** Tokenizer of each model; absent where the server counts. */
  readonly tokenizers: ReadonlyMap<string, TokenizerSource> | undefined;
  /** Conversations in the dataset; Infinity for a streamed file. */
  readonly datasetSize: number;
}

/**
 * Everything that can fail before the first request does so here. Connections and threads are those of one source.
 * @param sources that share the load; absent: as many as `--shard` says. @param seed absent: `--random-seed`, or a random one.
 * @throws UserError
 */
export async function prepareRun(
  config: Config,
  {
    version,
    env,
    sources = config.shard?.count ?? 1,
    seed = config.randomSeed ?? randomInt(2 ** 31),
  }: {
    readonly version: string;
    readonly env: Io['env'];
    readonly sources?: number;
    readonly seed?: number;
  },
  log: Log,
): Promise<PreparedRun> {
  refuseCredentials(config.urls);
  refuseFramingHeaders(config.headers);
  const tls = await tlsOptionsOf(config);
  const signing = signingOptionsOf(config, env);
  const chat = config.applyChatTemplate ? await planChat(config, env, log) : undefined;
  let found = chat && Promise.resolve(chat.tokenizers);
  const resolveOnce = () => {
    found ??= resolveTokenizers(config, env, log);
    return found;
  };
  const streaming = config.streaming && endpoints[config.endpointType].canStream;
  const body: BodyOptions = {
    streaming,
    extraInputs: config.extraInputs,
    downloadContent: config.downloadVideoContent,
    legacyMaxTokens: config.useLegacyMaxTokens,
    serverTokenCount: config.useServerTokenCount,
    perChunkUsage: config.perChunkUsage,
    rendersChats: chat?.overhead !== undefined,
    hashesBodies: signing !== undefined,
  };
  const endpoint = openEndpoint(config.endpointType, body);
  const dataset = await planDataset(
    {
      ...datasetOptions(config, seed, checkMarked(config, turnCheck(endpoint, body))),
      chatOverhead: chat?.overhead,
      publicDataset: publicRequest(config, env, resolveOnce, log),
    },
    log,
  );
  const countsTokens = !config.useServerTokenCount && takesText(config);
  // A dataset of literal texts whose tokens the server counts needs no tokenizer.
  const generates = generatesText(dataset);
  const needsTokenizer = countsTokens || generates;
  const tokenizers = needsTokenizer || chat !== undefined ? await resolveOnce() : noTokenizer;
  if (config.promptCorpus !== 'sonnet' && !generates)
    log('WARNING', 'dataset', '--prompt-corpus has no effect: the dataset has no text to generate');
  const cacheBust = planCacheBust(config, seed, firstOf(tokenizers));
  const prompts = config.islAsTokenIds
    ? planTokenIds(tokenizers, seed, log)
    : planPrompts(
        tokenizers,
        { seed, corpus: generates ? config.promptCorpus : 'sonnet', room: roomFor(cacheBust) },
        log,
      );
  const opened = openPlanned(dataset, { ...prompts, corrector: undefined });
  if (config.datasetSamplingStrategy === 'shuffle' && opened.size > MAX_HELD_CONVERSATIONS) {
    throw new UserError(
      `--dataset-sampling-strategy shuffle takes at most ${MAX_HELD_CONVERSATIONS} distinct conversations, got ${opened.size}`,
      'use random, or set fewer with --num-dataset-entries: they are sent repeatedly',
    );
  }
  const phases = planPhases(config, dataset, opened.size, log);
  const asked = Math.ceil(Math.max(0, ...phases.map((phase) => phase.concurrency ?? 0)) / sources);
  const unlimited = phases.some((phase) => phase.concurrency === undefined);
  const connections = connectionLimit(config, asked, unlimited, log);
  const concurrency = unlimited ? connections : asked;
  const threads = threadCount(config, concurrency);
  const path = config.customEndpoint ?? (streaming ? endpoint.streamPath : undefined) ?? endpoint.path;
  return {
    load: {
      dataset,
      prompts,
      sampling: config.datasetSamplingStrategy,
      cacheBust,
      endpoint: config.endpointType,
      body,
      headers: {
        userAgent: `aiperf/${version}`,
        streaming,
        extra: config.headers,
        ...(config.apiKey === undefined ? {} : { apiKey: config.apiKey }),
        endpoint: endpoint.headers,
        sessionHeader: config.sessionHeader,
        routingHeaders: routingHeaders(config),
      },
      signing,
      targets: config.urls.map((url) => requestTarget(url, path)),
      streamEnd: config.streamEnd,
      keepRaw: config.exportLevel === 'raw',
      keepTrace: config.exportHttpTrace && config.exportLevel !== 'summary',
      countsTokens,
      transport: config.transport,
      transportOptions: transportOptionsOf(config, env, tls, Math.ceil(connections / threads)),
      requestTimeoutMs: config.requestTimeoutSeconds * 1000,
      phases,
    },
    threads,
    room: { concurrency, connections },
    datasetSize: opened.size,
    tokenizers: countsTokens ? tokenizers : undefined,
  };
}

/** Headers that tell a router in front of the servers which session a request belongs to. */
function routingHeaders(config: Config): string[] {
  const headers = [
    ['X-Session-Affinity', config.httpSessionAffinity],
    ['X-Session-ID', config.httpSessionId],
    ['X-SMG-Routing-Key', config.httpSmgRoutingKey],
    ['X-Dynamo-Session-ID', config.httpDynamoSessionId],
  ] as const;
  return headers.flatMap(([name, isSent]) => (isSent ? [name] : []));
}

function generatesText(dataset: DatasetPlan): boolean {
  return (
    (dataset.kind === 'synthetic' &&
      (dataset.isl > 0 || dataset.rankings !== undefined || dataset.sharedPrompts !== undefined)) ||
    ((dataset.kind === 'rows' || dataset.kind === 'graphs') && dataset.generatedTokens > 0) ||
    (dataset.kind === 'stream' && dataset.head.generatedTokens > 0)
  );
}

function datasetOptions(config: Config, seed: number, checkTurn: TurnCheck) {
  const endpoint: Endpoint = endpoints[config.endpointType];
  const pairs = pairsOf(config);
  return {
    seed,
    namedSessions: config.randomSeed !== undefined,
    models: config.models,
    modelSelection: config.modelSelectionStrategy,
    isl: takesText(config) ? meanIsl(config, pairs) : 0,
    islStddev: config.islStddev,
    lengthPairs: pairs,
    sharedPrompts: sharedPrompts(config),
    systemPrompt: systemPromptOf(config),
    textsPerTurn: config.promptBatchSize,
    asTokenIds: config.islAsTokenIds,
    stripsImages: config.uuidAndStrip,
    fetchesImages: endpoint.fetchesImages ?? false,
    poolBatches: {
      text: config.promptBatchSize,
      image: config.imageBatchSize ?? 1,
      audio: config.audioBatchSize ?? 1,
      video: config.videoBatchSize ?? 1,
    },
    rankings: endpoint.ranks ? rankingLengths(config) : undefined,
    osl: config.osl,
    oslStddev: config.oslStddev,
    entries: datasetEntries(config),
    turnsMean: config.conversationTurnMean,
    turnsStddev: config.conversationTurnStddev,
    delayMeanMs: config.conversationTurnDelayMean,
    delayStddevMs: config.conversationTurnDelayStddev,
    delayRatio: config.conversationTurnDelayRatio,
    inputFile: config.inputFile,
    streamAbove: config.datasetStreamAboveMb * 1e6,
    needsWholeFile: needsWholeFile(config, endpoint),
    datasetType: config.customDatasetType,
    blockSize: config.islBlockSize,
    endpointHasSystemSlot: endpoint.hasSystemSlot,
    media: syntheticMedia(config),
    endpointTakesText: takesText(config),
    endpointMedia: endpoint.media,
    checkTurn,
    ignoreTimings: config.ignoreTraceDelays,
    pace: paceOf(config),
    replay: replayOf(config),
    synthesis: synthesisOf(config),
  };
}

/** Why a file cannot be streamed; undefined: it can. */
function needsWholeFile(config: Config, endpoint: Endpoint): string | undefined {
  const { datasetSamplingStrategy: strategy } = config;
  if (strategy !== 'sequential') return `--dataset-sampling-strategy ${strategy} draws from all of it`;
  if (synthesisOf(config) !== undefined) return '--synthesis-* looks at all of its rows first';
  if (changesTimes(replayOf(config), paceOf(config))) return 'its times are changed as a whole';
  if (loadMode(config) === 'user-centric') return '--user-centric-rate needs the turns of all conversations';
  if (config.exportInputs === 'always') return '--export-inputs always writes all of its requests first';
  if (loadMode(config) === 'fixed-schedule' && hasWarmup(config))
    return 'after a warm-up, --fixed-schedule starts with its first row again';
  return endpoint.fetchesImages ? 'its images are fetched first' : undefined;
}

/** How a trace with recorded prompts is replayed. */
function replayOf(config: Config): Replay {
  return {
    closedLoop: !config.openLoopReplay,
    strict: config.openLoopStrict,
    omitsMinTokens: !config.forceMinTokens,
    omitsHints: config.omitKvHints,
  };
}

/** Whether requests of the endpoint hold text. */
function takesText({ endpointType }: Pick<Config, 'endpointType'>): boolean {
  const endpoint: Endpoint = endpoints[endpointType];
  return endpoint.takesText !== false;
}

function rankingLengths(config: Config): RankingLengths {
  return {
    passages: config.rankingsPassagesMean,
    passagesStddev: config.rankingsPassagesStddev,
    passageTokens: config.rankingsPassagesPromptTokenMean,
    passageTokensStddev: config.rankingsPassagesPromptTokenStddev,
    queryTokens: config.rankingsQueryPromptTokenMean,
    queryTokensStddev: config.rankingsQueryPromptTokenStddev,
  };
}

function paceOf(config: Config): Pace {
  const ms = (seconds: number | undefined) => (seconds === undefined ? undefined : seconds * 1000);
  return {
    speedup: config.replaySpeedup ?? 1,
    maxDelayMs: ms(config.interTurnDelayCapSeconds),
    maxSessionIdleMs: ms(config.traceIdleGapCapSeconds),
    maxIdleMs: ms(config.maxIdleGapCapSeconds),
  };
}

/** How the trace is changed; undefined where no option asks for it. */
function synthesisOf(config: Config): Synthesis | undefined {
  const { synthesisMaxIsl: maxIsl, synthesisMaxOsl: maxOsl } = config;
  const isAsked = synthesisFactors.some((key) => config[key] !== 1);
  if (!isAsked && maxIsl === undefined && maxOsl === undefined) return undefined;
  const { fixedSchedule, fixedScheduleStartOffset, fixedScheduleEndOffset } = config;
  return {
    speedupRatio: config.synthesisSpeedupRatio,
    prefixLenMultiplier: config.synthesisPrefixLenMultiplier,
    prefixRootMultiplier: config.synthesisPrefixRootMultiplier,
    promptLenMultiplier: config.synthesisPromptLenMultiplier,
    outputLenMultiplier: config.synthesisOutputLenMultiplier,
    maxIsl,
    maxOsl,
    window: {
      fromMs: (fixedSchedule ? fixedScheduleStartOffset : undefined) ?? Number.NEGATIVE_INFINITY,
      toMs: (fixedSchedule ? fixedScheduleEndOffset : undefined) ?? Number.POSITIVE_INFINITY,
    },
  };
}
