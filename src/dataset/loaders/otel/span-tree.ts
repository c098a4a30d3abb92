import type { Span } from './span.js';

/** An error about a span; the caller adds its file and line. */
export class SpanError extends Error {
  override readonly name = 'SpanError';
  readonly span: Span;

  constructor(span: Span, message: string) {
    super(message);
    this.span = span;
  }
}

/** Which spans of a file are around which. A parent that is not in the file is none: its children are roots. */
export class SpanTree {
  readonly #byId = new Map<string, Span>();

  /** @throws SpanError for a span that is there twice, or that is its own ancestor. */
  constructor(spans: readonly Span[]) {
    for (const span of spans) {
      const id = idOf(span.traceId, span.spanId);
      if (this.#byId.has(id)) throw new SpanError(span, `span ${span.spanId} is there twice`);
      this.#byId.set(id, span);
    }
    for (const span of spans) this.#refuseCircle(span);
  }

  /** The span and those around it, from the innermost. */
  path(span: Span): Span[] {
    const path: Span[] = [];
    for (let next: Span | undefined = span; next !== undefined; next = this.#parentOf(next)) path.push(next);
    return path;
  }

  #parentOf({ traceId, parentId }: Span): Span | undefined {
    return parentId === undefined ? undefined : this.#byId.get(idOf(traceId, parentId));
  }

  #refuseCircle(span: Span): void {
    const above: Span[] = [span];
    for (let next = this.#parentOf(span); next !== undefined; next = this.#parentOf(next)) {
      if (next === span) {
        const names = [...above, span].map(({ spanId }) => spanId);
        throw new SpanError(span, `spans are each other's parents in a circle: ${names.join(' → ')}`);
      }
      // The circle is above this span: it is found from one of its own.
      if (above.includes(next)) return;
      above.push(next);
    }
  }
}

/** Span ids are unique within their trace. */
function idOf(traceId: string, spanId: string): string {
  return `${traceId}/${spanId}`;
}
