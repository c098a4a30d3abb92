import type { Log } from '../util/log.js';
import type { Conversation, Dataset } from './conversation.js';
import type { CorpusIndex } from './corpus.js';
import type { DatasetOptions } from './dataset-options.js';
import { formatOf } from './loaders/formats.js';
import { type GraphsPlan, openGraphs } from './loaders/graphs.js';
import { planFile } from './loaders/load.js';
import { openPool, type PoolPlan } from './loaders/pool.js';
import { openRows, type RowsPlan } from './loaders/rows.js';
import { mediaBytes } from './media/shared-media.js';
import { type MarkerRoom, openPrompts, type PromptSource } from './prompts.js';
import { openStream, type StreamPlan } from './stream/stream-plan.js';
import { openSynthetic, planSynthetic, type SyntheticPlan, turnsBefore } from './synthetic.js';
import { meanTokens } from './synthetic-texts.js';
import { openTokenIds, type TokenIdSource } from './token-ids.js';
import { openTokenizer } from './tokenizer/open.js';
import type { TokenizerSource } from './tokenizer/tokenizer.js';
import type { TurnRules } from './turn-rules.js';

/** A dataset as plain data, mostly over shared memory: cheap to pass to another thread. */
export type DatasetPlan = SyntheticPlan | RowsPlan | GraphsPlan | PoolPlan | StreamPlan;

/**
 * Reads and validates the file or public data set, if any, and determines the number of conversations and turns.
 * @throws UserError for a file that cannot be read or a row that cannot be sent, naming file and line.
 */
export async function planDataset(options: DatasetOptions, log: Log): Promise<DatasetPlan> {
  const { seed, models, modelSelection, osl, oslStddev, systemPrompt } = options;
  const rules: TurnRules = { seed, models, modelSelection, osl, oslStddev, systemPrompt };
  if (options.publicDataset !== undefined) {
    const { planPublic } = await import('./public/plan.js');
    return planPublic(options.publicDataset, options, rules, log);
  }
  if (options.inputFile === undefined) return planSynthetic(options, rules, log);
  return planFile(options.inputFile, options, rules, log);
}

/**
 * Opens a plan; all threads get the same conversations.
 * @param tokenIds makes generated prompts in place of `prompts`.
 */
export function openDataset(plan: DatasetPlan, prompts: PromptSource, tokenIds?: TokenIdSource): Dataset {
  return withSystemPrompt(openedPlan(plan, prompts, tokenIds), plan.rules.systemPrompt);
}

function openedPlan(plan: DatasetPlan, prompts: PromptSource, tokenIds?: TokenIdSource): Dataset {
  if (plan.kind === 'synthetic') return openSynthetic(plan, prompts, tokenIds);
  if (plan.kind === 'pool') return openPool(plan);
  if (plan.kind === 'graphs') return openGraphs(plan, prompts, tokenIds);
  if (plan.kind === 'stream') return openStream(plan, prompts, tokenIds);
  return openRows(plan, prompts, tokenIds);
}

/** A system text of a conversation's own follows after a blank line. */
function withSystemPrompt(dataset: Dataset, prompt: string | undefined): Dataset {
  if (prompt === undefined) return dataset;
  return {
    size: dataset.size,
    conversation: (index) => {
      const conversation = dataset.conversation(index);
      const { agents } = conversation;
      return {
        ...precededBy(prompt, conversation),
        ...(agents === undefined ? {} : { agents: agents.map((agent) => precededBy(prompt, agent)) }),
      };
    },
  };
}

function precededBy<C extends Pick<Conversation, 'systemMessage'>>(prompt: string, conversation: C): C {
  const { systemMessage } = conversation;
  return {
    ...conversation,
    systemMessage: systemMessage === undefined ? prompt : `${prompt}\n\n${systemMessage}`,
  };
}

/** Where generated prompts come from, as plain data. */
export interface PromptPlan {
  readonly corpus: CorpusIndex;
  readonly seed: number;
  /** Set if prompts must be re-encoded to have their exact length. */
  readonly corrector: TokenizerSource | undefined;
  /** Room that prompts leave for the marker of a session; absent: sessions have none. */
  readonly room?: MarkerRoom | undefined;
  /** IDs to draw prompts from that are token IDs; undefined: prompts are texts. */
  readonly vocabulary: Uint32Array | undefined;
}

/** Opens a plan with its prompts, in any thread. */
export function openPlanned(
  plan: DatasetPlan,
  { corpus, seed, corrector, room, vocabulary }: PromptPlan,
): Dataset {
  const prompts = openPrompts(corpus, seed, corrector && openTokenizer(corrector), room);
  return openDataset(plan, prompts, vocabulary && openTokenIds(vocabulary, seed));
}

/** Whether agents of a conversation run in parallel. */
export function hasAgents(plan: DatasetPlan): boolean {
  return plan.kind === 'graphs';
}

/** Number of turns of all conversations; Infinity for a streamed file. */
export function totalTurns(plan: DatasetPlan): number {
  if (plan.kind === 'stream') return Number.POSITIVE_INFINITY;
  if (plan.kind === 'synthetic') return turnsBefore(plan, plan.conversations);
  if (plan.kind === 'pool') return plan.conversations;
  return plan.turnsBefore.at(-1) ?? 0;
}

/** Number of turns of one conversation; not known of a streamed file. */
export function turnsOf(plan: DatasetPlan, conversation: number): number {
  if (plan.kind === 'stream') throw new Error('the turns of a streamed file are not known');
  if (plan.kind === 'pool') return 1;
  if (plan.kind === 'synthetic') return turnsBefore(plan, conversation + 1) - turnsBefore(plan, conversation);
  return (plan.turnsBefore[conversation + 1] ?? 0) - (plan.turnsBefore[conversation] ?? 0);
}

/** Whether the dataset is a recorded trace, which is sent completely by default. */
export function isTrace(plan: DatasetPlan): boolean {
  return plan.kind !== 'synthetic' && plan.kind !== 'pool' && formatOf(plan.type).isTrace === true;
}

/** Whether any turn has a recorded send time; of a streamed file, any of its first ones. */
export function hasTimestamps(plan: DatasetPlan): boolean {
  return plan.kind !== 'synthetic' && plan.kind !== 'pool' && plan.hasTimestamps;
}

/** Approximate bytes of all prompts, each counted once; accurate to some tens of percent. */
export function estimateBytes(plan: DatasetPlan): number {
  if (plan.kind === 'pool') return plan.conversations * plan.meanRowBytes;
  if (plan.kind === 'stream')
    return (estimateBytes(plan.head) / plan.head.file.bytes.length) * plan.fileBytes;
  const bytesPerToken = plan.asTokenIds ? bytesPerId : bytesPerTextToken;
  if (plan.kind === 'synthetic')
    return totalTurns(plan) * (meanTokens(plan) * bytesPerToken + mediaBytes(plan.media));
  return plan.literalBytes + plan.generatedTokens * bytesPerToken;
}

// Measured on the corpus with Qwen3.
const bytesPerTextToken = 4.2;
// Five or six digits and a comma.
const bytesPerId = 6.8;
