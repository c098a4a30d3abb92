import { isObject, type Json, type JsonObject } from '../../../util/json.js';
import { RowError } from '../format.js';

/** A span of an OpenTelemetry trace. */
export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  /** Undefined for the root of a trace. */
  readonly parentId: string | undefined;
  /** Ms since 1970, UTC. */
  readonly startMs: number;
  readonly endMs: number;
  /** Values as JSON, also where the file has them typed. */
  readonly attributes: JsonObject;
  readonly resource: JsonObject;
  readonly events: readonly SpanEvent[];
}

interface SpanEvent {
  readonly name: string;
  readonly attributes: JsonObject;
}

/** Whether an object holds spans, or is one, in a form that `spansOf` reads. */
export function holdsSpans(object: JsonObject): boolean {
  const hasList = ['resourceSpans', 'resource_spans', 'spans'].some((key) => Array.isArray(object[key]));
  return hasList || (idOf(object, 'span') !== undefined && idOf(object, 'trace') !== undefined);
}

/** The spans of an object. @throws RowError for a span without ids or times. */
export function spansOf(object: JsonObject): Span[] {
  return writtenSpans(object).map(readSpan);
}

/** A span as its file has it. */
export interface WrittenSpan {
  readonly span: JsonObject;
  /** Attributes of the resource around it. */
  readonly resource: JsonObject;
  /** Of the object around it, for a span that has none. */
  readonly traceId: string | undefined;
}

/**
 * The spans of an object, unread: of OTLP (`resourceSpans`), of an object with a list of `spans`, or one span, as SDKs
 * print it.
 */
export function writtenSpans(object: JsonObject): WrittenSpan[] {
  const resources = object.resourceSpans ?? object.resource_spans;
  if (Array.isArray(resources)) return objects(resources).flatMap(spansOfResource);
  const { spans } = object;
  if (!Array.isArray(spans)) return [{ span: object, resource: {}, traceId: undefined }];
  return objects(spans).map((span) => ({ span, resource: {}, traceId: idOf(object, 'trace') }));
}

function spansOfResource(resource: JsonObject): WrittenSpan[] {
  const attributes = isObject(resource.resource) ? attributesOf(resource.resource.attributes) : {};
  const scopes = resource.scopeSpans ?? resource.scope_spans ?? resource.instrumentationLibrarySpans ?? [];
  return objects(scopes).flatMap(({ spans = [] }) =>
    objects(spans).map((span) => ({ span, resource: attributes, traceId: undefined })),
  );
}

function readSpan({ span, resource, traceId }: WrittenSpan): Span {
  const spanId = idOf(span, 'span');
  if (spanId === undefined) throw new RowError('a span has no span_id');
  const startMs = timeOf(span, 'start');
  const endMs = timeOf(span, 'end');
  if (startMs === undefined || endMs === undefined) {
    const which = startMs === undefined ? 'start' : 'end';
    throw new RowError(
      `span ${spanId} has no ${which} time (${which}TimeUnixNano, or ${which}_time in ISO 8601)`,
    );
  }
  if (endMs < startMs) throw new RowError(`span ${spanId} ends before it starts`);
  const own = span.resource_attributes ?? (isObject(span.resource) ? span.resource.attributes : undefined);
  return {
    traceId: idOf(span, 'trace') ?? traceId ?? '',
    spanId,
    parentId: textIn(span.parentSpanId ?? span.parent_span_id ?? span.parent_id),
    startMs,
    endMs,
    attributes: attributesOf(span.attributes),
    resource: { ...resource, ...attributesOf(own) },
    events: objects(span.events ?? []).map((event) => ({
      name: textIn(event.name) ?? '',
      attributes: attributesOf(event.attributes),
    })),
  };
}

/** `traceId`, `trace_id`, or `trace_id` under `context`. */
function idOf(object: JsonObject, kind: 'trace' | 'span'): string | undefined {
  const inContext = isObject(object.context) ? object.context[`${kind}_id`] : undefined;
  return textIn(object[`${kind}Id`] ?? object[`${kind}_id`] ?? inContext);
}

/** @returns ms since 1970; a time without a zone is UTC. */
function timeOf(span: JsonObject, end: 'start' | 'end'): number | undefined {
  const nanoseconds = span[`${end}TimeUnixNano`] ?? span[`${end}_time_unix_nano`];
  if (typeof nanoseconds === 'number' || typeof nanoseconds === 'string') return Number(nanoseconds) / 1e6;
  const iso = span[`${end}_time`] ?? span[`${end}Time`];
  if (typeof iso !== 'string') return undefined;
  const ms = Date.parse(/(Z|[+-]\d\d:?\d\d)$/i.test(iso) ? iso : `${iso.replace(' ', 'T')}Z`);
  return Number.isNaN(ms) ? undefined : ms;
}

/** Attributes by key: an object, or OTLP's list of keys and typed values. */
export function attributesOf(attributes: Json | undefined): JsonObject {
  if (isObject(attributes)) return attributes;
  if (!Array.isArray(attributes)) return {};
  return Object.fromEntries(
    objects(attributes).map(({ key, value }) => [
      textIn(key) ?? '',
      isObject(value) ? plain(value) : (value ?? null),
    ]),
  );
}

/** The value of OTLP's `AnyValue`. */
function plain(value: JsonObject): Json {
  const [kind, content] = Object.entries(value)[0] ?? [];
  if (kind === 'intValue') return Number(content);
  if (kind === 'arrayValue' && isObject(content)) return objects(content.values ?? []).map(plain);
  if (kind === 'kvlistValue' && isObject(content)) return attributesOf(content.values);
  return content ?? null;
}

function objects(list: Json): JsonObject[] {
  return Array.isArray(list) ? list.filter(isObject) : [];
}

/** A non-empty string; a number as text. */
function textIn(value: Json | undefined): string | undefined {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}
