import type { HashId } from '../../hash-id.js';
import type { Call } from '../otel/call.js';
import { openModels, plainCall, plainSpan } from '../otel/plain-calls.js';
import type { Span } from '../otel/span.js';
import type { WekaRequest, WekaTrace } from './trace.js';

/** Requests of a trace as calls with the spans around them. */
export interface WekaCalls {
  readonly calls: readonly Call[];
  /** The span and those around it, from the innermost. */
  readonly path: (span: Span) => readonly Span[];
  readonly hashIds: ReadonlyMap<Call, readonly HashId[]>;
}

/**
 * The calls of a trace. A sub-agent is a span around its calls, and the request before it in the file starts it: times
 * may be a little off.
 * @param models of `--model`: the model of the first request becomes the first of them, and so on.
 */
export function wekaCalls({ requests }: WekaTrace, models: readonly string[]): WekaCalls {
  const calls: Call[] = [];
  const around = new Map<Span, Span>();
  const hashIds = new Map<Call, readonly HashId[]>();
  const main = requests.find((request) => request.kind === 'request');
  const others = requests.flatMap((request) => (request.kind === 'request' ? [request] : request.requests));
  const modelOf = openModels([main?.model, ...others.map(({ model }) => model)], models);
  let spawnedMs = 0;
  const add = (request: WekaRequest, agent: Span | undefined): Call => {
    const span = plainSpan(request.startMs, request.endMs);
    if (agent !== undefined) around.set(span, agent);
    const call = plainCall(span, request, modelOf(request.model));
    calls.push(call);
    hashIds.set(call, request.hashIds);
    return call;
  };
  for (const request of requests) {
    if (request.kind === 'request') {
      spawnedMs = add(request, undefined).span.endMs;
      continue;
    }
    const startMs = Math.max(request.startMs, spawnedMs);
    const lastMs = request.endMs ?? Math.max(...request.requests.map(({ endMs }) => endMs));
    const agent = plainSpan(startMs, Math.max(startMs, lastMs), request.id);
    for (const own of request.requests) add(own, agent);
  }
  const path = (span: Span): readonly Span[] => {
    const agent = around.get(span);
    return agent === undefined ? [span] : [span, agent];
  };
  return { calls, path, hashIds };
}
