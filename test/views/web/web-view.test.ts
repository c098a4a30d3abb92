import { writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { ViewReply } from '../../../src/views/messages.js';
import type { View } from '../../../src/views/view.js';
import type { LiveState } from '../../../src/views/web/live-state.js';
import { openWebView } from '../../../src/views/web/web-view.js';
import { temporaryFolder } from '../../e2e/aiperf.js';
import { madeUpResult, madeUpRun, madeUpSnapshot } from '../api/made-up.js';
import { EventReader } from './event-reader.js';

const token = 'abcdefghijklmnop';
const now = new AbortController().signal;
const opened: View[] = [];
afterEach(async () => {
  for (const view of opened.splice(0)) await view.close(AbortSignal.abort(), false);
});

async function open(more: { token?: string; host?: string; lingerSeconds?: number } = {}) {
  const replies: ViewReply[] = [];
  const plan = { host: '127.0.0.1', port: 0, token: undefined, lingerSeconds: 0, ...more };
  const view = await openWebView(plan, { reply: (reply) => replies.push(reply) });
  opened.push(view);
  const [address] = view.addresses ?? [];
  if (address === undefined) throw new Error('no address');
  const port = Number(new URL(address.url).port);
  return { view, replies, port, url: `http://127.0.0.1:${port}/`, address };
}

/** Requests with any `Host`, which `fetch` sets itself. */
function ask(
  url: string,
  { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> } = {},
) {
  return new Promise<{ status: number | undefined; headers: Record<string, unknown>; text: string }>(
    (resolve, reject) => {
      const sent = request(url, { method, headers, agent: false }, (response) => {
        let text = '';
        response.on('data', (part) => {
          text += part;
        });
        response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, text }));
      });
      sent.on('error', reject);
      sent.end();
    },
  );
}

const stopTokenOf = (html: string) => /name="aiperf-stop" content="([\w-]+)"/.exec(html)?.[1] ?? '';

describe('viewers', () => {
  it('a late one gets the run from its start, as an early one has it', async () => {
    const { view, url } = await open();
    const early = await EventReader.open(`${url}events`);
    view.onMessage({ kind: 'run', run: madeUpRun() });
    view.onMessage({
      kind: 'log',
      entry: { unixMs: 1, level: 'INFO', logger: 'load', message: 'it begins' },
    });
    for (let i = 0; i < 4; i++)
      view.onMessage({ kind: 'snapshot', snapshot: madeUpSnapshot({ unixMs: 1e12 + i * 1000 }) });
    const late = await EventReader.open(`${url}events`);
    const { name, data } = await late.next();
    expect(name).toBe('state');
    const state = data as LiveState;
    expect(state.run).toMatchObject({ models: ['m2', 'm1'], load: '2 in flight' });
    // The configuration of a run can be large, and the page does not show it.
    expect(state.run).not.toHaveProperty('config');
    expect(state.history.seconds).toEqual([0, 1, 2, 3]);
    expect(state.history.values.ttftP99).toEqual([40, 40, 40, 40]);
    expect(state.log).toEqual([
      { unixMs: 1, level: 'INFO', logger: 'load', message: 'it begins', number: 1 },
    ]);
    expect(state.snapshot?.metrics.map(({ label, unit }) => `${label} (${unit})`)).toEqual([
      'Time to First Token (ms)',
      'Request Throughput (requests/sec)',
    ]);
    expect(await early.names(7)).toEqual([
      ...['state', 'run', 'log', 'snapshot', 'snapshot', 'snapshot', 'snapshot'],
    ]);
    expect(early.stateSoFar()).toEqual(state);
  });

  it('one that does not read is dropped; the other goes on, and so does the run', async () => {
    const { view, url, port } = await open();
    const stalled = connect(port, '127.0.0.1');
    stalled.write('GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await new Promise((resolve) => stalled.once('readable', resolve));
    const reader = await EventReader.open(`${url}events`);
    await reader.next();
    const closed = new Promise((resolve) => stalled.once('close', resolve));
    stalled.on('error', () => {});
    const message = 'x'.repeat(200_000);
    // More than 4 MB and what the system keeps for the connection.
    for (let i = 0; i < 120; i++) {
      view.onMessage({ kind: 'log', entry: { unixMs: i, level: 'INFO', logger: 'load', message } });
      expect(await reader.next()).toMatchObject({ name: 'log', data: { unixMs: i } });
    }
    stalled.resume();
    await closed;
    const { text } = await ask(url);
    expect(text).toContain('<div id="live">');
  });

  it('are told that the report is there, and get it before the server ends', async () => {
    const { view, url } = await open();
    const page = join(temporaryFolder(), 'report.html');
    writeFileSync(page, '<!doctype html>the report');
    view.onMessage({ kind: 'run', run: madeUpRun() });
    const reader = await EventReader.open(`${url}events`);
    await reader.next();
    view.onMessage({ kind: 'result', result: { ...madeUpResult('/nowhere'), page } });
    const closed = view.close(now, false);
    expect(await reader.names(3)).toEqual(['result', 'report', 'end']);
    // The server waits for this viewer, though it is not to linger. A browser ends its stream before it loads the report.
    reader.close();
    expect(await ask(url)).toMatchObject({ status: 200, text: '<!doctype html>the report' });
    await closed;
    await expect(ask(url)).rejects.toThrow('ECONNREFUSED');
  });

  it('of a series see the report of all runs at its end, not that of each', async () => {
    const { view, url } = await open();
    const page = join(temporaryFolder(), 'report.html');
    writeFileSync(page, 'all runs');
    view.onMessage({ kind: 'run', run: madeUpRun({ place: { number: 1, of: 2, label: 'concurrency 1' } }) });
    view.onMessage({ kind: 'result', result: { ...madeUpResult('/nowhere'), page: '/nowhere/report.html' } });
    expect((await ask(url)).text).toContain('<div id="live">');
    view.onMessage({ kind: 'page', path: page });
    expect((await ask(url)).text).toBe('all runs');
  });
});

describe('what is served', () => {
  it('is one page without any address, whose policy allows its own stream only', async () => {
    const { url } = await open();
    const { headers, text } = await ask(url);
    expect(headers['content-security-policy']).toMatch(
      /^default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'; connect-src 'self'; img-src data:;/,
    );
    expect(headers).toMatchObject({
      ...{ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer', 'x-frame-options': 'DENY' },
      'x-content-type-options': 'nosniff',
    });
    expect(text).not.toMatch(/<link[^>]*href="(?!data:)|src=|@import|url\(/);
    expect(await ask(`${url}none`)).toMatchObject({ status: 404 });
    expect(await ask(url, { headers: { Host: 'evil.example' } })).toMatchObject({ status: 403 });
    expect(await ask(`${url}events`, { headers: { Host: 'evil.example' } })).toMatchObject({ status: 403 });
  });

  it('needs the token, which leaves the address for a cookie', async () => {
    const { url, port, address } = await open({ token });
    expect(address.token).toBeUndefined();
    for (const path of ['', 'events', 'stop', '?token=wrong'])
      expect(await ask(`${url}${path}`)).toMatchObject({ status: 401 });
    const { status, headers } = await ask(`${url}?token=${token}`);
    expect(status).toBe(303);
    expect(headers.location).toBe('/');
    const cookie = `aiperf_live_${port}=${token}`;
    expect(headers['set-cookie']).toEqual([`${cookie}; Path=/; HttpOnly; SameSite=Strict`]);
    const { status: shown, text } = await ask(url, { headers: { Cookie: cookie } });
    expect(shown).toBe(200);
    expect(text).not.toContain(token);
    expect(await ask(url, { headers: { Authorization: `Bearer ${token}` } })).toMatchObject({ status: 200 });
  });

  it('beyond loopback has a token of its own, to be shown once', async () => {
    const { url, address } = await open({ host: '0.0.0.0' });
    expect(address.token).toMatch(/^[\w-]{22}$/);
    expect(await ask(url)).toMatchObject({ status: 401 });
    expect(await ask(`${url}?token=${address.token}`)).toMatchObject({ status: 303 });
  });

  it('stops the run for the page only', async () => {
    const { url, replies } = await open();
    const stop = (headers: Record<string, string>) => ask(`${url}stop`, { method: 'POST', headers });
    const stopToken = stopTokenOf((await ask(url)).text);
    expect(await stop({})).toMatchObject({ status: 403 });
    expect(await stop({ 'X-Stop-Token': stopToken, Origin: 'https://evil.example' })).toMatchObject({
      status: 403,
    });
    expect(await ask(`${url}stop`)).toMatchObject({ status: 404 });
    expect(replies).toEqual([]);
    const reader = await EventReader.open(`${url}events`);
    expect(await stop({ 'X-Stop-Token': stopToken, Origin: url.slice(0, -1) })).toMatchObject({
      status: 202,
    });
    expect(replies).toEqual([{ kind: 'stop' }]);
    expect(await reader.names(2)).toEqual(['state', 'stopping']);
  });
});

it('a port in use is an error that names it', async () => {
  const { port } = await open();
  await expect(
    openWebView({ host: '127.0.0.1', port, token: undefined, lingerSeconds: 0 }, { reply: () => {} }),
  ).rejects.toMatchObject({
    message: `The live page cannot listen on port ${port} of 127.0.0.1: another program does.`,
    hint: 'Choose another --live-port (0: any free port).',
  });
});
