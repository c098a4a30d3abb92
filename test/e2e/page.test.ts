import { cpSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aiperf, panelText, profileWords, readRecords, temporaryFolder } from './aiperf.js';
import { browserIsThere, openFile, startBrowser } from './browser.js';
import { type ScriptedServer, startScriptedServer, streamTokens } from './scripted-server.js';

/** What a server that means harm could answer. */
const evil = `</script></pre><img src="https://example.org/x" onerror="alert('page')"><script>alert(1)</script>`;

let server: ScriptedServer;
let folder: string;
let file: string;
beforeAll(async () => {
  // Every fourth request fails.
  server = await startScriptedServer((_, response, number) => {
    if (number % 4 === 0) response.writeHead(500, evil.replaceAll(/[^a-z ]/g, '')).end(evil);
    else streamTokens(response, ['a', ' b', ' c']);
  });
  folder = temporaryFolder();
  const run = await aiperf(
    profileWords({
      ...{ model: 'm<b>', tokenizer: 'builtin', url: server.url, streaming: true, 'artifact-dir': folder },
      ...{
        concurrency: 1,
        'request-count': 12,
        isl: 20,
        osl: 3,
        goodput: 'request_latency:60000',
        report: true,
      },
    }),
  );
  expect(run).toMatchObject({ code: 0 });
  expect(run.stdout).toContain(`HTML Report: ${join(folder, 'report.html')}\n`);
  file = join(folder, 'report.html');
});
afterAll(() => server.close());

it('is the page that aiperf report makes later of the same files', async () => {
  const later = join(folder, 'later.html');
  const { code, stdout } = await aiperf(['report', folder, '--html', later]);
  expect(code).toBe(0);
  expect(stdout).toContain(`HTML Report: ${later}\n`);
  expect(readFileSync(later, 'utf8')).toBe(readFileSync(file, 'utf8'));
});

it('is there where every request failed, and tells no part of the run from the whole', async () => {
  const down = await startScriptedServer((_, response) => response.writeHead(503).end('down'));
  const failed = temporaryFolder();
  const page = join(failed, 'report.html');
  const { code, stdout } = await aiperf(
    profileWords({
      ...{ model: 'm', tokenizer: 'builtin', url: down.url, isl: 20, 'request-count': 3 },
      ...{ 'artifact-dir': failed, report: true },
    }),
  );
  await down.close();
  expect(code).toBe(1);
  expect(stdout).toContain(`\nHTML Report: ${page}\nLog File: `);
  const text = readFileSync(page, 'utf8');
  expect(text).toContain('<p>No request succeeded, so there is no latency to report.</p>');
  expect(text).not.toContain('only a part of the run');
  const later = join(failed, 'later.html');
  expect((await aiperf(['report', failed, '--html', later])).stdout).toMatch(
    /\nHTML Report: .*later\.html\n/,
  );
  expect(readFileSync(later, 'utf8')).toBe(text);
});

it('is one small file that may not reach for anything', () => {
  const text = readFileSync(file, 'utf8');
  expect(statSync(file).size).toBeLessThan(2e6);
  expect(text).toMatch(
    /Content-Security-Policy" content="default-src &#39;none&#39;; script-src &#39;sha256-/,
  );
  expect(text).not.toMatch(/<img|<link|<iframe|src=(?!x)["h]|@import/);
});

it('stays small, whatever the number of requests', async () => {
  const many = temporaryFolder();
  const line = (i: number) =>
    JSON.stringify({
      metadata: {
        session_num: i,
        conversation_id: `c${i}`,
        turn_index: 0,
        request_start_ns: 1e15 + i * 1e6,
        request_end_ns: 1e15 + i * 1e6 + (50 + (i % 997)) * 1e6,
        benchmark_phase: 'profiling',
      },
      metrics: {
        request_latency: { value: 50 + (i % 997), unit: 'ms' },
        time_to_first_token: { value: 10 + (i % 463), unit: 'ms' },
        input_sequence_length: { value: 1 + (i % 2003), unit: 'tokens' },
        output_sequence_length: { value: 2 + (i % 401), unit: 'tokens' },
      },
    });
  const lines = Array.from({ length: 30_000 }, (_, i) => line(i));
  writeFileSync(join(many, 'profile_export.jsonl'), `${lines.join('\n')}\n`);
  const page = join(many, 'page.html');
  expect(await aiperf(['report', many, '--html', page])).toMatchObject({ code: 0 });
  expect(statSync(page).size).toBeLessThan(2e6);
});

it('a folder that cannot be written to is named', async () => {
  const { code, stderr } = await aiperf(['report', folder, '--html', join(folder, 'none', 'page.html')]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^.*none\/page\.html could not be written: ENOENT.*\n$/);
});

describe('several runs', () => {
  let sweep: string;
  beforeAll(() => {
    sweep = temporaryFolder();
    for (const name of ['concurrency_2', 'concurrency_10'])
      cpSync(folder, join(sweep, name), { recursive: true });
    cpSync(join(folder, 'logs'), join(sweep, 'logs'), { recursive: true });
  });

  it('stand on one page, by the folder of the sweep or by their own, in the order of their numbers', async () => {
    const page = join(sweep, 'page.html');
    const one = await aiperf(['report', sweep, '--html', page]);
    expect(one).toMatchObject({ code: 0, stdout: `HTML Report of 2 runs: ${page}\n`, stderr: '' });
    const other = join(sweep, 'other.html');
    const folders = ['concurrency_2', 'concurrency_10'].map((name) => join(sweep, name));
    expect(await aiperf(['report', ...folders, '--html', other])).toMatchObject({ code: 0 });
    expect(readFileSync(other, 'utf8')).toBe(readFileSync(page, 'utf8'));
  });

  it('--report on a repeated sweep leaves that page beside the folders of its runs', async () => {
    const root = temporaryFolder();
    const { code, stdout } = await aiperf(
      profileWords({
        ...{ model: 'm', tokenizer: 'builtin', url: server.url, streaming: true, 'artifact-dir': root },
        ...{ concurrency: '1,2', 'num-profile-runs': 2, 'request-count': 6, isl: 20, osl: 3, report: true },
      }),
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`\\nHTML Report: ${join(root, 'report.html')}\\n$`));
    const text = readFileSync(join(root, 'report.html'), 'utf8');
    expect(text).toContain('<p>Repeats are compared by their means: 2 points.</p>');
    const links = text.matchAll(/<a href="(#run-\d)">(.*?)<\/a>/g);
    expect([...links].map(([, to, name]) => [to, name])).toEqual([
      ['#run-1', 'profile_runs/trial_0001/concurrency_1'],
      ['#run-3', 'profile_runs/trial_0002/concurrency_1'],
      ['#run-2', 'profile_runs/trial_0001/concurrency_2'],
      ['#run-4', 'profile_runs/trial_0002/concurrency_2'],
    ]);
  });

  it.runIf(browserIsThere)('each is one click away, and one click back', async () => {
    const page = join(sweep, 'page.html');
    await aiperf(['report', sweep, '--html', page]);
    const browser = await startBrowser();
    const { page: open, troubles } = await openFile(browser, page);
    const heads = () => open.locator('h1:visible').allTextContents();
    expect(await heads()).toEqual(['2 runs']);
    await open.getByRole('link', { name: 'concurrency_10' }).click();
    expect(await heads()).toEqual(['concurrency_10']);
    await open.getByRole('link', { name: 'Metrics', exact: true }).click();
    expect(await heads()).toEqual(['concurrency_10']);
    await open.getByRole('link', { name: 'All runs' }).click();
    expect(await heads()).toEqual(['2 runs']);
    expect(troubles).toEqual([]);
    await browser.close();
  });

  it('need a page, and options for one', async () => {
    const refused = async (...args: string[]) => panelText((await aiperf(['report', ...args])).stderr);
    expect(await refused(folder, folder)).toBe(
      '2 folders are named, and a report on the console is that of one. ' +
        'Several runs stand side by side on a page: --html report.html.',
    );
    expect(await refused(sweep, '--html', 'x.html', '--rewrite', '--target-rate', '5')).toBe(
      '--rewrite and --target-rate cannot be combined with 2 runs: that is for a report of one.',
    );
    expect(await refused(join(folder, 'logs'), '--html', 'x.html')).toMatch(
      /^There is no profile_export\.jsonl in '.*logs': it holds aiperf\.log\./,
    );
  });
});

describe.runIf(browserIsThere)('in Chromium, without a network', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterAll(() => browser.close());

  it('the words come first, the parts follow, and what servers say stays text', async () => {
    const { page, troubles } = await openFile(browser, file);
    expect(await page.locator('.words dt').allTextContents()).toEqual([
      ...['Measured', 'Speed', 'Throughput', 'Goodput', 'Failures', 'Client', 'Caveats'],
    ]);
    const [measured] = await page.locator('.words dd').allTextContents();
    expect(measured).toContain(`12 requests to m<b> at ${server.url} (chat, streaming), 1 in flight, in `);
    expect(await page.locator('.words dd').nth(4).textContent()).toContain(
      '3 of 12 requests failed (25.0 %).',
    );
    expect(await page.locator('h2').allTextContents()).toEqual([
      ...[
        'Over time and in distribution',
        'Metrics',
        'Slowest requests',
        'Failures',
        'Client',
        'Configuration',
      ],
    ]);
    expect(await page.locator('.message').first().textContent()).toContain(evil);
    expect(await page.locator('img').count()).toBe(0);
    expect(await page.locator('pre.command').textContent()).toContain("--model 'm<b>'");
    expect(troubles).toEqual([]);
  });

  it('is worked by keyboard: theme, records of single requests, wide tables', async () => {
    const { page, troubles } = await openFile(browser, file, { theme: 'dark' });
    const colour = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
    const dark = await colour();
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Light theme');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Dark theme');
    expect(await colour()).not.toBe(dark);
    const first = page.locator('.requests details').first();
    expect(await first.locator('table').isVisible()).toBe(false);
    await first.locator('summary').focus();
    await page.keyboard.press('Enter');
    expect(await first.locator('table').isVisible()).toBe(true);
    const id = await first.locator('tr', { hasText: 'x_request_id' }).locator('td').textContent();
    const ids = readRecords(join(folder, 'profile_export.jsonl')).map(
      ({ metadata }) => metadata.x_request_id,
    );
    expect(ids).toContain(id);
    expect(troubles).toEqual([]);
  });

  it('tells a screen reader what is what', async () => {
    const { page } = await openFile(browser, file);
    const tree = await page.locator('body').ariaSnapshot();
    expect(tree).toContain('- heading "Metrics" [level=2]');
    expect(tree).toMatch(/- table "Metrics":\n +- caption: Metrics\n +- rowgroup:\n +- row "Metric avg min/);
    expect(tree).toMatch(/- rowheader "Time to First Token ms"/);
    expect(tree).toMatch(/- navigation "Parts of /);
  });

  it('charts: drawn once they are seen, zoomed together by buttons, drawn again in other colours as they are', async () => {
    const { page, troubles } = await openFile(browser, file);
    const charts = page.locator('.charts');
    await charts.scrollIntoViewIfNeeded();
    await page.locator('.charts[data-drawn]').waitFor();
    expect(await charts.locator('canvas').count()).toBe(await charts.locator('.plot').count());
    expect(await charts.locator('figcaption').first().textContent()).toBe(
      'Time to first token over time 12 requests, 3 failed',
    );
    const status = charts.getByRole('status');
    await charts.getByRole('button', { name: 'Zoom in' }).press('Enter');
    expect(await status.textContent()).toBe('25.0 % to 75.0 % of the run');
    const picture = async () => {
      await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
      return page.evaluate("document.querySelector('.charts canvas').toDataURL()");
    };
    const closer = await picture();
    await page.locator('#theme').press('Enter');
    const dark = await picture();
    await page.locator('#theme').press('Enter');
    expect(dark).not.toBe(closer);
    expect(await picture()).toBe(closer);
    expect(await status.textContent()).toBe('25.0 % to 75.0 % of the run');
    await charts.getByRole('button', { name: '→' }).press('Enter');
    expect(await status.textContent()).toBe('50.0 % to 100.0 % of the run');
    await charts.getByRole('button', { name: 'Reset' }).press('Enter');
    expect(await status.textContent()).toBe('Ctrl + scroll to zoom');
    expect(await picture()).not.toBe(closer);
    expect(troubles).toEqual([]);
  });

  it.each([320, 1920])('fits a screen of %d pixels', async (width) => {
    const { page } = await openFile(browser, file, { width });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
  });
});
