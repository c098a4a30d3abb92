import type { Config } from '../../config/options.js';
import { chat } from '../../endpoint/chat.js';
import type { Endpoint } from '../../endpoint/endpoint.js';
import { endpoints } from '../../endpoint/endpoints.js';
import { controlHeaders } from '../../endpoint/headers.js';
import { type RequestTarget, requestTarget } from '../../endpoint/url.js';
import { exchangeOnce, type Reply } from '../../transport/exchange-once.js';
import { openTransport } from '../../transport/open.js';
import { hostAndPort } from '../../transport/request-head.js';
import { openSigner, type Signer } from '../../transport/sigv4.js';
import type { Transport } from '../../transport/transport.js';
import { sha256 } from '../../util/byte-pieces.js';
import { monotonicNs } from '../../util/clock.js';
import { messageOf, UserError } from '../../util/errors.js';
import { excerpt } from '../../util/excerpt.js';
import type { Io } from '../../util/io.js';
import { isObject, type Json } from '../../util/json.js';
import type { Log } from '../../util/log.js';
import { sleep } from '../../util/timeout.js';
import { signingOptionsOf } from './aws-credentials.js';
import { tlsOptionsOf, transportOptionsOf } from './connections.js';

const MAX_REPLY_BYTES = 4 * 2 ** 20;

/** Requests to the servers around the load, each where an option asks for it; none of them is measured. */
export interface ServerControl {
  /** Waits until every server is ready for every model. @throws UserError when the time is over */
  waitForModel(): Promise<void>;
  /** @throws UserError */
  resetKvCache(): Promise<void>;
  /** @param signal ends the wait for it. @throws UserError */
  readonly startProfiler: (signal: AbortSignal) => Promise<void>;
  /** Another process has started it: it is stopped here. */
  takeOverProfiler(): void;
  /** Begins to stop it. A failure is logged: what was measured is kept. */
  readonly stopProfiler: () => void;
  /** Waits until it has stopped. @param isHurried for a second at most. */
  profilerStopped(isHurried: boolean): Promise<void>;
}

/** @throws UserError for a proxy or certificate that cannot be used */
export async function openServerControl(config: Config, env: Io['env'], log: Log): Promise<ServerControl> {
  const tls = await tlsOptionsOf(config);
  const options = transportOptionsOf(config, env, tls, 1);
  // A connection that stays open would keep the process.
  const transport = await openTransport(config.transport, {
    ...options,
    connectionReuse: 'never',
    nowNs: monotonicNs,
  });
  const signing = signingOptionsOf(config, env);
  return new Control(config, transport, signing && openSigner(signing), log);
}

/** Whether a server is ready; otherwise what it lacks. */
type Readiness =
  | { readonly ready: true; readonly how: string }
  | { readonly ready: false; readonly why: string };

class Control implements ServerControl {
  readonly #config: Config;
  readonly #transport: Transport;
  readonly #sign: Signer | undefined;
  readonly #log: Log;
  #isProfiling = false;
  #stopped: Promise<void> | undefined;

  constructor(config: Config, transport: Transport, sign: Signer | undefined, log: Log) {
    this.#config = config;
    this.#transport = transport;
    this.#sign = sign;
    this.#log = log;
  }

  async waitForModel(): Promise<void> {
    const { waitForModelMode: mode, waitForModelTimeout: timeout, urls, models, endpointType } = this.#config;
    if (timeout === 0) return;
    this.#log('INFO', 'control', `waiting up to ${timeout} s for ${models.join(', ')} at ${urls.join(', ')}`);
    const deadlineNs = monotonicNs() + timeout * 1e9;
    const endpoint: Endpoint = endpoints[endpointType];
    if (mode !== 'models' && endpoint.probeBody === undefined)
      this.#log('WARNING', 'control', `${endpointType} has no request of one token: a chat body is sent`);
    const checks = {
      models: [this.#isListed],
      inference: [this.#answers],
      both: [this.#isListed, this.#answers],
    }[mode];
    for (const url of urls) {
      for (const model of models) {
        for (const check of checks) await this.#until(deadlineNs, () => check(url, model));
      }
    }
  }

  async resetKvCache(): Promise<void> {
    const { resetKvCache, resetKvCachePath, resetKvCacheTimeoutSeconds } = this.#config;
    if (!resetKvCache) return;
    await this.#postToAll(
      resetKvCachePath,
      resetKvCacheTimeoutSeconds,
      '--reset-kv-cache',
      'Control Hook Error',
    );
  }

  readonly startProfiler = async (signal: AbortSignal): Promise<void> => {
    const {
      serverProfiler,
      serverProfilerStartPath: path,
      serverProfilerTimeoutSeconds: limit,
    } = this.#config;
    if (!serverProfiler) return;
    this.#isProfiling = true;
    const started = this.#postToAll(path, limit, '--server-profiler', 'AIPerf System Exit Errors');
    await Promise.race([started, sleep(Number.POSITIVE_INFINITY, signal)]);
  };

  takeOverProfiler(): void {
    this.#isProfiling = this.#config.serverProfiler;
  }

  readonly stopProfiler = (): void => {
    const { serverProfilerStopPath, serverProfilerTimeoutSeconds } = this.#config;
    if (!this.#isProfiling) return;
    this.#isProfiling = false;
    this.#stopped = this.#postToAll(
      serverProfilerStopPath,
      serverProfilerTimeoutSeconds,
      '--server-profiler',
    ).catch((thrown) => this.#log('ERROR', 'control', messageOf(thrown)));
  };

  async profilerStopped(isHurried: boolean): Promise<void> {
    const waiting = new AbortController();
    const limit = isHurried ? 1000 : Number.POSITIVE_INFINITY;
    await Promise.race([this.#stopped, sleep(limit, waiting.signal)]);
    waiting.abort();
  }

  /** Checks again at the interval until it is ready. */
  async #until(deadlineNs: number, check: () => Promise<Readiness>): Promise<void> {
    const { waitForModelInterval: interval, waitForModelTimeout: timeout } = this.#config;
    for (let attempt = 1; ; attempt++) {
      const found = await check();
      if (found.ready) {
        this.#log('INFO', 'control', `${found.how} (attempt ${attempt})`);
        return;
      }
      const leftMs = (deadlineNs - monotonicNs()) / 1e6;
      if (leftMs <= 0) {
        throw new UserError(
          `The server was not ready within ${timeout} s: ${found.why}`,
          'Check --url and --model, or raise --wait-for-model-timeout.',
        );
      }
      this.#log('INFO', 'control', `${found.why} (attempt ${attempt}); next check in ${interval} s`);
      await sleep(Math.min(interval * 1000, leftMs), new AbortController().signal);
    }
  }

  readonly #isListed = async (url: string, model: string): Promise<Readiness> => {
    const target = requestTarget(url, '/v1/models');
    const reply = await this.#send('GET', target);
    if (typeof reply === 'string') return { ready: false, why: reply };
    if (reply.status === 404) {
      const root = await this.#send('GET', requestTarget(url, ''));
      const up = typeof root !== 'string' && isSuccess(root.status);
      return up
        ? { ready: true, how: `${urlOf(target)} does not exist, but ${url} answers with ${root.status}` }
        : { ready: false, why: said(target, reply) };
    }
    if (!isSuccess(reply.status)) return { ready: false, why: said(target, reply) };
    if (listed(reply.text).includes(model))
      return { ready: true, how: `${model} is listed at ${urlOf(target)}` };
    return { ready: false, why: `${urlOf(target)} does not list ${model}, only ${excerpt(reply.text)}` };
  };

  readonly #answers = async (url: string, model: string): Promise<Readiness> => {
    const endpoint: Endpoint = endpoints[this.#config.endpointType];
    const target = requestTarget(url, this.#config.customEndpoint ?? endpoint.path);
    const body = JSON.stringify((endpoint.probeBody ?? chat.probeBody)(model));
    const reply = await this.#send('POST', target, body);
    if (typeof reply === 'string') return { ready: false, why: reply };
    return reply.status < 500
      ? { ready: true, how: `${urlOf(target)} answers with ${reply.status}` }
      : { ready: false, why: said(target, reply) };
  };

  /** The reply, or why there is none. */
  async #send(method: 'GET' | 'POST', target: RequestTarget, body = ''): Promise<Reply | string> {
    const { requestTimeoutSeconds, waitForModelTimeout } = this.#config;
    const timeoutMs = Math.min(requestTimeoutSeconds || waitForModelTimeout, waitForModelTimeout) * 1000;
    try {
      return await this.#exchange(method, target, body, timeoutMs);
    } catch (thrown) {
      return messageOf(thrown);
    }
  }

  async #exchange(method: 'GET' | 'POST', target: RequestTarget, body: string, timeoutMs: number) {
    const { headers: extra, apiKey, endpointType } = this.#config;
    const { headers: own }: Endpoint = endpoints[endpointType];
    const type = body === '' ? undefined : 'application/json';
    const headers = controlHeaders({ extra, apiKey, endpoint: own }, type);
    this.#sign?.({ method, origin: target, path: target.path, bodySha256: sha256(body) }, headers);
    const request = { method, origin: target, path: target.path, headers, body, timeoutMs };
    return exchangeOnce(this.#transport, request, MAX_REPLY_BYTES);
  }

  /** @param option named in the message. @param title of the panel. @throws UserError */
  async #postToAll(path: string, timeoutSeconds: number, option: string, title?: string): Promise<void> {
    for (const url of this.#config.urls) {
      const target = requestTarget(serverRoot(url), path);
      let why: string;
      try {
        const reply = await this.#exchange('POST', target, '', timeoutSeconds * 1000);
        if (isSuccess(reply.status)) continue;
        why = `it answered with ${reply.status} ${excerpt(reply.text)}`.trimEnd();
      } catch (thrown) {
        why = messageOf(thrown);
      }
      throw new UserError(
        `${option} failed: POST ${urlOf(target)}: ${why}`,
        'Check that the server has this route (vLLM: start it with VLLM_SERVER_DEV_MODE=1 or a profiler), or set its path.',
        title,
      );
    }
  }
}

/** Control routes are at the root of a server, not below its `/v1`. */
function serverRoot(url: string): string {
  return url.replace(/\/v1\/*$/, '');
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

function urlOf(target: RequestTarget): string {
  return `${target.protocol}//${hostAndPort(target)}${target.path}`;
}

function said(target: RequestTarget, { status, text }: Reply): string {
  return `${urlOf(target)} answers with ${status} ${excerpt(text)}`.trimEnd();
}

/** Names of the models of a `/v1/models` page; none if it is no such page. */
function listed(text: string): Json[] {
  let page: Json;
  try {
    page = JSON.parse(text);
  } catch {
    return [];
  }
  const data = isObject(page) && Array.isArray(page.data) ? page.data : [];
  return data.flatMap((model) => (isObject(model) && model.id !== undefined ? [model.id] : []));
}
