import { createReadStream, statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { Agent, type Dispatcher, request } from 'undici';
import { isObject, type JsonObject } from '../../util/json.js';
import { sleep } from '../../util/timeout.js';
import type { MlflowAccess } from './access.js';

const CONNECT_MS = 5000;
/** Without a byte from the server. */
const SILENCE_MS = 10_000;
/** Waits between attempts while the server is busy or restarts. */
const RETRY_AFTER_MS = [500, 2000];

/** A value at one time. */
export interface MlflowMetric {
  readonly key: string;
  readonly value: number;
  /** Ms since 1970. */
  readonly timestamp: number;
  readonly step: number;
}

export interface MlflowPair {
  readonly key: string;
  readonly value: string;
}

/** A run on the server. */
export interface MlflowRunInfo {
  readonly runId: string;
  readonly runName: string;
  /** Where its files are. */
  readonly artifactUri: string;
}

export type MlflowStatus = 'FINISHED' | 'KILLED' | 'FAILED';

/** A request that the server refused or did not answer. */
class MlflowError extends Error {
  override readonly name = 'MlflowError';
  /** `RESOURCE_DOES_NOT_EXIST` and the like; undefined without an answer of MLflow. */
  readonly code: string | undefined;
  readonly isTransient: boolean;
  constructor(message: string, code: string | undefined, isTransient: boolean) {
    super(message);
    this.code = code;
    this.isTransient = isTransient;
  }
}

// Limits of one `runs/log-batch`.
const MOST_METRICS = 1000;
const MOST_PAIRS = 100;

/** The part of MLflow's REST API that a run needs. All methods throw MlflowError. */
export class MlflowClient {
  readonly #base: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #dispatcher: Dispatcher;

  constructor(trackingUri: string, { authorization, isInsecure }: MlflowAccess) {
    const url = new URL(trackingUri);
    this.#base = `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
    this.#headers = authorization === undefined ? {} : { authorization };
    this.#dispatcher = new Agent({
      connect: { timeout: CONNECT_MS, rejectUnauthorized: !isInsecure },
      headersTimeout: SILENCE_MS,
      bodyTimeout: SILENCE_MS,
    });
  }

  /** Creates an experiment that does not exist. @returns its id. */
  async experimentId(name: string): Promise<string> {
    try {
      const found = await this.#call('GET', 'experiments/get-by-name', { experiment_name: name });
      return textAt(found, 'experiment', 'experiment_id');
    } catch (thrown) {
      if (!(thrown instanceof MlflowError) || thrown.code !== 'RESOURCE_DOES_NOT_EXIST') throw thrown;
    }
    return textAt(await this.#call('POST', 'experiments/create', { name }), 'experiment_id');
  }

  async hasRun(runId: string): Promise<boolean> {
    try {
      await this.#call('GET', 'runs/get', { run_id: runId });
      return true;
    } catch (thrown) {
      if (thrown instanceof MlflowError && !thrown.isTransient) return false;
      throw thrown;
    }
  }

  /** @param startMs since 1970. */
  async createRun(
    experimentId: string,
    name: string,
    startMs: number,
    tags: readonly MlflowPair[],
  ): Promise<MlflowRunInfo> {
    const body = { experiment_id: experimentId, run_name: name, start_time: Math.round(startMs), tags };
    const run = await this.#call('POST', 'runs/create', body);
    return {
      runId: textAt(run, 'run', 'info', 'run_id'),
      runName: textAt(run, 'run', 'info', 'run_name'),
      artifactUri: textAt(run, 'run', 'info', 'artifact_uri'),
    };
  }

  /** Adds values; in several requests if there are many. */
  async log(
    runId: string,
    {
      metrics = [],
      params = [],
      tags = [],
    }: {
      readonly metrics?: readonly MlflowMetric[];
      readonly params?: readonly MlflowPair[];
      readonly tags?: readonly MlflowPair[];
    },
  ): Promise<void> {
    const logBatch = (part: object) => this.#call('POST', 'runs/log-batch', { run_id: runId, ...part });
    for (const part of chunks(params, MOST_PAIRS)) await logBatch({ params: part });
    for (const part of chunks(tags, MOST_PAIRS)) await logBatch({ tags: part });
    for (const part of chunks(metrics, MOST_METRICS)) await logBatch({ metrics: part });
  }

  /** @param endMs since 1970. */
  async endRun(runId: string, status: MlflowStatus, endMs: number): Promise<void> {
    await this.#call('POST', 'runs/update', { run_id: runId, status, end_time: Math.round(endMs) });
  }

  /** Uploads a file as `path` of the run, through the server. */
  async upload({ artifactUri }: MlflowRunInfo, path: string, file: string): Promise<void> {
    const root = /^mlflow-artifacts:(?:\/\/[^/]*)?\/(.+)$/.exec(artifactUri)?.[1];
    if (root === undefined) {
      throw new MlflowError(
        `its files are at ${artifactUri}, which the server does not pass on: start it with --artifacts-destination and --default-artifact-root mlflow-artifacts:/`,
        undefined,
        false,
      );
    }
    const place = [...root.split('/'), ...path.split('/')].map(encodeURIComponent).join('/');
    await this.#send(`/api/2.0/mlflow-artifacts/artifacts/${place}`, () => ({
      method: 'PUT',
      headers: { 'content-type': 'application/octet-stream', 'content-length': `${statSync(file).size}` },
      body: createReadStream(file),
    }));
  }

  close(): Promise<void> {
    return this.#dispatcher.destroy();
  }

  #call(method: 'GET' | 'POST', path: string, body: Readonly<Record<string, unknown>>): Promise<JsonObject> {
    const query = method === 'GET' ? `?${new URLSearchParams(body as Record<string, string>)}` : '';
    return this.#send(`/api/2.0/mlflow/${path}${query}`, () => ({
      method,
      ...(method === 'GET'
        ? {}
        : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    }));
  }

  async #send(path: string, make: () => Sent): Promise<JsonObject> {
    for (const waitMs of RETRY_AFTER_MS) {
      try {
        return await this.#attempt(path, make());
      } catch (thrown) {
        if (!(thrown instanceof MlflowError) || !thrown.isTransient) throw thrown;
        await sleep(waitMs, new AbortController().signal);
      }
    }
    return this.#attempt(path, make());
  }

  async #attempt(path: string, { method, headers, body }: Sent): Promise<JsonObject> {
    let status: number;
    let text: string;
    try {
      const response = await request(`${this.#base}${path}`, {
        method,
        headers: { ...this.#headers, ...headers },
        body: body ?? null,
        dispatcher: this.#dispatcher,
      });
      status = response.statusCode;
      text = await response.body.text();
    } catch (thrown) {
      const { code, message } = thrown as Error & { readonly code?: string };
      throw new MlflowError(message || (code ?? 'no connection'), undefined, true);
    }
    const answer = parsed(text);
    if (status >= 200 && status < 300) return answer;
    const { error_code: code, message } = answer;
    throw new MlflowError(
      `HTTP status ${status}${typeof message === 'string' ? `: ${message}` : ''}`,
      typeof code === 'string' ? code : undefined,
      status === 429 || status >= 500,
    );
  }
}

interface Sent {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Readable;
}

/** An empty object for what is no JSON object. */
function parsed(text: string): JsonObject {
  try {
    const json: unknown = JSON.parse(text);
    return isObject(json) ? json : {};
  } catch {
    return {};
  }
}

function textAt(answer: JsonObject, ...path: readonly string[]): string {
  let at: unknown = answer;
  for (const key of path) at = isObject(at) ? at[key] : undefined;
  if (typeof at === 'string') return at;
  throw new MlflowError(`the answer has no ${path.join('.')}: is it an MLflow server?`, undefined, false);
}

function chunks<Item>(items: readonly Item[], size: number): Item[][] {
  const parts: Item[][] = [];
  for (let at = 0; at < items.length; at += size) parts.push(items.slice(at, at + size));
  return parts;
}
