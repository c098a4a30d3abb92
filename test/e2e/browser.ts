import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';

const found = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((path) => path !== undefined && existsSync(path));

/** Pages are looked at in the system's browser; tests that need it say why they are skipped. */
export const browserIsThere = found !== undefined;
if (!browserIsThere) {
  process.stderr.write('skipped: there is no Chromium (apt-get install chromium, or its path in CHROMIUM)\n');
}

export function startBrowser(): Promise<Browser> {
  if (found === undefined) throw new Error('there is no Chromium');
  return chromium.launch({ executablePath: found, args: ['--no-sandbox'] });
}

export interface OpenOptions {
  readonly width?: number;
  readonly theme?: 'light' | 'dark';
}

/** A page as it stands open, and everything that went wrong or left the page. */
export interface OpenPage {
  readonly page: Page;
  /** Errors of script and policy, dialogs, and requests for anything but the file itself. */
  readonly troubles: readonly string[];
}

/** Opens a file without a network. */
export function openFile(browser: Browser, path: string, options: OpenOptions = {}): Promise<OpenPage> {
  const url = pathToFileURL(path).href;
  return open(browser, url, (asked) => asked === url, { ...options, offline: true });
}

/** Opens a page of a server on this machine; whatever is not of its origin is a trouble, and blocked. */
export function openUrl(browser: Browser, url: string, options: OpenOptions = {}): Promise<OpenPage> {
  return open(browser, url, (asked) => new URL(asked).origin === new URL(url).origin, options);
}

async function open(
  browser: Browser,
  url: string,
  isOwn: (url: string) => boolean,
  { width = 1280, theme = 'light', offline = false }: OpenOptions & { readonly offline?: boolean },
): Promise<OpenPage> {
  const context = await browser.newContext({
    viewport: { width, height: 900 },
    colorScheme: theme,
    offline,
  });
  const page = await context.newPage();
  const troubles: string[] = [];
  await page.route(
    (asked) => !isOwn(asked.href) && !/^(data|blob):/.test(asked.protocol),
    (route) => route.abort(),
  );
  page.on('pageerror', (error) => troubles.push(`error: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning')
      troubles.push(`console: ${message.text()}`);
  });
  page.on('dialog', (dialog) => {
    troubles.push(`dialog: ${dialog.message()}`);
    dialog.dismiss().catch(() => {});
  });
  page.on('request', (request) => {
    if (!isOwn(request.url()) && !/^(data|blob):/.test(request.url()))
      troubles.push(`request: ${request.url()}`);
  });
  await page.goto(url);
  return { page, troubles };
}
