import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parquetWriteBuffer, type SchemaElement } from 'hyparquet-writer';

/** A data set on the stand-in: files by their paths. */
export interface StandIn {
  readonly files: Readonly<Record<string, Buffer | string>>;
  /** Absent: main. */
  readonly revision?: string;
  /** Only this token gets in. */
  readonly token?: string;
}

/** A stand-in of the Hugging Face hub on loopback: its API, its files with ranges, and a storage it redirects to. */
export interface StandInHub extends AsyncDisposable {
  readonly endpoint: string;
  /** Requests so far: method, path, range and token. */
  readonly seen: {
    readonly url: string;
    readonly range: string | undefined;
    readonly token: string | undefined;
  }[];
  /** Called for each request of a file; true: it has answered. */
  onFile: ((path: string, response: ServerResponse, content: Buffer) => boolean) | undefined;
}

/** Files that are listed as large ones, by their SHA-256; others by git's own hash. */
const largeFrom = 1024;

export async function standInHub(
  datasets: Readonly<Record<string, StandIn | readonly StandIn[]>>,
): Promise<StandInHub> {
  const hub: { -readonly [K in keyof Omit<StandInHub, symbol>]: StandInHub[K] } = {
    endpoint: '',
    seen: [],
    onFile: undefined,
  };
  const all = Object.entries(datasets).flatMap(([id, given]) =>
    [given].flat().map((set) => ({ id, ...(set as StandIn), commit: commitOf(id, set as StandIn) })),
  );
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '', 'http://hub');
    const token = request.headers.authorization?.replace('Bearer ', '');
    const { range } = request.headers;
    hub.seen.push({ url: request.url ?? '', range, token });
    const [, api, rest = ''] = /^\/(api\/datasets|datasets|storage)\/(.*)$/.exec(url.pathname) ?? [];
    const ofId = all.filter(({ id }) => rest.startsWith(`${id}/`));
    if (ofId.length === 0) return refuse(response, 404, 'RepoNotFound');
    const route = rest.slice((ofId[0]?.id.length ?? 0) + 1);
    const [kind = '', revision = '', ...names] = route.split('/').map(decodeURIComponent);
    const set = ofId.find(({ revision: own = 'main', commit }) => [own, commit].includes(revision));
    if (set === undefined) return refuse(response, 404, 'RevisionNotFound');
    if (api !== 'storage' && set.token !== undefined && token !== set.token)
      return refuse(response, 401, 'GatedRepo');
    if (kind === 'revision') return json(response, { _id: '1', id: set.id, sha: set.commit });
    if (kind === 'tree') return json(response, entries(set));
    const name = names.join('/');
    const content = set.files[name];
    if (content === undefined) return refuse(response, 404, 'EntryNotFound');
    const bytes = Buffer.from(content);
    if (hub.onFile?.(name, response, bytes)) return;
    // Another origin, as the hub's storage is.
    if (api === 'datasets' && bytes.length >= largeFrom) {
      const { port } = server.address() as AddressInfo;
      return response.writeHead(302, { location: `http://localhost:${port}/storage/${rest}` }).end();
    }
    sendRange(response, bytes, range);
  });
  await new Promise<void>((resolve) => server.listen(0, resolve));
  hub.endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return Object.assign(hub, {
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

export function sendRange(response: ServerResponse, bytes: Buffer, range: string | undefined): void {
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? [];
  if (from === undefined) return void response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
  response
    .writeHead(206, { 'content-range': `bytes ${from}-${to}/${bytes.length}` })
    .end(bytes.subarray(Number(from), Number(to) + 1));
}

/** A Parquet file with the nested types that the values of its columns show. */
export function parquet(columns: Readonly<Record<string, readonly unknown[]>>, rowGroupSize = 100): Buffer {
  const columnData = Object.entries(columns).map(([name, data]) => ({ name, data: [...data] }));
  const schema: SchemaElement[] = [
    { name: 'root', num_children: columnData.length },
    ...columnData.flatMap(({ name, data }) => schemaOf(name, data)),
  ];
  return Buffer.from(parquetWriteBuffer({ columnData, schema, rowGroupSize }));
}

function schemaOf(name: string, values: readonly unknown[]): SchemaElement[] {
  const there = values.filter((value) => value !== null && value !== undefined);
  const optional = { name, repetition_type: 'OPTIONAL' } as const;
  if (there.some(Array.isArray)) {
    const element = schemaOf('element', (there as unknown[][]).flat());
    return [
      { ...optional, converted_type: 'LIST', num_children: 1 },
      { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
      ...element,
    ];
  }
  const [first] = there;
  if (first instanceof Uint8Array) return [{ ...optional, type: 'BYTE_ARRAY' }];
  if (typeof first === 'number') return [{ ...optional, type: 'DOUBLE' }];
  if (typeof first === 'bigint') return [{ ...optional, type: 'INT64' }];
  if (typeof first !== 'object') return [{ ...optional, type: 'BYTE_ARRAY', converted_type: 'UTF8' }];
  const keys = [...new Set(there.flatMap((value) => Object.keys(value as object)))];
  const members = keys.flatMap((key) =>
    schemaOf(
      key,
      there.map((value) => (value as Record<string, unknown>)[key]),
    ),
  );
  return [{ ...optional, num_children: keys.length }, ...members];
}

function commitOf(id: string, { revision = 'main' }: StandIn): string {
  return /^[0-9a-f]{40}$/.test(revision)
    ? revision
    : createHash('sha1').update(`${id}@${revision}`).digest('hex');
}

function entries({ files }: StandIn) {
  return Object.entries(files).map(([path, content]) => {
    const bytes = Buffer.from(content);
    const oid = createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
    const entry = { type: 'file', path, size: bytes.length, oid };
    if (bytes.length < largeFrom) return entry;
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    return { ...entry, lfs: { oid: sha256, size: bytes.length, pointerSize: 130 } };
  });
}

function json(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { 'X-Error-Code': code }).end();
}
