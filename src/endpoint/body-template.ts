import { existsSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { MediaKind, NamedTexts, Turn } from '../dataset/conversation.js';
import { messageOf, UserError } from '../util/errors.js';
import { excerpt } from '../util/excerpt.js';
import { isObject, type Json, type JsonObject } from '../util/json.js';
import { andList } from '../util/lists.js';
import { readAny, textChunk } from './any-answer.js';
import { outputWarnings } from './completion-api.js';
import type { BodyOptions, BodyRequest, Chunk, Endpoint } from './endpoint.js';
import { unknownVariables } from './template-variables.js';
import { cannedEvents } from './text-canned.js';

const mediaKinds: readonly MediaKind[] = ['image', 'audio', 'video'];

/** Templates that have a name. */
const builtIn: ReadonlyMap<string, string> = new Map([['nv-embedqa', '{"text": {{ texts|tojson }}}']]);

const shown = 'give --extra-inputs payload_template:FILE, a Jinja template of a JSON object';

/** Any other API: a Jinja template makes the body, a JMESPath expression finds the text of an answer. */
export const template: Endpoint = {
  path: '',
  canStream: true,
  producesTokens: true,
  title: 'LLM Metrics',
  contentName: 'text, vectors or scores',
  media: mediaKinds,
  hasSystemSlot: false,
  inputKeys: [],
  capKeys: ['max_completion_tokens', 'max_tokens', 'max_output_tokens'],
  streamTextKeys: ['text', 'content'],
  endsUnmarked: true,
  open,
  checkTurn({ turn }) {
    if (turn.messages)
      throw new UserError(
        'the template endpoint cannot send a message array',
        'use texts, or --endpoint-type chat',
      );
  },
  body() {
    throw new UserError('the template endpoint has no template', shown);
  },
  read: readAny,
  readText: textChunk,
  cannedTexts: [{ name: 'text', contents: ['Some text to start with.'] }],
  cannedAnswer: (streaming, tokens) => cannedAt('text', streaming, tokens),
  errors: ({ extraInputs }, name) =>
    'payload_template' in extraInputs
      ? []
      : [
          `The endpoint type template needs ${name('extraInputs')} payload_template:FILE, a Jinja template of a JSON object.`,
        ],
  warnings: outputWarnings,
};

/**
 * The endpoint of one template: compiled here, once for each thread, so that a body is made without reading a file.
 * @throws UserError for a template or an expression that does not compile.
 */
function open({ extraInputs }: BodyOptions): Endpoint {
  const { payload_template: given, response_field: field, ...extras } = extraInputs;
  const render = compileTemplate(given);
  const body = ({ turn, past }: BodyRequest, { streaming }: BodyOptions) => ({
    ...parsed(render(variablesOf(turn, past, streaming))),
    ...extras,
    ...turn.extra,
  });
  if (field === undefined || field === null || field === 'text') return { ...template, body };
  const find = compileField(field);
  const isPath = typeof field === 'string' && /^\w+(\.\w+)*$/.test(field);
  return {
    ...template,
    body,
    read: (unit) => chunkOf(find(unit)),
    // Where a function or a condition makes the text, the bytes around it say nothing.
    streamTextKeys: isPath ? field.split('.').slice(-1) : [],
    ...(isPath
      ? { cannedAnswer: (streaming: boolean, tokens: number) => cannedAt(field, streaming, tokens) }
      : {}),
  };
}

/** @param given a built-in name, the path of a file, or the text of a template. */
function compileTemplate(given: Json | undefined): (variables: JsonObject) => string {
  if (given === undefined || given === null || given === '')
    throw new UserError('the template endpoint has no template', shown);
  const name = typeof given === 'string' ? given : JSON.stringify(given);
  const isFile = existsSync(name) && statSync(name).isFile();
  const text = builtIn.get(name) ?? (isFile ? readFileSync(name, 'utf8') : name);
  if (!text.includes('{'))
    throw new UserError(`payload_template: no such file, and no template of a JSON object: ${name}`, shown);
  try {
    const { Template }: typeof import('@huggingface/jinja') = load('@huggingface/jinja');
    const compiled = new Template(text);
    refuseUnknown(unknownVariables(compiled.parsed, variableNames));
    return (variables) => {
      try {
        return compiled.render(variables);
      } catch (thrown) {
        throw new UserError(`payload_template cannot be rendered: ${messageOf(thrown)}`);
      }
    };
  } catch (thrown) {
    if (thrown instanceof UserError) throw thrown;
    throw new UserError(`payload_template is no valid Jinja template: ${messageOf(thrown)}`);
  }
}

/** A name that nothing sets would render as nothing. */
function refuseUnknown(names: readonly string[]): void {
  if (names.length === 0) return;
  throw new UserError(
    `payload_template uses ${andList(names)}, which ${names.length > 1 ? 'are no variables' : 'is no variable'} of a template`,
    `the variables are ${andList(variableNames)}`,
  );
}

function compileField(field: Json): (unit: Json) => Json {
  const { compile, TreeInterpreter }: typeof import('@jmespath-community/jmespath') = load(
    '@jmespath-community/jmespath',
  );
  const expression = typeof field === 'string' ? field : JSON.stringify(field);
  try {
    const compiled = compile(expression);
    return (unit) => {
      try {
        return TreeInterpreter.search(compiled, unit) as Json;
      } catch {
        // A function of the expression does not take what the unit holds: a miss.
        return null;
      }
    };
  } catch (thrown) {
    throw new UserError(
      `response_field is no JMESPath expression: ${expression}: ${messageOf(thrown)}`,
      'give the path of the text in an answer, e.g. response_field:output.text',
    );
  }
}

/** Loads a library where it is used: most runs need neither. */
const load = createRequire(import.meta.url);

/** What is found: a text, a list of pieces of it, or something to count; undefined for a miss. */
function chunkOf(found: Json): Chunk | undefined {
  if (Array.isArray(found) && found.length > 0 && found.every((item) => typeof item === 'string'))
    return textChunk(found.join(''));
  return found === null ? undefined : readAny(found);
}

function parsed(rendered: string): JsonObject {
  let body: Json | undefined;
  try {
    body = JSON.parse(rendered);
  } catch {
    // Refused below.
  }
  if (isObject(body)) return body;
  throw new UserError(
    `payload_template did not render a JSON object: ${excerpt(rendered)}`,
    'write {{ text|tojson }}, without quotes around it: it quotes and escapes the text',
  );
}

/** What a template can use. Names are those of AIPerf. */
function variablesOf(turn: Turn, past: BodyRequest['past'], stream: boolean): JsonObject {
  const named = namedContents(turn.texts);
  const texts = Object.values(named).flat();
  const queries = [...(named.query ?? []), ...(named.queries ?? [])];
  const passages = [...(named.passage ?? []), ...(named.passages ?? [])];
  const turns = past.flatMap(({ turn: before, answer }): JsonObject[] => [
    turnVariables(before),
    { role: 'assistant', texts: [answer.content], model: before.model, max_tokens: null },
  ]);
  const own = turnVariables(turn);
  turns.push(own);
  const variables: JsonObject = {
    ...own,
    ...{ text: texts[0] ?? null, texts_by_name: named },
    ...{ query: queries[0] ?? null, queries, passage: passages[0] ?? null, passages },
    ...{ stream, turn: own, turns, request_info: { turns } },
  };
  for (const kind of mediaKinds) {
    const items = (turn.media ?? []).filter((item) => item.kind === kind);
    const contents = items.map((item) => ({ name: item.name, contents: [item.value()] }));
    const byName = namedContents(contents);
    const values = Object.values(byName).flat();
    variables[kind] = values[0] ?? null;
    variables[`${kind}s`] = values;
    variables[`${kind}s_by_name`] = byName;
  }
  return variables;
}

const variableNames = Object.keys(variablesOf({ role: '', texts: [], model: '' }, [], false));

function turnVariables({ role, texts, model, maxTokens }: Turn): JsonObject {
  return {
    role,
    texts: Object.values(namedContents(texts)).flat(),
    model,
    max_tokens: maxTokens ?? null,
  };
}

/** Contents that hold anything, by name. */
function namedContents(items: readonly NamedTexts[]): Record<string, string[]> {
  const named: Record<string, string[]> = {};
  for (const { name, contents } of items) {
    named[name] = [...(named[name] ?? []), ...contents.filter((text) => text !== '')];
  }
  return named;
}

/** A canned answer with its text under a path such as `a.b`. */
function cannedAt(path: string, streaming: boolean, tokens: number): readonly string[] {
  const unit = (text: string): JsonObject => {
    const keys = path.split('.');
    const last = keys.pop() ?? '';
    return keys.reduceRight<JsonObject>((inner, key) => ({ [key]: inner }), { [last]: text });
  };
  return cannedEvents(streaming, tokens, { whole: unit, piece: unit, ends: [] });
}
