import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { epochMs, monotonicNs } from '../util/clock.js';
import { type Engine, StreamedAnswer } from './answer.js';
import { apis } from './apis/apis.js';
import { ClientConnection, type Running } from './connection.js';
import { Gpus } from './gpus.js';
import { blocksOf, KvCache } from './kv-cache.js';
import type { FullResponse, Outlet } from './outlet.js';
import { Pacer } from './pacer.js';
import { planner } from './plan.js';
import { PrefixCache } from './prefix-cache.js';
import { readQuestion } from './question.js';
import { methodNotAllowed, notFound, stillLoading } from './refusal.js';
import type { IncomingRequest } from './request-reader.js';
import { ServerMetrics } from './server-metrics.js';
import { defaultSettings, type MockServerSettings } from './settings.js';
import { Slots } from './slots.js';
import { TokenLog } from './token-log.js';
import { VideoJobs } from './video-jobs.js';
import { vllmPage } from './vllm-page.js';
import { writeScript } from './words.js';

/** Size of a KV cache that has no limit: what its usage is a share of. */
const nominalKvCacheTokens = 1_048_576;
/** The longest request that vLLM's bounds of token counts allow for, without `contextLimit`. */
const defaultContextTokens = 40_960;
/** Running requests at which GPUs are busy, where slots do not say. */
const fullLoadWithoutSlots = 32;

/** A running simulated server. */
export interface MockServer {
  readonly port: number;
  /** Closes all connections, flushes the token log, and stops listening. */
  close(): Promise<void>;
}

/**
 * Starts a simulated inference server; missing settings default to `defaultSettings`.
 * @throws the system's error if the port is taken or the token log cannot be written.
 */
export async function startMockServer(settings: Partial<MockServerSettings> = {}): Promise<MockServer> {
  const complete = { ...defaultSettings, ...settings };
  const log = complete.tokenLog === undefined ? undefined : await TokenLog.open(complete.tokenLog);
  const gpus = gpusOf(complete);
  const engine: Engine = {
    settings: complete,
    script: writeScript(complete.seed),
    pacer: new Pacer(complete.timer),
    slots: new Slots(complete.slots, gpus && ((running) => gpus.setRunning(running, monotonicNs()))),
    kv: complete.kvCacheTokens === undefined ? undefined : new KvCache(complete.kvCacheTokens),
    cache: complete.prefixCache ? new PrefixCache(complete.bytesPerToken) : undefined,
    metrics: new ServerMetrics(complete.contextLimit ?? defaultContextTokens, complete.itlMs * 1e6),
    log,
  };
  const handle = requestHandler(engine, gpus);
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    new ClientConnection(socket, handle);
  });
  server.listen({ host: complete.host, port: complete.port, backlog: 4096 });
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : complete.port,
    async close() {
      const closed = [server, ...sockets].map((open) => once(open, 'close'));
      server.close();
      for (const socket of sockets) socket.destroy();
      // A response ends and is logged when its socket emits 'close'.
      await Promise.all(closed);
      engine.pacer.close();
      await log?.close();
    },
  };
}

function requestHandler(
  engine: Engine,
  gpus: Gpus | undefined,
): (request: IncomingRequest, outlet: Outlet) => Running | undefined {
  const { settings, metrics } = engine;
  const { bytesPerToken, countTokens = (text) => Math.ceil(Buffer.byteLength(text) / bytesPerToken) } =
    settings;
  const plan = planner(settings);
  let requests = 0;
  const videos = new VideoJobs(settings.ttftMs / 1000);
  const models = modelList(settings);
  const metricsPage = engineMetricsPage(engine);
  let gpuReads = 0;
  const pages: Readonly<Record<string, () => FullResponse | 'cut'>> = {
    '/v1/models': () => ({ status: 200, body: models }),
    '/health': () => ({ status: 200, body: '' }),
    '/version': () => ({ status: 200, body: '{"version":"0.11.0"}' }),
    '/metrics': () => ({ status: 200, body: metricsPage(), type: metricsType }),
    '/gpu/metrics': () => {
      if (gpus === undefined) return notFound;
      const isDown = isWithin(++gpuReads, settings.gpuFailAfter, settings.gpuFailReads);
      return isDown ? 'cut' : { status: 200, body: gpus.page(monotonicNs()), type: metricsType };
    },
  };

  const controls: Readonly<Record<string, () => void>> = {
    '/reset_prefix_cache': () => engine.cache?.clear(),
    '/start_profile': () => {},
    '/stop_profile': () => {},
  };
  const loadedNs = monotonicNs() + settings.loadMs * 1e6;

  const respond = (request: IncomingRequest, outlet: Outlet): FullResponse | StreamedAnswer | 'cut' => {
    if (settings.loadMs > 0 && monotonicNs() < loadedNs) return stillLoading;
    const control = controls[request.path];
    if (control !== undefined) {
      if (request.method !== 'POST') return methodNotAllowed;
      control();
      return { status: 200, body: '' };
    }
    const page = pages[request.path];
    if (page !== undefined) return request.method === 'GET' ? page() : methodNotAllowed;
    const video = videos.respond(request);
    if (video !== undefined) return video;
    const read = apis[request.path];
    if (read === undefined) return notFound;
    if (request.method !== 'POST') return methodNotAllowed;
    const number = ++requests;
    const question = readQuestion(read, request, countTokens);
    if ('status' in question) return question;
    const planned = plan({ question, body: request.body, number });
    if ('status' in planned) return planned;
    return new StreamedAnswer(engine, question, planned, request.headers.get('x-request-id') ?? null, outlet);
  };

  return (request, outlet) => {
    const response = respond(request, outlet);
    if (response === 'cut') {
      outlet.cut();
      return undefined;
    }
    const isAnswer = response instanceof StreamedAnswer;
    if (!uncountedPages.has(request.path)) {
      const handler = request.path in apis || request.path in pages ? request.path : 'none';
      metrics.responded(request.method, handler, isAnswer ? 200 : response.status);
    }
    if (isAnswer) return response;
    outlet.sendFull(response);
    outlet.done();
    return undefined;
  };
}

/** Pages whose reads vLLM does not count, either. */
const uncountedPages = new Set(['/health', '/version', '/metrics', '/gpu/metrics']);

/** `/metrics`, of the moment at which it is read. */
function engineMetricsPage({ settings, metrics, slots }: Engine): () => string {
  const { model, prefixCache, kvCacheTokens = nominalKvCacheTokens } = settings;
  const facts = { model, prefixCache, kvCacheTokens, startedSeconds: epochMs() / 1000 };
  const startNs = monotonicNs();
  return () => {
    const nowNs = monotonicNs();
    let kvBlocks = 0;
    for (const request of slots.running) kvBlocks += blocksOf(request.heldTokens(nowNs));
    const state = { running: slots.running.size, waiting: slots.waiting, kvBlocks };
    return vllmPage(facts, state, metrics, (nowNs - startNs) / 1e9);
  };
}

function gpusOf({ gpus, slots, gpuPowerLimit }: MockServerSettings): Gpus | undefined {
  if (gpus === 0) return undefined;
  const settings = { gpus, fullLoad: slots ?? fullLoadWithoutSlots, powerLimitWatts: gpuPowerLimit };
  return new Gpus(settings, monotonicNs());
}

/** Whether the `number`-th read of a page is one of `count` after the first `after`. */
function isWithin(number: number, after: number | undefined, count = Number.POSITIVE_INFINITY): boolean {
  return after !== undefined && number > after && number <= after + count;
}

const metricsType = 'text/plain; version=0.0.4; charset=utf-8';

function modelList({ model, contextLimit }: MockServerSettings): string {
  const created = Math.floor(epochMs() / 1000);
  const entry = { id: model, object: 'model', created, owned_by: 'aiperf', root: model, parent: null };
  return JSON.stringify({ object: 'list', data: [{ ...entry, max_model_len: contextLimit ?? null }] });
}
