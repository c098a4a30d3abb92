import { serverOfFamilies } from '../../telemetry/known-servers.js';
import type { PagePlan } from '../../telemetry/page-source.js';
import { MAX_SETTINGS_BYTES, readSettings, type ServerSettings } from '../../telemetry/server-settings.js';
import { exchangeOnce } from '../../transport/exchange-once.js';
import type { Transport } from '../../transport/transport.js';

/** Limit for one request. */
const LIMIT_MS = 2000;

/** Reads the settings of the known servers among the pages. @param families on each page. */
export async function pageSettings(
  pages: readonly PagePlan[],
  families: readonly ReadonlySet<string>[],
  transportOf: (page: PagePlan) => Transport,
): Promise<ServerSettings[]> {
  const all = pages.map(async (page, i): Promise<ServerSettings[]> => {
    const server = serverOfFamilies(families[i] ?? new Set());
    if (server === undefined) return [];
    const settings = await readSettings(server, (path) => bodyAt(page, path, transportOf(page)));
    return [{ server: server.name, url: page.url, settings }];
  });
  return (await Promise.all(all)).flat();
}

/** The body at a path of the server that has the page; undefined where there is none. */
async function bodyAt(page: PagePlan, path: string, transport: Transport): Promise<string | undefined> {
  const { headers, ...origin } = page;
  const root = page.path.replace(/(\/prometheus)?\/metrics\/*(\?.*)?$/, '');
  const request = {
    method: 'GET',
    origin,
    path: `${root}${path}`,
    headers,
    body: '',
    timeoutMs: LIMIT_MS,
  } as const;
  try {
    const { status, text } = await exchangeOnce(transport, request, MAX_SETTINGS_BYTES);
    return status === 200 ? text : undefined;
  } catch {
    return undefined;
  }
}
