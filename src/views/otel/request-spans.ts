import { type Attributes, SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api';
import type { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import type { Resource } from '@opentelemetry/resources';
import type { RequestSpan } from '../../collect/span-sampler.js';
import { type GenAiRun, genAiAttributes, operationOf } from './gen-ai.js';
import { hrTime } from './wall-time.js';

/** A span as the exporter takes it. */
export type ExportedSpan = Parameters<OTLPTraceExporter['export']>[0][number];

// One object: the exporter groups spans by it.
const scope = { name: 'aiperf.requests' };

/** A request as a client span of the semantic conventions for generative AI, with the times of its chunks as events. */
export function exportedSpan(span: RequestSpan, run: GenAiRun, resource: Resource): ExportedSpan {
  // A request id is random: nothing else has this trace id, and it is found by the request's id.
  const traceId = span.requestId.replaceAll('-', '').padStart(32, '0').slice(0, 32);
  return {
    name: `${operationOf(run)} ${span.model}`,
    kind: SpanKind.CLIENT,
    spanContext: () => ({ traceId, spanId: traceId.slice(16), traceFlags: TraceFlags.SAMPLED }),
    startTime: hrTime(span.startNs),
    endTime: hrTime(span.endNs),
    duration: hrTime(span.endNs - span.startNs),
    ended: true,
    status:
      span.error === undefined
        ? { code: SpanStatusCode.UNSET }
        : { code: SpanStatusCode.ERROR, message: span.error.message },
    attributes: { ...genAiAttributes(run, span.model), ...spanAttributes(span), ...serverAttributes(run) },
    links: [],
    events: span.chunks.map(({ index, atNs }) => ({
      name: index === 0 ? 'aiperf.first_chunk' : 'aiperf.chunk',
      time: hrTime(atNs),
      attributes: { 'aiperf.chunk.index': index },
    })),
    resource,
    instrumentationScope: scope,
    droppedAttributesCount: 0,
    droppedEventsCount: span.chunkCount - span.chunks.length,
    droppedLinksCount: 0,
  };
}

function spanAttributes(span: RequestSpan): Attributes {
  const [first] = span.chunks;
  const optional = {
    'gen_ai.request.max_tokens': span.requestedOsl,
    'gen_ai.response.finish_reasons': span.finishReason && [span.finishReason],
    'gen_ai.usage.input_tokens': span.inputTokens,
    'gen_ai.usage.output_tokens': span.outputTokens,
    'error.type': span.error && `${span.error.code ?? span.error.type}`,
    'aiperf.time_to_first_chunk': first && Number(first.atNs - span.startNs) / 1e9,
  };
  return {
    'gen_ai.conversation.id': span.correlationId,
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
    'aiperf.request.id': span.requestId,
    'aiperf.request.number': span.sessionNum,
    'aiperf.turn_index': span.turnIndex,
    'aiperf.worker.id': span.workerId,
    'aiperf.benchmark_phase': span.phase,
    'aiperf.was_cancelled': span.wasCancelled,
    'aiperf.chunk_count': span.chunkCount,
  };
}

/** Empty for several servers: a request does not know which of them answered it. */
function serverAttributes({ urls: [url, ...others] }: GenAiRun): Attributes {
  if (url === undefined || others.length > 0 || !URL.canParse(url)) return {};
  const { hostname, port, protocol } = new URL(url);
  return { 'server.address': hostname, 'server.port': Number(port || (protocol === 'https:' ? 443 : 80)) };
}
