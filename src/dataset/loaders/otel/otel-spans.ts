import { UserError } from '../../../util/errors.js';
import type { Log } from '../../../util/log.js';
import type { Pace } from '../../pace.js';
import type { RowFile } from '../row-file.js';
import { type Call, callOf } from './call.js';
import { orderedCalls } from './call-order.js';
import { openPrefixes } from './prefixes.js';
import { type PlacedSpan, readSpans } from './read-spans.js';
import { type RecordedSession, recordedRows } from './recorded-rows.js';
import type { Span } from './span.js';
import { SpanError, SpanTree } from './span-tree.js';

/**
 * Reads OpenTelemetry spans of calls to language models as rows of `dag_jsonl`. Each conversation of a file is a session;
 * calls that name no conversation belong to that of their trace.
 * @param path as messages name it. @param paths its files. @param options.blockSize tokens per hash id.
 * @throws UserError naming file and line, for what cannot be read, and if there are no calls.
 */
export async function readSpanRows(
  path: string,
  paths: readonly string[],
  { blockSize, pace }: { readonly blockSize: number; readonly pace: Pace },
  log: Log,
): Promise<RowFile> {
  const sessions: RecordedSession[] = [];
  for (const file of paths) sessions.push(...sessionsIn(file, await readSpans(file), log));
  if (sessions.length === 0) {
    throw new UserError(
      `${path} holds no spans of calls to language models`,
      'expected spans with gen_ai.operation.name (chat, text_completion, generate_content) and messages or token counts',
    );
  }
  return recordedRows(path, sessions, pace, openPrefixes(blockSize));
}

function sessionsIn(path: string, placed: readonly PlacedSpan[], log: Log): RecordedSession[] {
  const lines = new Map(placed.map(({ span, line }) => [span, line]));
  const lineOf = (span: Span) => lines.get(span) ?? 1;
  const tree = treeOf(path, placed, lineOf);
  const calls = innermost(
    placed.flatMap(({ span }) => callOf(span) ?? []),
    tree,
  );
  const sent = calls.filter(
    ({ messages, inputTokens }) => messages !== undefined || inputTokens !== undefined,
  );
  const empty = calls.length - sent.length;
  if (empty > 0) {
    log(
      'WARNING',
      'dataset',
      `${path}: ${empty} calls are left out, which have neither messages nor token counts`,
    );
  }
  return [...byConversation(sent)].map(([id, own]) => ({ id, calls: orderedCalls(own, tree), lineOf }));
}

function treeOf(path: string, placed: readonly PlacedSpan[], lineOf: (span: Span) => number): SpanTree {
  try {
    return new SpanTree(placed.map(({ span }) => span));
  } catch (error) {
    if (error instanceof SpanError) throw new UserError(`${path}:${lineOf(error.span)}: ${error.message}`);
    throw error;
  }
}

/** Leaves out calls around others: libraries on top of each other record one request several times. */
function innermost(calls: readonly Call[], tree: SpanTree): Call[] {
  const around = new Set<Span>();
  for (const { span } of calls) {
    for (const outer of tree.path(span).slice(1)) {
      if (outer.startMs <= span.startMs && outer.endMs >= span.endMs) around.add(outer);
    }
  }
  return calls.filter(({ span }) => !around.has(span));
}

/** In the order of their first calls. */
function byConversation(calls: readonly Call[]): Map<string, Call[]> {
  const conversations = new Map<string, Call[]>();
  for (const call of [...calls].sort((a, b) => a.span.startMs - b.span.startMs)) {
    const { attributes, traceId } = call.span;
    const id = attributes['gen_ai.conversation.id'] ?? attributes['session.id'];
    const key = typeof id === 'string' && id !== '' ? id : traceId;
    const own = conversations.get(key);
    if (own === undefined) conversations.set(key, [call]);
    else own.push(call);
  }
  return conversations;
}
