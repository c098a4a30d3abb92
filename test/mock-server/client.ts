import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { onTestFinished } from 'vitest';
import { type Engine, StreamedAnswer } from '../../src/mock-server/answer.js';
import { readChat } from '../../src/mock-server/apis/openai.js';
import { KvCache } from '../../src/mock-server/kv-cache.js';
import { Pacer } from '../../src/mock-server/pacer.js';
import { planner } from '../../src/mock-server/plan.js';
import { readQuestion } from '../../src/mock-server/question.js';
import { type MockServer, startMockServer } from '../../src/mock-server/server.js';
import { ServerMetrics } from '../../src/mock-server/server-metrics.js';
import { defaultSettings, type MockServerSettings } from '../../src/mock-server/settings.js';
import { Slots } from '../../src/mock-server/slots.js';
import type { TokenLogLine } from '../../src/mock-server/token-log.js';
import { writeScript } from '../../src/mock-server/words.js';
import type { JsonObject } from '../../src/util/json.js';

/** A server without waits that lives until the end of the test. */
export async function server(settings: Partial<MockServerSettings> = {}): Promise<MockServer> {
  const started = await startMockServer({ port: 0, model: 'tiny', ttftMs: 0, itlMs: 0, ...settings });
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= started.close();
    return closing;
  };
  onTestFinished(close);
  return { port: started.port, close };
}

export const hello = { model: 'tiny', messages: [{ role: 'user', content: 'hello there' }] };

export function post(port: number, path: string, body: object | string, init: RequestInit = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body: text, ...init });
}

/** What a request that is not streamed is answered with. */
export async function answer(port: number, change: JsonObject, path = '/v1/chat/completions') {
  const response = await post(port, path, { ...hello, ...change });
  const body = await response.text();
  return { status: response.status, body, json: JSON.parse(body) };
}

/** The data of each event of a stream; `[DONE]` is left out. */
export async function events(port: number, change: JsonObject = {}, path = '/v1/chat/completions') {
  const response = await post(port, path, { ...hello, stream: true, ...change });
  const text = await response.text();
  return text
    .split('\n\n')
    .filter((event) => event.startsWith('data: {'))
    .map((event) => JSON.parse(event.slice('data: '.length)));
}

/** An engine without a server. */
export function engineOf(change: Partial<MockServerSettings>): Engine {
  const settings = { ...defaultSettings, ...change };
  return {
    settings,
    script: writeScript(0),
    pacer: new Pacer('precise'),
    slots: new Slots(undefined),
    cache: undefined,
    kv: settings.kvCacheTokens === undefined ? undefined : new KvCache(settings.kvCacheTokens),
    metrics: new ServerMetrics(4096, 0),
    log: undefined,
  };
}

/** What an engine writes in answer to a streamed chat. */
export function openStream(engine: Engine, change: JsonObject): Promise<string[]> {
  const body = Buffer.from(JSON.stringify({ ...hello, stream: true, ...change }));
  const question = readQuestion(readChat, { body, headers: new Map() }, (text) => text.length);
  if ('status' in question) throw new Error(question.body);
  const plan = planner(engine.settings)({ question, body, number: 1 });
  if ('status' in plan) throw new Error(plan.body);
  return new Promise((resolve) => {
    const written: string[] = [];
    new StreamedAnswer(engine, question, plan, null, {
      beginStream() {},
      write: (text: string) => written.push(text),
      sendFull() {},
      done: () => resolve(written),
      cut() {},
    });
  });
}

/** Sends bytes and returns all that comes back before the server, or `until`, ends it; latin-1, without the date. */
export function exchange(port: number, bytes: string, until: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = '';
    const finish = () => {
      socket.destroy();
      resolve(received.replaceAll(/^date: .*\r\n/gm, ''));
    };
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.on('data', (data) => {
      received += data.toString('latin1');
      if (received.endsWith(until)) finish();
    });
    socket.on('end', finish);
    socket.on('error', reject);
  });
}

/** A POST as bytes. */
export function postBytes(path: string, body: object): string {
  const text = JSON.stringify(body);
  return `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
}

export function readTokenLog(path: string): TokenLogLine[] {
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line));
}

/** The value of one line of the metrics page. */
export async function metric(port: number, name: string): Promise<number> {
  const page = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const line = page.split('\n').find((text) => text.startsWith(`vllm:${name}`));
  return Number(line?.split(' ').at(-1));
}
