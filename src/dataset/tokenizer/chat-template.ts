import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { messageOf, UserError } from '../../util/errors.js';
import { isObject, type Json, type JsonObject } from '../../util/json.js';
import { shippedFolder } from './shipped.js';
import type { Tokenizer, TokenizerSource } from './tokenizer.js';

/** Tokens that a chat template adds to texts. */
export interface ChatOverhead {
  readonly perMessage: number;
  /** Such as those that begin the answer. */
  readonly perRequest: number;
}

/** Renders a chat as the model reads it, up to where its answer begins. */
export interface ChatTemplate {
  /**
   * @param variables further ones of the template: `tools`, and those of `chat_template_kwargs`.
   * @throws Error if the template refuses the messages.
   */
  render(messages: readonly JsonObject[], variables?: JsonObject): string;
}

/** The chat template of a tokenizer; undefined if it has none. @throws UserError for one that is no valid Jinja */
export function openChatTemplate(source: TokenizerSource): ChatTemplate | undefined {
  const folder = source.kind === 'shipped' ? shippedFolder : source.folder;
  const config = configOf(folder);
  const text = read(path.join(folder, 'chat_template.jinja')) ?? templateText(config.chat_template);
  if (text === undefined) return undefined;
  const { Template }: typeof import('@huggingface/jinja') = load('@huggingface/jinja');
  const marks = specialTexts(config);
  try {
    const template = new Template(text);
    return {
      render: (messages, variables) =>
        template.render({ ...marks, ...variables, messages, add_generation_prompt: true }),
    };
  } catch (thrown) {
    throw new UserError(
      `Tokenizer ${source.name}: its chat template is no valid Jinja template: ${messageOf(thrown)}`,
      'Name another tokenizer with --tokenizer, or leave --apply-chat-template out.',
    );
  }
}

/**
 * The overhead of a template, from chats of one and of three messages of each of three texts, rounded; undefined if the
 * template refuses them, or adds less than nothing.
 */
export function chatOverhead(
  template: ChatTemplate,
  tokenizer: Tokenizer,
  variables: JsonObject = {},
): ChatOverhead | undefined {
  let perMessage = 0;
  let perRequest = 0;
  for (const content of sampleTexts) {
    const user = { role: 'user', content };
    const count = (messages: readonly JsonObject[]) => tokenizer.count(template.render(messages, variables));
    const tokens = tokenizer.count(content);
    let message: number;
    try {
      const single = count([user]);
      message = (count([user, { role: 'assistant', content }, user]) - single - 2 * tokens) / 2;
      perRequest += (single - tokens - message) / sampleTexts.length;
    } catch {
      return undefined;
    }
    perMessage += message / sampleTexts.length;
  }
  const overhead = { perMessage: Math.round(perMessage), perRequest: Math.round(perRequest) };
  return overhead.perMessage < 0 || overhead.perRequest < 0 ? undefined : overhead;
}

const sampleTexts = ['Call me Ishmael.', 'The sea was calm and the whale was far away', 'yes'];

/** Loaded on demand: most runs need no template. */
const load = createRequire(import.meta.url);

function configOf(folder: string): JsonObject {
  const text = read(path.join(folder, 'tokenizer_config.json'));
  try {
    const config: Json = JSON.parse(text ?? '{}');
    return isObject(config) ? config : {};
  } catch {
    return {};
  }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** A text, or a list of named ones of which `default` is meant. */
function templateText(value: Json | undefined): string | undefined {
  if (typeof value === 'string') return value;
  const named = Array.isArray(value) ? value.filter(isObject) : [];
  const { template } = named.find(({ name }) => name === 'default') ?? {};
  return typeof template === 'string' ? template : undefined;
}

/** `bos_token` and the like, which templates write; each is a text, or an object with its content. */
function specialTexts(config: JsonObject): JsonObject {
  const texts = Object.entries(config).flatMap(([key, value]) => {
    const text = isObject(value) ? value.content : value;
    return key.endsWith('_token') && typeof text === 'string' ? [[key, text]] : [];
  });
  return Object.fromEntries(texts);
}
