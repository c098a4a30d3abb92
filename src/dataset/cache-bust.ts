import { isObject, type JsonObject } from '../util/json.js';
import { mix } from '../util/random.js';
import type { Agent, Conversation, NamedTexts, Turn } from './conversation.js';
import { openTokenizer } from './tokenizer/open.js';
import type { Tokenizer, TokenizerSource } from './tokenizer/tokenizer.js';

/** Where a marker goes. */
export interface MarkerPlace {
  /** `system`: the system message; without one, and for `first-turn`, the first user message of every request. */
  readonly where: 'system' | 'first-turn';
  readonly end: 'prefix' | 'suffix';
}

/** Text in each session's prompt that keeps a prefix cache from finding it again. Plain data. */
export type CacheBust = MarkerPlace &
  (
    | { readonly kind: 'warmup' }
    | {
        readonly kind: 'session';
        /** Differs between runs. */
        readonly nonce: number;
        /** What every marker costs, tokens. */
        readonly tokens: number;
        /** Set if not all markers cost the same: they are drawn until one does. */
        readonly tokenizer: TokenizerSource | undefined;
      }
  );

/** A marker with the blank line that sets it off, as text in front of a prompt and behind it. */
export interface Marker {
  readonly before: string;
  readonly after: string;
}

/**
 * Marks a conversation for one session.
 * @param session its number among all sessions of the run.
 * @param firstTurn the turn that it starts with: a schedule may leave earlier ones out.
 */
export type MarkSession = (conversation: Conversation, session: number, firstTurn: number) => Conversation;

/** Opens a plan in any thread. */
export function openMarks(plan: CacheBust): MarkSession {
  if (plan.kind === 'warmup') {
    const marker = setOff('[warmup]', plan.end);
    return (conversation, _, firstTurn) => marked(conversation, marker, plan, firstTurn, undefined);
  }
  const { nonce, tokens } = plan;
  const tokenizer = plan.tokenizer && openTokenizer(plan.tokenizer);
  return (conversation, session, firstTurn) => {
    const marker = markerOf(nonce, session, plan.end, tokenizer, tokens);
    // Only the text of turn 0 has left room.
    return marked(conversation, marker, plan, firstTurn, firstTurn === 0 ? tokens : undefined);
  };
}

// Enough to find a common cost.
const SAMPLES = 128;
const MOST_DRAWS = 256;

/** Plans the markers of sessions with the tokenizer that prompts are made to length with. */
export function planSessionMarks(
  place: MarkerPlace,
  nonce: number,
  tokenizer: Tokenizer,
  source: TokenizerSource,
): CacheBust {
  const counts = new Map<number, number>();
  for (let session = 0; session < SAMPLES; session++) {
    const cost = costOf(markerOf(nonce, session, place.end), tokenizer);
    counts.set(cost, (counts.get(cost) ?? 0) + 1);
  }
  const [[tokens] = [0]] = [...counts].sort(([, a], [, b]) => b - a);
  return { ...place, kind: 'session', nonce, tokens, tokenizer: counts.size === 1 ? undefined : source };
}

/** What a marker adds to a prompt, tokens. */
function costOf({ before, after }: Marker, tokenizer: Tokenizer): number {
  return tokenizer.count(`${before}a${after}`) - tokenizer.count('a');
}

/** The marker of a session; with a tokenizer, one that costs `tokens`. */
export function markerOf(
  nonce: number,
  session: number,
  end: MarkerPlace['end'],
  tokenizer?: Tokenizer,
  tokens?: number,
): Marker {
  for (let draw = 0; ; draw++) {
    const marker = setOff(`[rid:${digitsOf(nonce, session, draw)}]`, end);
    if (tokenizer === undefined || draw === MOST_DRAWS || costOf(marker, tokenizer) === tokens) return marker;
  }
}

const MILLION = 1_000_000;

/**
 * Twelve decimal digits, which most tokenizers count alike whatever they are, unlike hexadecimal ones. Distinct for
 * 10^12 sessions of one draw: 618,033 and 414,213 have no divisor in common with 10^6.
 */
function digitsOf(nonce: number, session: number, draw: number): string {
  const drawn = draw === 0 ? nonce : mix(nonce, draw);
  const laps = Math.floor(session / MILLION);
  const low = (mix(drawn, 1) + (session % MILLION) * 618_033) % MILLION;
  const high = (mix(drawn, 2) + (session % MILLION) * 414_213 + laps) % MILLION;
  return String(low).padStart(6, '0') + String(high).padStart(6, '0');
}

function setOff(text: string, end: MarkerPlace['end']): Marker {
  return end === 'prefix' ? { before: `${text}\n\n`, after: '' } : { before: '', after: `\n\n${text}` };
}

/** @param tokens of the marker, for which generated text has left room; undefined: it has not. */
function marked(
  conversation: Conversation,
  marker: Marker,
  place: MarkerPlace,
  firstTurn: number,
  tokens: number | undefined,
): Conversation {
  const { agents } = conversation;
  return {
    ...markedAgent(conversation, marker, place, firstTurn, tokens),
    ...(agents && { agents: agents.map((agent) => markedAgent(agent, marker, place, 0, tokens)) }),
  };
}

/** An agent that goes on from the history of another has its marker there. */
function markedAgent<A extends Conversation | Agent>(
  agent: A,
  marker: Marker,
  place: MarkerPlace,
  firstTurn: number,
  tokens: number | undefined,
): A {
  const { systemMessage } = agent;
  if (marksSystem(place, agent)) return { ...agent, systemMessage: around(systemMessage ?? '', marker) };
  if ('forkOf' in agent && agent.history === 'live-answers') return agent;
  return {
    ...agent,
    turns: agent.turns.map((turn, number) =>
      marksTurn(place, agent, number, firstTurn) ? markedTurn(turn, marker, place.where, tokens) : turn,
    ),
  };
}

/** Whether the system message of a conversation holds the marker. */
function marksSystem({ where }: MarkerPlace, { systemMessage }: MarkedFacts): boolean {
  return where === 'system' && systemMessage !== undefined;
}

/** Whether a turn of a conversation holds the marker; every self-contained turn begins a prompt of its own. */
export function marksTurn(
  place: MarkerPlace,
  conversation: MarkedFacts,
  number: number,
  firstTurn = 0,
): boolean {
  return (
    !marksSystem(place, conversation) && (number === firstTurn || conversation.history === 'self-contained')
  );
}

interface MarkedFacts extends Pick<Conversation, 'history'> {
  readonly systemMessage?: string | undefined;
}

function markedTurn(
  turn: Turn,
  marker: Marker,
  where: MarkerPlace['where'],
  tokens: number | undefined,
): Turn {
  if (turn.messages !== undefined) return { ...turn, messages: markedMessages(turn.messages, marker, where) };
  const { inputTokens, ...rest } = turn;
  const isKnown = tokens !== undefined && inputTokens !== undefined;
  return { ...rest, texts: markedTexts(turn.texts, marker), ...(isKnown ? { inputTokens } : {}) };
}

/** Marks the first of a turn's texts in front, or the last one behind. */
function markedTexts(texts: readonly NamedTexts[], marker: Marker): readonly NamedTexts[] {
  const place = marker.before === '' ? texts.findLastIndex(hasContent) : texts.findIndex(hasContent);
  const named = texts[place];
  if (named === undefined) return [{ name: 'text', contents: [around('', marker).trim()] }];
  const at = marker.before === '' ? named.contents.length - 1 : 0;
  const contents = named.contents.map((text, index) => (index === at ? around(text, marker) : text));
  return texts.map((other, index) => (index === place ? { ...named, contents } : other));
}

function hasContent({ contents }: NamedTexts): boolean {
  return contents.length > 0;
}

/** Marks the system message of recorded messages, or their first user message. */
function markedMessages(
  messages: readonly JsonObject[],
  marker: Marker,
  where: MarkerPlace['where'],
): readonly JsonObject[] {
  const [first] = messages;
  const place =
    where === 'system' && first?.role === 'system' ? 0 : messages.findIndex(({ role }) => role === 'user');
  return messages.map((message, index) => (index === place ? markedMessage(message, marker) : message));
}

function markedMessage(message: JsonObject, marker: Marker): JsonObject {
  const { content } = message;
  if (typeof content === 'string') return { ...message, content: around(content, marker) };
  const parts = Array.isArray(content) ? content.filter(isObject) : [];
  const part = { type: 'text', text: around('', marker).trim() };
  return { ...message, content: marker.before === '' ? [...parts, part] : [part, ...parts] };
}

function around(text: string, { before, after }: Marker): string {
  return before + text + after;
}
