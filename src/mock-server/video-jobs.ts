import { epochMs, monotonicNs } from '../util/clock.js';
import { readForm } from './form.js';
import type { FullResponse } from './outlet.js';
import { badRequest, methodNotAllowed, notFound } from './refusal.js';
import type { IncomingRequest } from './request-reader.js';

/** Jobs that are kept; the oldest are forgotten. */
const MOST_JOBS = 10_000;

const root = '/v1/videos';

interface Job {
  readonly createdS: number;
  readonly startNs: number;
}

/** `/v1/videos`: jobs that are done after a time. */
export class VideoJobs {
  readonly #jobs = new Map<string, Job>();
  readonly #seconds: number;
  #created = 0;

  /** @param seconds that a video takes. */
  constructor(seconds: number) {
    this.#seconds = seconds;
  }

  /** The answer to a request of this API; undefined for others. */
  respond({ method, path, headers, body }: IncomingRequest): FullResponse | undefined {
    if (path !== root && !path.startsWith(`${root}/`)) return undefined;
    const [id = '', part] = path.slice(root.length + 1).split('/');
    if (id === '')
      return method === 'POST' ? this.#create(body, headers.get('content-type') ?? '') : methodNotAllowed;
    const job = this.#jobs.get(id);
    if (job === undefined || (part !== undefined && part !== 'content')) return notFound;
    if (method !== 'GET') return methodNotAllowed;
    return part === undefined
      ? this.#status(id, job)
      : { status: 200, body: 'simulated video', type: 'video/mp4' };
  }

  #create(body: Buffer, type: string): FullResponse {
    try {
      const { prompt } = readForm(body, type);
      if (typeof prompt !== 'string') return badRequest('prompt is missing.', 'prompt');
    } catch (error) {
      return badRequest(`The body is no form: ${error instanceof Error ? error.message : error}`);
    }
    const id = `video_${++this.#created}`;
    const job = { createdS: Math.floor(epochMs() / 1000), startNs: monotonicNs() };
    this.#jobs.set(id, job);
    if (this.#created > MOST_JOBS) this.#jobs.delete(`video_${this.#created - MOST_JOBS}`);
    return this.#status(id, job);
  }

  #status(id: string, { createdS, startNs }: Job): FullResponse {
    const isDone = monotonicNs() - startNs >= this.#seconds * 1e9;
    const job = {
      id,
      object: 'video',
      created_at: createdS,
      status: isDone ? 'completed' : 'in_progress',
      progress: isDone ? 100 : 0,
      error: null,
      ...(isDone ? { inference_time_s: this.#seconds, peak_memory_mb: 2048.5 } : {}),
    };
    return { status: 200, body: JSON.stringify(job) };
  }
}
