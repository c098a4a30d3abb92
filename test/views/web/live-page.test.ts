import { readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Snapshot } from '../../../src/collect/snapshot.js';
import type { SeriesFigures, ViewMessage, ViewReply } from '../../../src/views/messages.js';
import type { View } from '../../../src/views/view.js';
import { openWebView } from '../../../src/views/web/web-view.js';
import { temporaryFolder } from '../../e2e/aiperf.js';
import { browserIsThere, openFile, openUrl, startBrowser } from '../../e2e/browser.js';
import { madeUpResult, madeUpRun, madeUpSnapshot } from '../api/made-up.js';
import { madeUpShards } from '../made-up-shards.js';

const views: View[] = [];

async function open() {
  const replies: ViewReply[] = [];
  const plan = { host: '127.0.0.1', port: 0, token: undefined, lingerSeconds: 0 };
  const view = await openWebView(plan, { reply: (reply) => replies.push(reply) });
  views.push(view);
  const url = view.addresses?.[0]?.url ?? '';
  return {
    view,
    replies,
    url,
    send: (...messages: ViewMessage[]) => {
      for (const message of messages) view.onMessage(message);
    },
  };
}

/** A snapshot after some seconds of a run. */
function snapshotAt(seconds: number, more: Partial<Snapshot> = {}): ViewMessage {
  return {
    kind: 'snapshot',
    snapshot: madeUpSnapshot({ unixMs: 1.8e12 + seconds * 1000, elapsedSeconds: seconds, ...more }),
  };
}

/** Of each chart, how many byte values its picture has. */
const colorsOfCanvases = `[...document.querySelectorAll('.live-charts canvas')].map((canvas) => {
  // Reading the canvas itself again and again is a warning.
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  return new Set(copy.getImageData(0, 0, canvas.width, canvas.height).data).size;
})`;

const evil = `</script><img src="https://example.org/x" onerror="alert(1)">`;

/** Passes connections on to a port, and can break them. */
async function startRelay(to: number) {
  const sockets = new Set<Socket>();
  let isBroken = false;
  const server = createServer((socket) => {
    if (isBroken) {
      socket.destroy();
      return;
    }
    const onward = connect(to, '127.0.0.1');
    for (const one of [socket, onward]) {
      sockets.add(one);
      one.on('error', () => {});
    }
    socket.pipe(onward).pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const breakAll = () => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  return {
    port: (server.address() as AddressInfo).port,
    setBroken: (broken: boolean) => {
      isBroken = broken;
      if (broken) breakAll();
    },
    close: () => {
      server.close();
      breakAll();
    },
  };
}

describe.skipIf(!browserIsThere)('the live page in a browser', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterAll(() => browser.close());
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
    for (const view of views.splice(0)) await view.close(AbortSignal.abort(), false);
  });

  it('shows the same run to an early viewer on a desk and a late one on a phone', async () => {
    const { send, url } = await open();
    const early = await openUrl(browser, url);
    await early.page.getByText('Preparing', { exact: true }).waitFor();
    const errors = [{ code: 400, type: 'BadRequest', count: 1, lastMessage: evil }];
    send({ kind: 'run', run: madeUpRun() });
    for (let i = 0; i <= 20; i++) send(snapshotAt(i / 2, { errors }));
    const late = await openUrl(browser, url, { width: 400, theme: 'dark' });
    for (const { page, troubles } of [early, late]) {
      await page.getByText('0:10 elapsed').waitFor();
      expect(await page.locator('h1').textContent()).toBe('m2, m1');
      expect(await page.locator('.badges').innerText()).toMatch(/Profiling\s+Live/);
      expect(await page.locator('.progress-words').innerText()).toBe(
        '6 of 10 requests · 60.0 % · 0:10 elapsed · 0:02 left · load: 2 in flight',
      );
      const tile = (label: string) => page.locator('.tiles li', { hasText: label }).innerText();
      expect(await tile('TTFT p50')).toMatch(/20.0 ms\s+p99 40.0 ms/);
      // 1 failed of 6.
      expect(await tile('Errors')).toMatch(/1\s+16.7 % of 6/);
      expect(await tile('SLOs met')).toMatch(/50.0 %\s+of 6 requests/);
      const chart = page.locator('figure', { hasText: 'Time to first token' });
      expect(await chart.locator('.legend').innerText()).toMatch(/p50 20.0 ms\s*p99 40.0 ms/);
      expect(await page.locator('#metrics tbody tr').first().innerText()).toBe(
        'Time to First Token (ms)\t21.00\t10.00\t20.00\t30.00\t–\t40.00\t41.00\t2.00',
      );
      expect(await page.locator('#errors tbody tr').innerText()).toBe(`400 BadRequest\t1\t${evil}`);
      expect(await page.locator('#client').innerText()).toMatch(
        /http:..a.metrics\t2\t1\t50.0 %\t300[\s\S]*node-1 0 H100\t90.0 %\t40.0 GB\t300 W\t–/,
      );
      // Every chart has something drawn on it, when the browser has found the time.
      const drawn = () => page.evaluate<number[]>(colorsOfCanvases);
      await expect
        .poll(async () => (await drawn()).filter((colors) => colors > 3).length, { timeout: 60_000 })
        .toBeGreaterThan(8);
      expect(Math.min(...(await drawn()))).toBeGreaterThan(3);
      expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBe(0);
      expect(troubles).toEqual([]);
    }
  });

  it('is used by keyboard: help, freeze, and a stop that is asked for first', async () => {
    const { send, url, replies } = await open();
    send({ kind: 'run', run: madeUpRun() }, snapshotAt(1));
    const { page, troubles } = await openUrl(browser, url);
    await page.getByText('0:01 elapsed').waitFor();
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('p');
    await page.getByText('Display frozen').waitFor();
    send(snapshotAt(2));
    await page.keyboard.press('p');
    await page.getByText('0:02 elapsed').waitFor();
    await page.keyboard.press('6');
    expect(await page.evaluate('document.activeElement.id')).toBe('log');
    await page.keyboard.press('s');
    const question = page.getByRole('dialog', { name: 'Stop the run?' });
    await question.getByRole('button', { name: 'Keep running' }).click();
    await question.waitFor({ state: 'hidden' });
    expect(replies).toEqual([]);
    await page.keyboard.press('s');
    await question.getByRole('button', { name: 'Stop the run' }).click();
    await page.getByText('Stopping', { exact: true }).waitFor();
    expect(replies).toEqual([{ kind: 'stop' }]);
    expect(await page.getByRole('button', { name: 'Stop', exact: true }).isDisabled()).toBe(true);
    expect(troubles).toEqual([]);
  });

  it('fills in a sweep: its points, and the frontier', async () => {
    const { send, url } = await open();
    const figures = (tokens: number, perUser: number): SeriesFigures => ({
      ...{ requestsPerSecond: tokens / 100, outputTokensPerSecond: tokens, tokensPerSecondPerUser: perUser },
      ...{ ttftP50Ms: 20, ttftP99Ms: 40, itlP50Ms: undefined, itlP99Ms: undefined, latencyP50Ms: 100 },
      ...{ latencyP99Ms: 200, goodShare: undefined, failed: 0, isClientLimited: false },
    });
    const points = ['1', '2', '4'].map((cell) => ({
      ...{ cells: [cell], state: 'waiting' as const, runs: 0, failure: undefined, figures: undefined },
    }));
    const series = { columns: ['Concurrency'], trials: 1, points, frontier: [] };
    send({ kind: 'series', series });
    const { page, troubles } = await openUrl(browser, url);
    await page.getByText('0 of 3 points done').first().waitFor();
    const done = { state: 'done' as const, runs: 1, failure: undefined };
    send({
      kind: 'series',
      series: {
        ...series,
        points: [
          { cells: ['1'], ...done, figures: figures(100, 100) },
          { cells: ['2'], ...done, figures: figures(180, 90) },
          { ...done, cells: ['4'], state: 'running', runs: 0, figures: undefined },
        ],
        frontier: [0, 1],
      },
    });
    send({ kind: 'run', run: madeUpRun({ place: { number: 3, of: 3, label: 'concurrency 4' } }) });
    await page.getByText('2 of 3 points done').first().waitFor();
    const rows = await page.locator('#sweep tbody tr').allInnerTexts();
    expect(rows).toEqual([
      '1\tdone frontier\t1.00\t100\t100\t20.0 ms\t40.0 ms\t100 ms\t200 ms\t0',
      '2\tdone frontier\t1.80\t180\t90.0\t20.0 ms\t40.0 ms\t100 ms\t200 ms\t0',
      '4\trunning\t–\t–\t–\t–\t–\t–\t–\t–',
    ]);
    expect(await page.locator('.frontier circle').count()).toBe(2);
    expect(await page.locator('#overview h2').innerText()).toMatch(/Run 3 of 3\s*concurrency 4/);
    expect(troubles).toEqual([]);
  });

  it('has a row for each machine', async () => {
    const { send, url } = await open();
    send({ kind: 'run', run: madeUpRun() }, snapshotAt(1, madeUpShards));
    const { page, troubles } = await openUrl(browser, url, { width: 400 });
    await page.getByText('4 shards:').waitFor();
    await page.keyboard.press('7');
    expect(await page.evaluate('document.activeElement.id')).toBe('shards');
    expect(await page.locator('#shards h2').textContent()).toMatch(
      /Shards\s*4 shards: 1 running, 1 done, 1 silent, 1 lost/,
    );
    expect(await page.locator('#shards tbody tr').allInnerTexts()).toEqual([
      '0 load-a\trunning\tok\t5,180 of 26,050\t30\t0.420 ms\t5,000\t0.066 MB\t0.085 ms\t-0.012 ms\t35.0 %\t2.50 ms\t3',
      '1 load-b\tsilent\tlimited\t4,090 of 26,050\t10\t38.0 ms\t3,900\t3.15 MB\t1.20 ms\t3.40 ms\t45.0 %\t12.0 ms\t40',
      '2 load-c\tdone\tstrained\t5,200 of 5,200\t0\t0.300 ms\t5,200\t0.00 MB\t0.092 ms\t0.00 ms\t55.0 %\t0.500 ms\t0',
      '3\tlost\t–\t0 of 26,050\t0\t–\t0\t0.00 MB\t–\t–\t–\t–\t0',
    ]);
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBe(0);
    expect(troubles).toEqual([]);
  });

  it('says that the connection is lost, and takes it up again', async () => {
    const { send, url } = await open();
    send({ kind: 'run', run: madeUpRun() }, snapshotAt(1));
    const relay = await startRelay(Number(new URL(url).port));
    const { page } = await openUrl(browser, `http://127.0.0.1:${relay.port}/`);
    await page.getByText('0:01 elapsed').waitFor();
    relay.setBroken(true);
    send(snapshotAt(9));
    await page.getByText('reconnecting').waitFor();
    expect(await page.getByRole('button', { name: 'Stop', exact: true }).isDisabled()).toBe(true);
    relay.setBroken(false);
    await page.getByText('0:09 elapsed').waitFor();
    expect(await page.locator('.badges').innerText()).toMatch(/Profiling\s+Live/);
    relay.close();
  });

  it('moves over to the report at its address, which can be saved when the server is gone', async () => {
    const { send, url, view } = await open();
    send({ kind: 'run', run: madeUpRun() }, snapshotAt(1));
    const report = join(temporaryFolder(), 'report.html');
    const script = readFileSync('assets/page/page.js', 'utf8');
    writeFileSync(
      report,
      `<!doctype html>\n<html><head><meta charset="utf-8"><title>r</title></head><body>\n<button id="theme" hidden></button><main><h1>The report</h1></main><script>${script}</script></body></html>\n`,
    );
    const { page, troubles } = await openUrl(browser, url);
    await page.getByText('0:01 elapsed').waitFor();
    await page.keyboard.press('t');
    send({ kind: 'result', result: { ...madeUpResult('/nowhere'), page: report } });
    await view.close(new AbortController().signal, false);
    await page.getByRole('heading', { name: 'The report' }).waitFor();
    expect(page.url()).toBe(url);
    // The theme that was chosen on the live page.
    expect(await page.evaluate('document.documentElement.dataset.theme')).toBe('dark');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Save report' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('report.html');
    const saved = join(temporaryFolder(), 'saved.html');
    await download.saveAs(saved);
    const opened = await openFile(browser, saved);
    expect(await opened.page.locator('h1').innerText()).toBe('The report');
    expect(await opened.page.getByRole('button', { name: 'Save report' }).count()).toBe(0);
    expect([...troubles, ...opened.troubles]).toEqual([]);
  });
});
