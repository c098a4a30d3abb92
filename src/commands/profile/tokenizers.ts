import type { Config } from '../../config/options.js';
import { fixedCorpus, indexCorpus, loadCorpusIndex } from '../../dataset/corpus.js';
import type { PromptPlan } from '../../dataset/plan.js';
import { verifyPrompts } from '../../dataset/prompts.js';
import { randomText } from '../../dataset/random-text.js';
import { type ChatOverhead, chatOverhead, openChatTemplate } from '../../dataset/tokenizer/chat-template.js';
import { openTokenizer } from '../../dataset/tokenizer/open.js';
import { isPlaceholderModel, resolveTokenizer } from '../../dataset/tokenizer/resolve.js';
import type { TokenizerSource } from '../../dataset/tokenizer/tokenizer.js';
import { ordinaryIds } from '../../dataset/tokenizer/vocabulary.js';
import { UserError } from '../../util/errors.js';
import type { Io } from '../../util/io.js';
import { isObject } from '../../util/json.js';
import type { Log } from '../../util/log.js';

/** The tokenizer of each model. */
export type Tokenizers = ReadonlyMap<string, TokenizerSource>;

/** Stands in where no text is generated or counted. */
export const noTokenizer: Tokenizers = new Map([['', { kind: 'shipped', name: 'builtin' }]]);

/** One tokenizer for all models where one is named, else each model's own. */
export async function resolveTokenizers(config: Config, env: Io['env'], log: Log): Promise<Tokenizers> {
  const sources = new Map<string, TokenizerSource>();
  for (const model of config.models) {
    let name = config.tokenizer ?? model;
    if (config.tokenizer === undefined && isPlaceholderModel(model)) {
      log(
        'WARNING',
        'tokenizer',
        `${model} is no model's name: its tokens are counted with --tokenizer builtin`,
      );
      name = 'builtin';
    }
    sources.set(model, await resolveTokenizer({ name, revision: config.tokenizerRevision, env, log }));
  }
  const distinct = new Set([...sources.values()].map((source) => JSON.stringify(source)));
  if (distinct.size > 1) {
    throw new UserError(
      `the models ${config.models.join(', ')} have different tokenizers, and prompts are made to length with one`,
      'name the one to use with --tokenizer',
    );
  }
  return sources;
}

/** Tokenizers that count chats as their template renders them, and what the template adds to generated prompts. */
export async function planChat(
  config: Config,
  env: Io['env'],
  log: Log,
): Promise<{ readonly tokenizers: Tokenizers; readonly overhead: ChatOverhead | undefined }> {
  const tokenizers = await resolveTokenizers(config, env, log);
  const source = firstOf(tokenizers);
  const template = openChatTemplate(source);
  const { chat_template_kwargs: variables } = config.extraInputs;
  const overhead =
    template && chatOverhead(template, openTokenizer(source), isObject(variables) ? variables : {});
  if (overhead === undefined) {
    const what = template === undefined ? 'has no chat template' : 'has a chat template of an unknown form';
    log('WARNING', 'tokenizer', `${source.name} ${what}: input lengths are those of the text alone`);
    return { tokenizers, overhead };
  }
  return {
    tokenizers: new Map([...tokenizers].map(([model, of]) => [model, { ...of, rendersChats: true }])),
    overhead,
  };
}

/** What generated prompts have to be like. */
interface PromptNeeds extends Pick<PromptPlan, 'seed' | 'room'> {
  readonly corpus: Config['promptCorpus'];
}

/** Prompts that are texts, taken from `corpus`. */
export function planPrompts(sources: Tokenizers, { seed, corpus, room }: PromptNeeds, log: Log): PromptPlan {
  const source = firstOf(sources);
  const compiled = corpus === 'random' ? undefined : loadCorpusIndex(source, corpus);
  // What ships was verified when it was built.
  if (compiled !== undefined && room === undefined) {
    return { corpus: compiled, seed, corrector: undefined, vocabulary: undefined };
  }
  const tokenizer = openTokenizer(source);
  const index =
    compiled ??
    indexCorpus(
      tokenizer,
      corpus === 'random' ? randomText(tokenizer, ordinaryIds(source)) : fixedCorpus(corpus),
    );
  const exact =
    verifyPrompts(index, tokenizer) && (room === undefined || verifyPrompts(index, tokenizer, room));
  if (!exact)
    log(
      'INFO',
      'tokenizer',
      `${source.name} merges across words: every prompt is encoded to make its length exact`,
    );
  return { corpus: index, seed, corrector: exact ? undefined : source, room, vocabulary: undefined };
}

/** Prompts that are token IDs; the corpus is that of no text. */
export function planTokenIds(sources: Tokenizers, seed: number, log: Log): PromptPlan {
  const prompts = planPrompts(noTokenizer, { seed, corpus: 'sonnet' }, log);
  return { ...prompts, vocabulary: ordinaryIds(firstOf(sources)) };
}

/** The tokenizer that prompts are made to length with. */
export function firstOf(tokenizers: Tokenizers): TokenizerSource {
  const [source] = tokenizers.values();
  if (source === undefined) throw new Error('a run without a model');
  return source;
}
