import { monotonicNs } from '../util/clock.js';
import type { StreamText, UsageCounts } from './apis/api.js';
import { blocksOf, type KvCache } from './kv-cache.js';
import type { Outlet } from './outlet.js';
import type { Paced, Pacer } from './pacer.js';
import type { AnswerPlan } from './plan.js';
import type { PrefixCache } from './prefix-cache.js';
import type { Question } from './question.js';
import { type EndReason, RequestMetrics, type ServerMetrics } from './server-metrics.js';
import type { MockServerSettings } from './settings.js';
import type { Runner, Slots } from './slots.js';
import type { TokenLog } from './token-log.js';
import type { TokenScript } from './words.js';

/** Shared by all responses of a server. */
export interface Engine {
  readonly settings: MockServerSettings;
  readonly script: TokenScript;
  readonly pacer: Pacer;
  readonly slots: Slots<StreamedAnswer>;
  readonly cache: PrefixCache | undefined;
  /** Undefined: it has no limit. */
  readonly kv: KvCache | undefined;
  readonly metrics: ServerMetrics;
  readonly log: TokenLog | undefined;
}

/** A response: waits for its slot, then sends each token at its time, or all together when the last is due. */
export class StreamedAnswer implements Runner, Paced {
  readonly #engine: Engine;
  readonly #question: Question;
  readonly #plan: AnswerPlan;
  readonly #requestId: string | null;
  readonly #outlet: Outlet;
  #text: StreamText | undefined = undefined;
  readonly #itlNs: number;
  readonly #receivedNs = monotonicNs();
  #startedNs = 0;
  readonly #counts: RequestMetrics;
  #cachedTokens = 0;
  /** Due time of the next token, or of a response as a whole. */
  #dueNs = 0;
  /** Of a response sent as a whole: due time of its next token. */
  #wholeDueNs = 0;
  /** Tokens sent, or generated for a response sent as a whole. */
  #sent = 0;
  #over = false;
  #isPreempted = false;
  /** Whether the pacer will call it. */
  #isPaced = false;
  /** Blocks of a KV cache with a limit. */
  #blocks = 0;
  readonly #tokenNs: number[] = [];

  constructor(
    engine: Engine,
    question: Question,
    plan: AnswerPlan,
    requestId: string | null,
    outlet: Outlet,
  ) {
    this.#requestId = requestId;
    this.#engine = engine;
    this.#question = question;
    this.#plan = plan;
    this.#outlet = outlet;
    this.#itlNs = engine.settings.itlMs * 1e6;
    const { promptTokens, maxTokens = plan.tokens, form } = question;
    this.#counts = new RequestMetrics(engine.metrics, {
      promptTokens,
      maxTokens,
      generates: form.generates,
      receivedNs: this.#receivedNs,
    });
    if (question.stream) outlet.beginStream(question.form.streamType);
    engine.slots.enter(this);
  }

  canStart(): boolean {
    const { kv, slots } = this.#engine;
    return kv === undefined || slots.running.size === 0 || kv.freeBlocks >= this.#blocksToStart();
  }

  start(): void {
    const { settings, cache, pacer, kv } = this.#engine;
    const { prompt, promptTokens, stream } = this.#question;
    const { tokens } = this.#plan;
    this.#startedNs = monotonicNs();
    this.#cachedTokens = Math.min(cache?.take(prompt) ?? 0, promptTokens);
    if (!this.#isPreempted)
      this.#counts.started(cache === undefined ? undefined : this.#cachedTokens, this.#startedNs);
    this.#isPreempted = false;
    if (kv !== undefined) this.#hold(kv, this.#blocksToStart());
    const newTokens = this.#counts.heldTokens - this.#cachedTokens;
    this.#dueNs = this.#startedNs + (settings.ttftMs + settings.ttftPerInputTokenMs * newTokens) * 1e6;
    this.#wholeDueNs = this.#dueNs;
    if (!stream) this.#dueNs += this.#gapsNs(Math.min(this.#sent + 1, tokens), tokens);
    if (!this.#isPaced) pacer.add(this, this.#dueNs);
    this.#isPaced = true;
  }

  act(): number | undefined {
    const nextNs = this.#over || this.#isPreempted ? undefined : this.#advance();
    this.#isPaced = nextNs !== undefined;
    return nextNs;
  }

  #advance(): number | undefined {
    const nowNs = monotonicNs();
    // It was preempted and started again after this call was planned.
    if (nowNs < this.#dueNs) return this.#dueNs;
    if (!this.#question.stream) return this.#actWhole(nowNs);
    const { tokens, breakAfter = tokens } = this.#plan;
    if (this.#sent >= breakAfter && breakAfter < tokens) return this.#break(nowNs);
    if (!this.#grow()) return undefined;
    const dueNs = this.#dueNs;
    let text = '';
    if (this.#sent === 0) text = this.#stream().opening;
    // Tokens due at the same time share a write; late ones keep a write of their own.
    while (this.#sent < breakAfter && this.#dueNs === dueNs) text += this.#nextChunk(nowNs);
    this.#outlet.write(text);
    if (this.#sent < tokens) return this.#dueNs;
    this.#finish(nowNs);
    return undefined;
  }

  /** The client disconnected. */
  abandon(): void {
    if (this.#over) return;
    const nowNs = monotonicNs();
    this.#generateUntil(nowNs);
    this.#end('abort', nowNs);
  }

  /** Tokens in the KV cache at `nowNs`. */
  heldTokens(nowNs: number): number {
    this.#generateUntil(nowNs);
    return this.#counts.heldTokens;
  }

  /** Counts the tokens of a response sent as a whole at the times at which they are generated. */
  #generateUntil(nowNs: number): void {
    if (this.#question.stream || this.#startedNs === 0) return;
    while (this.#sent < this.#plan.tokens && this.#wholeDueNs <= nowNs) {
      const from = this.#sent;
      this.#sent = Math.min(from + this.#engine.settings.tokensPerChunk, this.#plan.tokens);
      this.#counts.generated(this.#sent - from, this.#wholeDueNs);
      this.#wholeDueNs += this.#gapsNs(from + 1, this.#sent + 1);
    }
  }

  /** Loses its slot and its blocks; it is the next to start, and all its tokens are computed again. */
  preempt(): void {
    const { kv, slots, metrics } = this.#engine;
    this.#generateUntil(monotonicNs());
    this.#isPreempted = true;
    if (kv !== undefined) this.#hold(kv, 0);
    metrics.preemptions++;
    this.#counts.preemptions++;
    slots.preempt(this);
  }

  /** A response sent as a whole takes the blocks for all of its tokens. */
  #blocksToStart(): number {
    const { stream, promptTokens } = this.#question;
    return blocksOf(stream ? this.#counts.heldTokens : promptTokens + this.#plan.tokens);
  }

  /** Takes blocks for the next chunk, from the newest requests if none are free. @returns false: from itself. */
  #grow(): boolean {
    const { kv, slots, settings } = this.#engine;
    if (kv === undefined) return true;
    const blocks = blocksOf(this.#counts.heldTokens + settings.tokensPerChunk);
    while (kv.freeBlocks < blocks - this.#blocks && slots.running.size > 1) {
      const newest = [...slots.running].at(-1);
      newest?.preempt();
      if (newest === this) return false;
    }
    this.#hold(kv, blocks);
    return true;
  }

  #hold(kv: KvCache, blocks: number): void {
    kv.take(blocks - this.#blocks);
    this.#blocks = blocks;
  }

  #actWhole(nowNs: number): undefined {
    const { settings } = this.#engine;
    const { form } = this.#question;
    const { tokens, reasoningTokens, reason } = this.#plan;
    // Not until now: sums of gaps may differ in the last digit from the gap of the whole.
    this.#generateUntil(Number.POSITIVE_INFINITY);
    const reasoning = reasoningTokens > 0 ? this.#words(0, reasoningTokens) : undefined;
    const text = { reasoning, content: this.#words(reasoningTokens, tokens) };
    const body = form.whole(settings.dialect, this.#plan, text, reason, this.#usage());
    this.#log(tokens, nowNs);
    this.#outlet.sendFull({ status: 200, body });
    this.#finish(nowNs);
  }

  #nextChunk(nowNs: number): string {
    const { tokens, reasoningTokens, reason } = this.#plan;
    const from = this.#sent;
    const isReasoning = from < reasoningTokens;
    const to = Math.min(from + this.#engine.settings.tokensPerChunk, isReasoning ? reasoningTokens : tokens);
    const words = this.#words(from, to);
    this.#sent = to;
    this.#dueNs += this.#gapsNs(from + 1, to + 1);
    this.#counts.generated(to - from, nowNs);
    this.#log(to - from, nowNs);
    const stream = this.#stream();
    if (to === tokens) return stream.last(words, isReasoning, reason, this.#usage());
    const usage = this.#question.usageInChunks ? this.#usage() : undefined;
    const soFar = usage && { ...usage, completionTokens: to };
    return isReasoning ? stream.reasoning(words, soFar) : stream.content(words, soFar);
  }

  /** Made with the first token: some APIs begin with the usage of the prompt. */
  #stream(): StreamText {
    this.#text ??= this.#question.form.stream(this.#engine.settings.dialect, this.#plan, this.#usage());
    return this.#text;
  }

  /** Tokens `from` to `to` (exclusive) of the response, either all reasoning or all content. */
  #words(from: number, to: number): string {
    const { key, reasoningTokens } = this.#plan;
    const textStart = from < reasoningTokens ? 0 : reasoningTokens;
    let words = '';
    for (let index = from; index < to; index++) {
      words += this.#engine.script.token(key + textStart, index - textStart);
    }
    return words;
  }

  /** From token `from - 1` to token `to - 1`. */
  #gapsNs(from: number, to: number): number {
    const { itlJitter } = this.#engine.settings;
    let gaps = to - from;
    if (itlJitter > 0) {
      for (let index = from; index < to; index++) {
        gaps += itlJitter * this.#engine.script.jitter(this.#plan.key, index);
      }
    }
    return gaps * this.#itlNs;
  }

  #usage(): UsageCounts | undefined {
    const { settings, cache } = this.#engine;
    const { stream, includeUsage, promptTokens } = this.#question;
    if (settings.usage === 'never') return undefined;
    if (settings.usage === 'on-request' && stream && !includeUsage) return undefined;
    return {
      promptTokens,
      completionTokens: this.#plan.tokens,
      cachedTokens: cache === undefined ? undefined : this.#cachedTokens,
      reasoningTokens: this.#plan.reasoningTokens,
    };
  }

  #log(tokens: number, atNs: number): void {
    if (this.#engine.log === undefined) return;
    for (let count = 0; count < tokens; count++) this.#tokenNs.push(atNs);
  }

  #finish(nowNs: number): void {
    this.#end(this.#plan.reason, nowNs);
    this.#outlet.done();
  }

  #break(nowNs: number): undefined {
    this.#end('error', nowNs);
    this.#outlet.cut();
  }

  #end(how: EndReason, nowNs: number): void {
    this.#over = true;
    this.#counts.ended(how, nowNs);
    this.#engine.log?.add({
      request_id: this.#requestId,
      received_ns: this.#receivedNs,
      started_ns: this.#startedNs,
      token_ns: this.#tokenNs,
    });
    const { kv, slots } = this.#engine;
    if (kv !== undefined) this.#hold(kv, 0);
    slots.leave(this);
  }
}
