import type { LengthPair } from '../config/length-mix.js';
import { UserError } from '../util/errors.js';
import { MAX_HELD_CONVERSATIONS } from '../util/limits.js';
import { orList } from '../util/lists.js';
import type { Log } from '../util/log.js';
import { randomStream, randomStreams } from '../util/random.js';
import type { Conversation, Dataset, MediaKind, Turn } from './conversation.js';
import { contentWords, type DatasetOptions } from './dataset-options.js';
import { openPairs, sampleLength } from './lengths.js';
import { type MediaBatch, mediaOfTurn } from './media/shared-media.js';
import { generateMedia } from './media/synthetic-media.js';
import type { PromptSource } from './prompts.js';
import { sessionIds } from './session-ids.js';
import { openTexts, type TextLengths } from './synthetic-texts.js';
import type { TokenIdSource } from './token-ids.js';
import { openTurnRules, type TurnRules } from './turn-rules.js';

/** Generated conversations. Plain data. */
export interface SyntheticPlan extends TextLengths {
  readonly kind: 'synthetic';
  readonly namedSessions: boolean;
  readonly rules: TurnRules;
  /** What both lengths of a turn are drawn from; undefined: means and deviations. */
  readonly lengthPairs: readonly LengthPair[] | undefined;
  /** Prompts are token IDs. */
  readonly asTokenIds: boolean;
  readonly conversations: number;
  /** Empty: texts only. */
  readonly media: readonly MediaBatch[];
  /** Turns per conversation; if they vary, the number of turns before each conversation, and the total. */
  readonly turns: number | Uint32Array;
  readonly delayMeanMs: number;
  readonly delayStddevMs: number;
  readonly delayRatio: number;
}

/** @throws UserError if there is nothing to send. */
export async function planSynthetic(
  options: DatasetOptions,
  rules: TurnRules,
  log: Log,
): Promise<SyntheticPlan> {
  const {
    namedSessions,
    isl,
    islStddev,
    textsPerTurn = 1,
    asTokenIds = false,
    chatOverhead,
    rankings,
    lengthPairs,
    sharedPrompts,
    delayMeanMs,
    delayStddevMs,
    delayRatio,
  } = options;
  if (isl <= 0 && rankings === undefined && Object.keys(options.media).length === 0) {
    throw nothingToSend(options);
  }
  const turns = turnCounts(options);
  const conversations = options.entries;
  return {
    kind: 'synthetic',
    namedSessions,
    rules,
    asTokenIds,
    conversations,
    turns,
    media: await generateMedia(
      options.media,
      {
        seed: options.seed,
        turns: turnsBefore({ turns }, conversations),
        endpoint: options,
      },
      log,
    ),
    ...{ isl, islStddev, textsPerTurn, chatOverhead, rankings, sharedPrompts, lengthPairs },
    delayMeanMs,
    delayStddevMs,
    delayRatio,
  };
}

/** How to turn on synthetic media. */
const turnedOnBy: Readonly<Record<MediaKind, string>> = {
  image: '--image-batch-size 1',
  audio: '--audio-length-mean 10',
  video: '--video-width 640 --video-height 360',
};

function nothingToSend(options: DatasetOptions): UserError {
  return new UserError(
    `the endpoint type takes ${contentWords(options)}, and no option asks for any`,
    `add ${orList([
      ...(options.endpointTakesText ? ['--isl 550'] : []),
      ...options.endpointMedia.map((kind) => turnedOnBy[kind]),
      'an --input-file',
    ])}`,
  );
}

function turnCounts({ seed, entries, turnsMean, turnsStddev }: DatasetOptions): number | Uint32Array {
  const streams = randomStreams(seed, 'turn-count');
  if (turnsStddev <= 0) return sampleLength(turnsMean, 0, streams(0));
  if (entries > MAX_HELD_CONVERSATIONS) {
    throw new UserError(
      `--conversation-turn-stddev takes at most ${MAX_HELD_CONVERSATIONS} distinct conversations, got ${entries}`,
      'set fewer with --num-dataset-entries: they are sent repeatedly',
    );
  }
  const turnsBefore = new Uint32Array(new SharedArrayBuffer((entries + 1) * 4));
  let total = 0;
  for (let index = 0; index < entries; index++) {
    total += sampleLength(turnsMean, turnsStddev, streams(index));
    turnsBefore[index + 1] = total;
  }
  return turnsBefore;
}

export function openSynthetic(
  plan: SyntheticPlan,
  prompts: PromptSource,
  tokenIds: TokenIdSource | undefined,
): Dataset {
  const { seed } = plan.rules;
  const sessionId = sessionIds(seed, plan.namedSessions);
  const defaults = openTurnRules(plan.rules);
  const { systemTokens = 0, contextTokens = 0 } = plan.sharedPrompts ?? {};
  const hasSystem = systemTokens > 0 || plan.rules.systemPrompt !== undefined;
  const { marked } = prompts;
  const marksSystem = marked?.place.where === 'system' && hasSystem;
  const textsOf = openTexts(plan, seed, prompts, tokenIds, marksSystem ? undefined : marked);
  const lengthsOf = plan.lengthPairs && openPairs(plan.lengthPairs, seed);
  const delays = randomStreams(seed, 'turn-delay');
  const system =
    systemTokens === 0
      ? {}
      : {
          systemMessage: (marksSystem ? marked : prompts).prompt(
            systemTokens,
            randomStream(seed, 'system-prompt'),
          ),
        };
  const contexts = randomStreams(seed, 'user-context');

  return { size: plan.conversations, conversation };

  function conversation(index: number): Conversation {
    const first = turnsBefore(plan, index);
    const count = turnsBefore(plan, index + 1) - first;
    return {
      sessionId: sessionId(index),
      turns: Array.from({ length: count }, (_, place) => turn(first + place, place)),
      history: 'live-answers',
      ...system,
      ...(contextTokens === 0 ? {} : { contextMessage: prompts.prompt(contextTokens, contexts(index)) }),
    };
  }

  function turn(number: number, place: number): Turn {
    const { isl, maxTokens = defaults.maxTokens(number) } = lengthsOf?.(number) ?? {};
    const { tokens, ...prompt } = textsOf({ number, isFirst: place === 0, isl });
    const delayMs = place > 0 ? delayOf(number) : 0;
    return {
      role: 'user',
      ...prompt,
      ...(plan.media.length === 0 ? {} : { media: mediaOfTurn(plan.media, number) }),
      model: defaults.model(number),
      ...(tokens === 0 ? {} : { inputTokens: tokens }),
      ...(maxTokens === undefined ? {} : { maxTokens }),
      ...(delayMs > 0 ? { delayMs } : {}),
    };
  }

  function delayOf(turnNumber: number): number {
    if (plan.delayMeanMs <= 0) return 0;
    return sampleLength(plan.delayMeanMs, plan.delayStddevMs, delays(turnNumber)) * plan.delayRatio;
  }
}

/** Turns of all conversations before `index`. */
export function turnsBefore(plan: Pick<SyntheticPlan, 'turns'>, index: number): number {
  return typeof plan.turns === 'number' ? index * plan.turns : (plan.turns[index] ?? 0);
}
