import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Message } from './protobuf.js';

type Value = string | boolean | number | Value[];
type Attributes = Readonly<Record<string, Value>>;

/** A point of a histogram or a sum. */
interface Point {
  readonly attributes: Attributes;
  readonly startNs: bigint;
  readonly atNs: bigint;
  /** Of a sum. */
  readonly value?: number;
  /** Of a histogram. */
  readonly count?: number;
  readonly sum?: number;
  readonly min?: number;
  readonly max?: number;
  readonly counts?: readonly number[];
  readonly bounds?: readonly number[];
}

export interface Metric {
  readonly name: string;
  readonly unit: string;
  readonly kind: 'histogram' | 'sum';
  readonly isMonotonic: boolean;
  /** 2: cumulative. */
  readonly temporality: number;
  readonly points: readonly Point[];
}

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly name: string;
  /** 3: client. */
  readonly kind: number;
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly attributes: Attributes;
  readonly events: readonly {
    readonly name: string;
    readonly atNs: bigint;
    readonly attributes: Attributes;
  }[];
  readonly droppedEvents: number;
  /** 2: error. */
  readonly status: number;
}

/** What was POSTed, decoded. */
export interface Post {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly resource: Attributes;
  readonly scope: string;
  readonly metrics: readonly Metric[];
  readonly spans: readonly Span[];
}

/** A collector that decodes what it gets. @param answer the status of each POST. */
export async function openCollector(answer: () => number = () => 200) {
  const posts: Post[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const status = answer();
      if (status === 200) posts.push(decoded(request.url ?? '', request.headers, Buffer.concat(parts)));
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    posts,
    /** The metrics of the last POST of each run, by name. */
    last(): Map<string, Metric> {
      const post = posts.findLast(({ metrics }) => metrics.length > 0);
      return new Map(post?.metrics.map((metric) => [metric.name, metric]));
    },
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The field numbers are those of opentelemetry/proto. */
function decoded(path: string, headers: IncomingHttpHeaders, body: Buffer): Post {
  const group = new Message(body).message(1);
  const scope = group.message(2);
  const isTraces = path.endsWith('traces');
  return {
    path,
    headers,
    resource: attributesOf(group.message(1), 1),
    scope: scope.message(1).text(1),
    metrics: isTraces ? [] : scope.messages(2).map(metricOf),
    spans: isTraces ? scope.messages(2).map(spanOf) : [],
  };
}

function metricOf(metric: Message): Metric {
  const kind = metric.has(9) ? 'histogram' : 'sum';
  const data = metric.message(kind === 'histogram' ? 9 : 7);
  return {
    ...{ name: metric.text(1), unit: metric.text(3), kind },
    temporality: Number(data.integer(2)),
    isMonotonic: kind === 'sum' && data.integer(3) === 1n,
    points: data.messages(1).map(kind === 'histogram' ? histogramPoint : sumPoint),
  };
}

function histogramPoint(point: Message): Point {
  return {
    attributes: attributesOf(point, 9),
    ...{ startNs: point.integer(2), atNs: point.integer(3), count: Number(point.integer(4)) },
    ...{ sum: point.double(5), counts: point.fixed64s(6), bounds: point.doubles(7) },
    ...{ min: point.double(11), max: point.double(12) },
  };
}

function sumPoint(point: Message): Point {
  const value = point.has(6) ? Number(point.integer(6)) : point.double(4);
  return { attributes: attributesOf(point, 7), startNs: point.integer(2), atNs: point.integer(3), value };
}

function spanOf(span: Message): Span {
  return {
    traceId: span.bytes(1).toString('hex'),
    spanId: span.bytes(2).toString('hex'),
    ...{ name: span.text(5), kind: Number(span.integer(6)) },
    ...{ startNs: span.integer(7), endNs: span.integer(8), attributes: attributesOf(span, 9) },
    events: span.messages(11).map((event) => ({
      ...{ name: event.text(2), atNs: event.integer(1), attributes: attributesOf(event, 3) },
    })),
    droppedEvents: Number(span.integer(12)),
    status: Number(span.message(15).integer(3)),
  };
}

function attributesOf(message: Message, field: number): Attributes {
  return Object.fromEntries(
    message.messages(field).map((pair) => [pair.text(1), attributeValue(pair.message(2))]),
  );
}

function attributeValue(value: Message): Value {
  if (value.has(2)) return value.integer(2) === 1n;
  if (value.has(3)) return Number(value.integer(3));
  if (value.has(4)) return value.double(4);
  if (value.has(5)) return value.message(5).messages(1).map(attributeValue);
  return value.text(1);
}
